using System.CommandLine;
using System.Globalization;
using Earshot.Analytics;
using Earshot.Archive.Reports;

namespace Earshot.Host.Settings;

/// <summary>The options that say what a report is about.</summary>
internal sealed class ReportArguments(TimeProvider time)
{
    private const string TimesAllowed =
        "a date or time in ISO 8601 (2025-01-06, 2025-01-06T08:00; UTC unless it says otherwise), "
        + "a duration back from now (7d, 12h), or now";

    private static readonly string[] timeFormats =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd' 'HH:mm", "yyyy-MM-dd' 'HH:mm:ss",
    ];

    private readonly Option<string?> by = new("--by")
    {
        Description = "Dimensions to group by, such as account,country,carrier. Some grouping set "
            + "of the pipeline (--keys) must have them all. [default: one row for everything]",
        HelpName = "NAMES",
    };

    private readonly Option<string?> from = new("--from")
    {
        Description = $"Begin, inclusive: {TimesAllowed}. [default: the first row]",
        HelpName = "TIME",
    };

    private readonly Option<string?> to = new("--to")
    {
        Description = "End, exclusive, likewise: --from 2025-01-06 --to 2025-01-07 is one day. A "
            + "range that cuts windows is rounded outwards to whole ones, and that is said. "
            + "[default: the last row]",
        HelpName = "TIME",
    };

    private readonly Option<string?> window = new("--window")
    {
        Description = "A row per so much time, such as 1h or 1d, aligned in UTC. [default: one row "
            + "for all of it]",
        HelpName = "LENGTH",
    };

    private readonly Option<string[]> where = new("--where")
    {
        Description = "Only calls of this value; several of one dimension: any of them. NAME= "
            + "means that it is missing.",
        HelpName = "NAME=VALUE",
    };

    private readonly Option<string?> metrics = new("--metrics")
    {
        Description = "Metrics whose percentiles JSON and CSV have. [default: "
            + $"{string.Join(',', ReportRequest.MetricsDefault)}]",
        HelpName = "NAMES",
    };

    private readonly Option<string?> sort = new("--sort")
    {
        Description = "Column of JSON and CSV to sort by, COLUMN:asc or COLUMN:desc. [default: "
            + "calls:desc; with --window from:asc]",
        HelpName = "COLUMN",
    };

    private readonly Option<int?> limit = new("--limit")
    {
        Description = "Most rows.", HelpName = "N",
    };

    private readonly Option<long> callsMin = new("--min-calls")
    {
        Description = "Leave out rows with fewer calls.", HelpName = "N",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])
            [by, from, to, window, where, metrics, sort, limit, callsMin])
            command.Options.Add(option);
    }

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">A value is not allowed.</exception>
    public ReportRequest Read(ParseResult given)
    {
        (string? column, bool? ascending) = Sorting(given.GetValue(sort));
        ReportRequest request = new()
        {
            By = Names("--by", given.GetValue(by)) ?? [],
            FromMs = TimeOf("--from", given.GetValue(from)),
            ToMs = TimeOf("--to", given.GetValue(to)),
            WindowMs = WindowOf(given.GetValue(window)),
            Where = [.. (given.GetValue(where) ?? []).Select(Condition)],
            Metrics = Names("--metrics", given.GetValue(metrics)) ?? ReportRequest.MetricsDefault,
            Sort = column,
            Ascending = ascending,
            RowsMax = given.GetValue(limit),
            CallsMin = given.GetValue(callsMin),
        };
        if (request.ToMs <= request.FromMs)
            throw new UsageException("--to must be after --from: it is the end, exclusive.");
        if (request.RowsMax < 1)
            throw new UsageException(
                $"--limit {request.RowsMax}: allowed is a whole number from 1 on.");
        return request;
    }

    private static string[]? Names(string option, string? text)
    {
        if (text is null)
            return null;
        string[] names = text.Split(',', StringSplitOptions.TrimEntries);
        string? twice = names.GroupBy(name => name).FirstOrDefault(g => g.Count() > 1)?.Key;
        return twice is not null ? throw new UsageException($"{option}: '{twice}' is there twice.")
            : names.Contains("")
            ? throw new UsageException($"{option} '{text}': allowed are names separated by commas.")
            : names;
    }

    private long? TimeOf(string option, string? text)
    {
        if (text is null)
            return null;
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (text == "now")
            return nowMs;
        if (DateTimeOffset.TryParseExact(
            text, timeFormats, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTimeOffset said) && said >= DateTimeOffset.UnixEpoch)
            return said.ToUnixTimeMilliseconds();
        try
        {
            long back = Durations.ParseMs(text);
            if (back <= nowMs)
                return nowMs - back;
        }
        catch (FormatException)
        {
            // Neither a time nor a duration: told below, where both are.
        }

        throw new UsageException($"{option} '{text}': allowed is {TimesAllowed}.");
    }

    private static long? WindowOf(string? text)
    {
        if (text is null)
            return null;
        try
        {
            WindowSpec spec = WindowSpec.Parse(text);
            return spec.SlideMs == spec.LengthMs ? spec.LengthMs
                : throw new UsageException(
                    $"--window '{text}': in sliding windows a call is more than once; allowed is "
                    + "a length alone, such as 1h.");
        }
        catch (FormatException e)
        {
            throw new UsageException($"--window '{text}': {e.Message}");
        }
    }

    private static KeyValuePair<string, string> Condition(string text)
    {
        int at = text.IndexOf('=', StringComparison.Ordinal);
        return at > 0
            ? new(text[..at].Trim(), text[(at + 1)..].Trim())
            : throw new UsageException(
                $"--where '{text}': allowed is NAME=VALUE, such as carrier=telco_c.");
    }

    private static (string? Column, bool? Ascending) Sorting(string? text)
    {
        if (text is null)
            return (null, null);
        string[] parts = text.Split(':');
        return parts switch
        {
            [{ Length: > 0 } name] => (name, null),
            [{ Length: > 0 } name, "asc"] => (name, true),
            [{ Length: > 0 } name, "desc"] => (name, false),
            _ => throw new UsageException(
                $"--sort '{text}': allowed is COLUMN, COLUMN:asc or COLUMN:desc."),
        };
    }
}
