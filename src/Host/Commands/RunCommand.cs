using System.CommandLine;
using System.Globalization;
using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Host.Service;
using Earshot.Host.Settings;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Commands;

/// <summary><c>earshot run</c>: the service.</summary>
internal static class RunCommand
{
    private const double RateMax = 10_000;

    public static Command Create(Terminal terminal)
    {
        PipelineArguments pipeline = new("topic");
        KafkaArguments kafka = new();
        ServiceArguments stores = new();
        Option<double> rate = new("--rate")
        {
            Description = "Generated calls per second, a mean over the day.",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
        };
        Option<string> backfill = DurationOption(
            "--backfill", "1h", "In a new data folder, generated traffic begins this far back and "
            + "catches up, so that there are closed windows to see at once.");
        Option<string> retention = DurationOption(
            "--log-retention", "24h", "What is older goes from the log, once snapshots and "
            + "archive hold it.");
        Option<long?> retentionBytes = new("--log-retention-bytes")
        {
            Description = "Past this many bytes the oldest goes from the log, likewise.",
            HelpName = "N",
        };
        Option<bool> topology = new("--print-topology")
        {
            Description = "Print stages, topics and partitions, and end.",
        };
        Command command = new(
            "run", "The service: call events from Kafka, or generated traffic; Ctrl-C ends it")
        {
            rate, backfill, retention, retentionBytes, topology,
        };
        kafka.AddServiceTo(command);
        pipeline.AddTo(command);
        stores.AddTo(command);
        command.SetAction(async (given, cancel) =>
        {
            PipelineOptions options = stores.Read(given, pipeline.Read(given));
            ConfigFile config = pipeline.ConfigOf(given);
            if (given.GetValue(topology))
            {
                terminal.Out.Write(Topology.Describe(options));
                return ExitCodes.Ok;
            }

            RunRequest request = new(
                options, Rate(given.GetValue(rate)), Duration(given, backfill),
                Duration(given, retention), given.GetValue(retentionBytes),
                stores.AddressOf(given),
                GlobalArguments.SqlCommand(
                    given, "SELECT * FROM insights ORDER BY window_start DESC LIMIT 10"))
            {
                Kafka = kafka.Read(given, config),
                PartitionsGiven = pipeline.IsGiven(given, "partitions"),
                Snapshots = stores.SnapshotsOf(given, config),
                ArchiveRetention = stores.ArchiveRetentionOf(given, config),
            };
            return await ServiceHost.RunAsync(
                request, GlobalArguments.DataOf(given), GlobalArguments.ArchiveOf(given),
                GlobalArguments.LevelOf(given, LogLevel.Information), terminal, cancel);
        });
        return command;
    }

    private static Option<string> DurationOption(string name, string usual, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "DURATION",
            DefaultValueFactory = _ => usual,
        };

    private static TimeSpan Duration(ParseResult given, Option<string> option)
    {
        string text = given.GetValue(option)!;
        try
        {
            return TimeSpan.FromMilliseconds(Durations.ParseMs(text));
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new UsageException($"{option.Name} '{text}': {e.Message}");
        }
    }

    private static double Rate(double rate) => rate is > 0 and <= RateMax
        ? rate
        : throw new UsageException(string.Create(
            CultureInfo.InvariantCulture,
            $"--rate {rate}: allowed is a number above 0, up to {RateMax}."));
}
