using System.Text.Json.Nodes;

namespace Earshot.Tests.Integration.Host;

/// <summary>Figures are a machine's own; what is tested is that they come.</summary>
public sealed class BenchTests : IDisposable
{
    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [Fact]
    public async Task A_row_gives_rate_floors_memory_and_target()
    {
        string json = cli.PathOf("report.json");
        CommandResult run = await CoreAsync("--json", json);
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("decode alone", run.Output);
        Assert.Contains("mean record", run.Output);
        JsonNode report = JsonNode.Parse(await File.ReadAllTextAsync(json))!;
        Assert.True(report["machine"]!["cores"]!.GetValue<int>() > 0);
        JsonNode row = report["rows"]![0]!;
        Assert.Equal("core", row["name"]!.GetValue<string>());
        double rate = row["value"]!["median"]!.GetValue<double>();
        double floor = row["floors"]![0]!["rate"]!["median"]!.GetValue<double>();
        Assert.InRange(rate, 1, floor);
        Assert.Equal(
            rate / floor, row["floors"]![0]!["ratio"]!.GetValue<double>(), precision: 6);
        Assert.True(row["allocated_per_event"]!.GetValue<double>() >= 0);
        Assert.True(row["peak_memory_bytes"]!.GetValue<long>() > 0);
        Assert.Equal(
            rate >= row["target"]!["limit"]!.GetValue<double>(), row["met"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_row_slower_than_its_baseline_fails_and_a_faster_one_does_not()
    {
        string path = cli.PathOf("baseline.json");
        Assert.Equal(0, (await CoreAsync("--write-baseline", path)).Code);
        JsonNode baseline = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        JsonNode row = baseline["rows"]![0]!;
        double speed = row["over_yardstick"]!.GetValue<double>();

        // Far enough for the noise of any machine.
        row["over_yardstick"] = speed * 100;
        await File.WriteAllTextAsync(path, baseline.ToJsonString());
        CommandResult slower = await CoreAsync("--baseline", path);
        Assert.Equal(1, slower.Code);
        Assert.Contains("core", slower.Error);

        row["over_yardstick"] = speed / 100;
        row["allocated_per_event"] = 1e6;
        await File.WriteAllTextAsync(path, baseline.ToJsonString());
        CommandResult faster = await CoreAsync("--baseline", path);
        Assert.True(faster.Code == 0, faster.Error);
    }

    [Fact]
    public async Task The_kafka_row_is_measured_or_says_why_it_is_not()
    {
        CommandResult run = await CommandLine.RunAsync(
            "bench", "--only", "kafka", "--events", "10000", "--rounds", "1");
        Assert.True(run.Code == 0, run.Error);
        bool broker = Environment.GetEnvironmentVariable("EARSHOT_TEST_KAFKA") is { Length: > 0 };
        Assert.Contains(
            broker ? "bare batch loop" : "skipped", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_use_says_what_is_allowed()
    {
        CommandResult row = await CommandLine.RunAsync("bench", "--only", "nothing");
        Assert.Equal(2, row.Code);
        Assert.Contains("core, call", row.Error);
        CommandResult events = await CommandLine.RunAsync("bench", "--events", "5");
        Assert.Equal(2, events.Code);
        Assert.Contains("10000", events.Error);
    }

    private static Task<CommandResult> CoreAsync(params string[] args) => CommandLine.RunAsync(
        ["bench", "--only", "core", "--events", "10000", "--rounds", "1", .. args]);
}
