using System.Globalization;
using Earshot.Actors;
using Earshot.Analytics;

namespace Earshot.Host.Settings;

/// <summary>One thing that can be set, on the command line or in a file.</summary>
/// <param name="Name">Its key in a --config file; where it is an option, that is --NAME.</param>
/// <param name="Allowed">What is allowed, in words.</param>
/// <param name="Help">What it does, in a sentence.</param>
/// <param name="Shapes">True when it decides results: part of the data folder's identity.</param>
/// <param name="Read">The value in its one normal form.</param>
/// <param name="Apply">Takes a value over; throws FormatException for a bad one.</param>
internal sealed record PipelineSetting(
    string Name, string Allowed, string Help, bool Shapes, Func<PipelineOptions, string> Read,
    Func<PipelineOptions, string, PipelineOptions> Apply)
{
    private const string DurationAllowed = "a duration as 500ms, 30s, 10m, 2h or 1d";

    /// <summary>Everything that can be set.</summary>
    public static IReadOnlyList<PipelineSetting> All { get; } =
    [
        new("window", "windows as 5m or 1h/5m, separated by commas",
            "Window lengths; LENGTH/SLIDE for sliding windows.", Shapes: true,
            o => string.Join(",", o.Windows.Select(w => w.Name)),
            (o, text) => o with { Windows = ParseWindows(text) }),
        Duration("lateness", 0, "How late an event may come: the delay of the watermark, and the "
            + "time in which duplicates are found.", shapes: true,
            o => o.LatenessMs, (o, ms) => o with { LatenessMs = ms }),
        new("mode", "append or update",
            "append: one final row when a window closes. update: a row after every change.",
            Shapes: true, o => o.Mode == OutputMode.Append ? "append" : "update",
            (o, text) => o with { Mode = ParseMode(text) }),
        new("keys", "dimensions separated by commas, sets by semicolons, () for the total",
            "What statistics are kept by.", Shapes: true,
            o => string.Join(";", o.Keys.Select(k => k.Name)),
            (o, text) => o with { Keys = GroupingSet.ParseAll(text) }),
        Number("partitions", 1, 1024, "Partitions of the input; calls are spread over them. On "
                + "Kafka as many as the topic has; 4 for a new one.", true,
            o => o.Partitions, (o, n) => o with { Partitions = (int)n }),
        new("shuffle", "true or false",
            "Send partial results through the bundles topic even with one partition.",
            Shapes: true, o => o.Shuffled ? "true" : "false",
            (o, text) => o with { Shuffled = ParseFlag(text) }),
        new("pipeline", "letters, digits, '.', '_' and '-'",
            "Name of the pipeline: prefix of its groups and topics. Another name is another "
            + "pipeline, which begins anew beside this one.", Shapes: true,
            o => o.PipelineId, (o, text) => o with { PipelineId = ParseName(text) }),
        new("topic", "letters, digits, '.', '_' and '-'", "Topic of the call events.",
            Shapes: true, o => o.InputTopic, (o, text) => o with { InputTopic = ParseName(text) }),
        new("rekey", "true or false", "The topic is keyed otherwise than by call: spread its "
            + "records anew first.", Shapes: true,
            o => o.Rekey ? "true" : "false", (o, text) => o with { Rekey = ParseFlag(text) }),
        Duration("call-limit", 1000, "A call without an end is given up this long after its first "
            + "step.", shapes: true, o => o.CallLimitMs, (o, ms) => o with { CallLimitMs = ms }),
        new("archive-calls", "true or false",
            "Write a row per call, with its values, its tags and why it carries them, to the topic "
            + "NAME.finished.v1 and the table calls.", Shapes: true,
            o => o.ArchiveCalls ? "true" : "false",
            (o, text) => o with { ArchiveCalls = ParseFlag(text) }),
        Duration("future-limit", 0, "An event time this far ahead of the clock is refused.",
            shapes: true, o => o.FutureLimitMs, (o, ms) => o with { FutureLimitMs = ms }),
        Number("seen-events-max", 1000, 1_000_000_000,
            "Most event ids remembered per partition to find duplicates.", true,
            o => o.SeenEventsMax, (o, n) => o with { SeenEventsMax = (int)n }),
        Number("keys-max", 1, 100_000_000, "Most live keys of a set per partition; further ones "
                + "are counted together under the key 'other'.", true,
            o => o.KeysMax, (o, n) => o with { KeysMax = (int)n }),
        Duration("key-idle", 1000, "A key not used for this long makes room for another, and "
            + "leaves memory.",
            shapes: true, o => o.KeyIdleMs, (o, ms) => o with { KeyIdleMs = ms }),
        Duration("history-keep", 1000, "What a key's predictions rest on is forgotten when it was "
            + "not used for this long.",
            shapes: true, o => o.HistoryKeepMs, (o, ms) => o with { HistoryKeepMs = ms }),
        .. TagSettings.All,
        .. MosSettings.All,
        new("pdd-history", "full hours from 1h to 31d", "How much of the past the limit of "
                + "high_pdd is learned from, by country.", Shapes: true,
            o => Durations.Format(o.PddHistoryMs),
            (o, text) => o with { PddHistoryMs = ParseHours(text) }),
        Number("pdd-samples", 1, 1_000_000_000, "Calls of a country in that time before its own "
                + "limit holds; with fewer tags.pdd-s does.", true,
            o => o.PddSamplesMin, (o, n) => o with { PddSamplesMin = n }),
        .. WarningSettings.All,
        new("dead-letter-limit", "a number from 0 to 1",
            "Share of dead letters among the records of a minute, per partition, past which the "
            + "program stops; 1: never.", Shapes: false,
            o => o.DeadLetterLimit.ToString("R", CultureInfo.InvariantCulture),
            (o, text) => o with { DeadLetterLimit = ParseShare(text) }),
        Number("dead-letter-min", 1, 100_000_000, "Records in that minute before it applies.",
            false, o => o.DeadLetterMin, (o, n) => o with { DeadLetterMin = (int)n }),
        Span("epoch", 10, "Longest time between two commits.",
            o => o.EpochLength, (o, t) => o with { EpochLength = t }),
        Number("epoch-records", 1, 100_000_000, "Most records between two commits.", false,
            o => o.EpochRecordsMax, (o, n) => o with { EpochRecordsMax = (int)n }),
        Span("snapshot-every", 100, "Time between two snapshots of the state.",
            o => o.SnapshotEvery, (o, t) => o with { SnapshotEvery = t }),
        Span("idle-after", 1000, "A partition without records for this long no longer holds back "
            + "the watermark.", o => o.IdleAfter, (o, t) => o with { IdleAfter = t }),
        Span("archive-every", 100, "Time between two archive files of a table.",
            o => o.ArchiveEvery, (o, t) => o with { ArchiveEvery = t }),
        Number("archive-rows", 1, 100_000_000, "Most rows held back for one archive file.", false,
            o => o.ArchiveRowsMax, (o, n) => o with { ArchiveRowsMax = (int)n }),
    ];

    /// <summary>The setting of a name.</summary>
    public static PipelineSetting Of(string name) => All.Single(setting => setting.Name == name);

    /// <summary>Takes a value over.</summary>
    /// <param name="options">What it is applied to.</param>
    /// <param name="text">The value.</param>
    /// <param name="where">Where it was given: "--window", or a file and key.</param>
    /// <exception cref="UsageException">It is not allowed.</exception>
    public PipelineOptions Set(PipelineOptions options, string text, string where)
    {
        try
        {
            return Apply(options, text);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            string reason = e.Message.TrimEnd('.');
            throw new UsageException($"{where} '{text}': {reason}. Allowed: {Allowed}.");
        }
    }

    private static List<WindowSpec> ParseWindows(string text)
    {
        List<WindowSpec> windows = [];
        foreach (string part in text.Split(','))
        {
            WindowSpec window = WindowSpec.Parse(part.Trim());
            if (windows.Any(other => other.LengthMs == window.LengthMs
                && other.SlideMs == window.SlideMs))
                throw new FormatException($"the window {window.Name} is there twice");
            windows.Add(window);
        }

        return windows;
    }

    private static OutputMode ParseMode(string text) => text.Trim().ToLowerInvariant() switch
    {
        "append" => OutputMode.Append,
        "update" => OutputMode.Update,
        _ => throw new FormatException("there is no such mode"),
    };

    private static double ParseShare(string text) =>
        double.TryParse(
            text, NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
            && share is >= 0 and <= 1
            ? share
            : throw new FormatException("it is no share");

    private static long ParseHours(string text)
    {
        const long HoursMax = 31 * 24;
        long ms = Durations.ParseMs(text);
        return ms % PddHours.HourMs == 0 && ms / PddHours.HourMs is >= 1 and <= HoursMax
            ? ms : throw new FormatException("it is outside of that");
    }

    private static string ParseName(string text)
    {
        // What Kafka allows, with room for what is put behind it.
        const int LengthMax = 200;
        bool good = text.Length is > 0 and <= LengthMax && text is not ("." or "..")
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        return good ? text : throw new FormatException("it has other signs, or is too long");
    }

    private static bool ParseFlag(string text) => text.Trim().ToLowerInvariant() switch
    {
        "true" => true,
        "false" => false,
        _ => throw new FormatException("it is neither true nor false"),
    };

    private static PipelineSetting Number(
        string name, long min, long max, string help, bool shapes,
        Func<PipelineOptions, long> read, Func<PipelineOptions, long, PipelineOptions> apply) =>
        new(name, $"a whole number from {min} to {max}", help, shapes,
            o => read(o).ToString(CultureInfo.InvariantCulture),
            (o, text) =>
            {
                bool isNumber = long.TryParse(
                    text, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
                if (!isNumber || number < min || number > max)
                    throw new FormatException("it is outside of that");
                return apply(o, number);
            });

    private static PipelineSetting Duration(
        string name, long minMs, string help, bool shapes, Func<PipelineOptions, long> read,
        Func<PipelineOptions, long, PipelineOptions> apply) =>
        new(name, $"{DurationAllowed}, from {Durations.Format(minMs)} to 366d", help, shapes,
            o => Durations.Format(read(o)),
            (o, text) =>
            {
                long ms = Durations.ParseMs(text);
                if (ms < minMs || ms > WindowSpec.LengthMsMax)
                    throw new FormatException("it is outside of the range");
                return apply(o, ms);
            });

    private static PipelineSetting Span(
        string name, long minMs, string help, Func<PipelineOptions, TimeSpan> read,
        Func<PipelineOptions, TimeSpan, PipelineOptions> apply) =>
        Duration(name, minMs, help, shapes: false, o => (long)read(o).TotalMilliseconds,
            (o, ms) => apply(o, TimeSpan.FromMilliseconds(ms)));
}
