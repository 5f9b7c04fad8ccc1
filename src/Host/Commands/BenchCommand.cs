using System.CommandLine;
using System.Globalization;
using Earshot.Host.Bench;
using Earshot.Host.Settings;

namespace Earshot.Host.Commands;

/// <summary><c>earshot bench</c>: how fast this machine is at it.</summary>
internal static class BenchCommand
{
    /// <summary>Names a broker when --kafka does not, as it does for the tests.</summary>
    private const string BrokerVariable = "EARSHOT_TEST_KAFKA";

    private const string Description =
        "Measures each part of the path and the whole, beside the barest loop over the same "
        + "input, in under three minutes. bench/README.md says how, and how to read it. Exit code "
        + "0 also where a target is missed: machines differ.";

    public static Command Create(Terminal terminal)
    {
        Option<int> events = Number(
            "--events", "Events of an input, 10,000 to 10,000,000.", 1_000_000);
        Option<int> rounds = Number("--rounds", "Most rounds of a row, 1 to 100.", 5);
        Option<int> seconds = Number(
            "--seconds", "Time for the rounds of all rows together, 1 to 100,000.", 140);
        Option<string[]> only = new("--only")
        {
            Description = "Rows to measure; may be repeated: "
                + $"{string.Join(", ", BenchRows.Names)}.",
            HelpName = "ROW",
        };
        Option<bool> curves = new("--curves")
        {
            Description = "Cost per event over the number of events, and of keys, too: minutes "
                + "more, and gigabytes of memory.",
        };
        Option<string?> json = File("--json", "Write everything measured to this file, too.");
        Option<string?> baseline = File(
            "--baseline", "Hold the result against a file such as bench/baseline.json; exit code "
            + "1 where it is worse.");
        Option<string?> baselineOut = File(
            "--write-baseline", "Write such a file.");
        KafkaArguments kafka = new();
        Option<string?> row = new("--row") { Hidden = true };
        Option<string?> rowResult = new("--row-result") { Hidden = true };
        Command command = new("bench", Description)
        {
            events, rounds, seconds, only, curves, json, baseline, baselineOut, row, rowResult,
        };
        kafka.AddTo(command);
        command.SetAction(async (given, cancel) =>
        {
            BenchRequest request = new(
                InRange(given, events, 10_000, 10_000_000), InRange(given, rounds, 1, 100),
                InRange(given, seconds, 1, 100_000), given.GetValue(only) ?? [],
                given.GetValue(curves))
            {
                Json = given.GetValue(json),
                Baseline = given.GetValue(baseline),
                BaselineOut = given.GetValue(baselineOut),
                Kafka = kafka.Read(given, ConfigFile.None) ?? FromVariable(),
                Arguments = [.. given.Tokens.Select(token => token.Value)],
            };
            using StopSignal stop = new(cancel);
            if (given.GetValue(row) is not { } name)
                return await new BenchRun(request, terminal, TimeProvider.System)
                    .RunAsync(stop.Token);
            BenchResult result = await BenchRun.MeasureAsync(
                request, BenchRows.Of(name), stop.Token);
            BenchJson.Write(given.GetRequiredValue(rowResult)!, result);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static KafkaRequest? FromVariable() =>
        Environment.GetEnvironmentVariable(BrokerVariable) is { Length: > 0 } bootstrap
            ? new KafkaRequest(
                bootstrap, new Dictionary<string, string>(), Instance: null, FromLatest: false)
            : null;

    private static Option<int> Number(string name, string description, int usual) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => usual,
    };

    private static Option<string?> File(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "FILE",
    };

    private static int InRange(ParseResult given, Option<int> option, int min, int max) =>
        given.GetValue(option) is int value && value >= min && value <= max
            ? value
            : throw new UsageException(string.Create(
                CultureInfo.InvariantCulture,
                $"{option.Name} {given.GetValue(option)}: allowed is {min} to {max}."));
}
