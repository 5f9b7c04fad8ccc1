using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Earshot.Host.Generate;
using Earshot.Host.Settings;
using Earshot.Kafka;
using Earshot.Schemas;
using Earshot.Sources.Traffic;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Commands;

/// <summary><c>earshot generate</c>: realistic traffic into a file or a topic.</summary>
internal static class GenerateCommand
{
    private const string Stdout = "-";
    private const string Delimited = "delimited";

    private static readonly (string Format, EventKind Kind)[] jsonFormats =
    [
        ("call-event-json", EventKind.CallEvent), ("call-metric-json", EventKind.CallMetric),
        ("stream-report-json", EventKind.StreamReport),
        ("call-summary-json", EventKind.CallSummary),
    ];

    public static Command Create(Terminal terminal)
    {
        Option<string> output = new("--out")
        {
            Description = "File to write, compressed when it ends in .gz; - is standard output.",
            HelpName = "FILE",
            DefaultValueFactory = _ => Stdout,
        };
        Option<string> format = new("--format")
        {
            Description = "delimited: every event, as length-prefixed Envelopes. The others: the "
                + "events of one kind, as JSON lines.",
            DefaultValueFactory = _ => Delimited,
        };
        format.AcceptOnlyFromAmong([Delimited, .. jsonFormats.Select(f => f.Format)]);
        TrafficArguments traffic = new();
        TopicArguments topic = new();
        Command command = new(
            "generate", "Write realistic traffic to a file, for replay, or to a Kafka topic")
        {
            output, format,
        };
        traffic.AddTo(command);
        topic.AddTo(command);
        command.SetAction((given, cancel) =>
        {
            (TrafficOptions options, TrafficLimits limits) = traffic.Read(given);
            if (topic.Read(given) is { } target)
            {
                if (given.GetResult(output) is { Implicit: false }
                    || given.GetResult(format) is { Implicit: false })
                {
                    throw new UsageException(
                        "a topic takes raw Envelopes: leave --out and --format out.");
                }

                return WriteAsync(
                    terminal, options, limits, target,
                    GlobalArguments.LevelOf(given, LogLevel.Warning), cancel);
            }

            return Task.FromResult(Write(
                terminal, options, limits, given.GetValue(format)!, given.GetValue(output)!,
                cancel));
        });
        return command;
    }

    /// <summary>Into a topic, which is made if it is missing.</summary>
    private static async Task<int> WriteAsync(
        Terminal terminal, TrafficOptions traffic, TrafficLimits limits, TopicRequest target,
        LogLevel level, CancellationToken cancel)
    {
        using StopSignal stop = new(cancel);
        using ILoggerFactory logs = LineLogs.CreateFactory(terminal, level);
        await using KafkaLog log = await KafkaConnection.OpenAsync(
            target.Kafka, target.Topic, logs.CreateLogger("Earshot.Kafka"), stop.Token);
        int partitions = await target.EnsureAsync(log, stop.Token);
        TopicTraffic flow = new(log, target.Topic, partitions, terminal, TimeProvider.System);
        long begun = Stopwatch.GetTimestamp();
        try
        {
            await flow.RunAsync(new TrafficGenerator(traffic), limits, stop.Token);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            terminal.Fail("stopped before the end; what was written stays.");
            return stop.ExitCode;
        }
        finally
        {
            SayWritten(terminal, flow, target.Topic, Stopwatch.GetElapsedTime(begun));
        }
    }

    private static void SayWritten(
        Terminal terminal, TopicTraffic flow, string topic, TimeSpan took)
    {
        Say(terminal, flow.Written, string.Create(
            CultureInfo.InvariantCulture,
            $"topic {topic} in {took.TotalSeconds:F1} s "
            + $"({flow.Written / Math.Max(took.TotalSeconds, 0.001):N0} a second)"));
        if (flow.Doubtful > 0)
        {
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"of {flow.Doubtful:N0} the broker's answer was lost: they may be there twice, "
                + $"with the same event ids, so that they count once"));
        }
    }

    private static int Write(
        Terminal terminal, TrafficOptions traffic, TrafficLimits limits, string format, string path,
        CancellationToken cancel)
    {
        using StopSignal stop = new(cancel);
        if (path == Stdout)
        {
            if (format == Delimited && !Console.IsOutputRedirected)
                throw new UsageException(
                    "this would write bytes to a terminal. Name a file with --out FILE, or "
                    + "redirect the output.");
            using Stream output = terminal.OpenOutput();
            Say(terminal, Fill(output, traffic, limits, format, stop.Token), "standard output");
            return ExitCodes.Ok;
        }

        if (Directory.Exists(path))
            throw new UsageException($"--out {path} is a folder: name a file.");

        // Aside first: a file under its name is a whole one.
        string aside = path + ".tmp";
        try
        {
            long written;
            using (FileStream file = File.Create(aside))
            using (Stream output = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
                ? new GZipStream(file, CompressionLevel.Fastest)
                : file)
                written = Fill(output, traffic, limits, format, stop.Token);
            File.Move(aside, path, overwrite: true);
            Say(terminal, written, path);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            terminal.Fail($"stopped before the end; {path} was not written.");
            return stop.ExitCode;
        }
        finally
        {
            File.Delete(aside);
        }
    }

    private static long Fill(
        Stream output, TrafficOptions traffic, TrafficLimits limits, string format,
        CancellationToken cancel)
    {
        TrafficGenerator generator = new(traffic);
        using DelimitedWriter? delimited =
            format == Delimited ? new DelimitedWriter(output) : null;
        using JsonLinesWriter? json = delimited is null
            ? new JsonLinesWriter(output, jsonFormats.Single(f => f.Format == format).Kind)
            : null;
        long written = 0;
        while (limits.TryNext(generator, written, out TrafficEvent next))
        {
            cancel.ThrowIfCancellationRequested();
            delimited?.Write(next.Bytes.Span);
            if (json is null || json.Write(next))
                written++;
        }

        return written;
    }

    private static void Say(Terminal terminal, long written, string where) =>
        terminal.Say(string.Create(
            CultureInfo.InvariantCulture, $"{written:N0} records written to {where}"));
}
