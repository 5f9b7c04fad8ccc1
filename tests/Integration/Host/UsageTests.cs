namespace Earshot.Tests.Integration.Host;

/// <summary>Wrong use ends with 2, one clear message, and nothing changed.</summary>
public sealed class UsageTests : IDisposable
{
    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [Fact]
    public async Task A_bare_call_prints_help()
    {
        CommandResult result = await CommandLine.RunAsync();
        Assert.Equal(0, result.Code);
        foreach (string command in (string[])
            ["run", "replay", "generate", "sql", "describe", "report", "status"])
            Assert.Contains($"\n  {command}", result.Output);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("replay")]
    [InlineData("generate")]
    [InlineData("sql")]
    [InlineData("describe")]
    [InlineData("report")]
    [InlineData("status")]
    public async Task Every_command_has_help(string command)
    {
        CommandResult result = await CommandLine.RunAsync(command, "--help");
        Assert.Equal(0, result.Code);
        Assert.Contains("--data", result.Output);
        Assert.Empty(result.Error);
    }

    [Theory]
    [InlineData("bogus", "bogus")]
    [InlineData("replay x.csv --bogus", "--bogus")]
    [InlineData("replay", "replay")]
    [InlineData("replay FILE --window 5x", "--window '5x'")]
    [InlineData("replay FILE --lateness soon", "--lateness 'soon'")]
    [InlineData("replay FILE --mode never", "append or update")]
    [InlineData("replay FILE --keys country;country", "--keys")]
    [InlineData("replay FILE --partitions 0", "from 1 to 1024")]
    [InlineData("replay FILE --speed fast", "--speed 'fast'")]
    [InlineData("replay FILE --format xml", "getstats-csv")]
    [InlineData("replay missing.jsonl --format call-event-json", "missing.jsonl")]
    [InlineData("replay FILE --config missing.json", "missing.json")]
    [InlineData("run --port 99999", "1 to 65535")]
    [InlineData("run --kafka localhost:9092 --from then", "allowed is earliest or latest")]
    [InlineData("run --kafka localhost:9092 --instance a/b", "allowed are letters")]
    [InlineData("run --kafka-option a=b", "add --kafka HOST:PORT")]
    [InlineData("run --kafka localhost:9092 --kafka-option a", "allowed is NAME=VALUE")]
    [InlineData("run --kafka localhost:9092 --kafka-option a=env:NO_SUCH", "is not set")]
    [InlineData("run --archive-retention soon", "--archive-retention 'soon'")]
    [InlineData("run --pipeline a/b", "letters, digits")]
    [InlineData("run --rate 0", "--rate")]
    [InlineData("generate --start yesterday", "ISO 8601")]
    [InlineData("generate --rate -1", "CallsPerSecond")]
    [InlineData("sql", "sql")]
    [InlineData("status --url nowhere", "nowhere")]
    public async Task Wrong_use_ends_with_2(string line, string told)
    {
        string file = cli.WriteEvents("call-events.jsonl", 1);
        string[] args = [.. line.Split(' ').Select(a => a == "FILE" ? file : a)];
        CommandResult result = await CommandLine.RunAsync([.. args, "--data", cli.DataFolder]);
        Assert.Equal(2, result.Code);
        Assert.Contains(told, result.Error);
        Assert.DoesNotContain("   at ", result.Error);
        Assert.False(Directory.Exists(cli.DataFolder));
    }

    [Fact]
    public async Task A_file_name_that_tells_no_format_lists_the_formats()
    {
        string file = cli.WriteEvents("something.txt", 1);
        CommandResult result = await CommandLine.RunAsync("replay", file, "--data", cli.DataFolder);
        Assert.Equal(2, result.Code);
        Assert.Contains("call-event-json", result.Error);
    }

    [Fact]
    public async Task A_file_of_another_format_is_wrong_use()
    {
        string file = cli.WriteEvents("events.csv", 1);
        CommandResult result = await CommandLine.RunAsync(
            "replay", file, "--format", "getstats-csv", "--data", cli.DataFolder);
        Assert.Equal(2, result.Code);
        Assert.Contains("is not getstats-csv", result.Error);
    }

    [Fact]
    public async Task An_unknown_setting_lists_the_known_ones()
    {
        string file = cli.WriteEvents("call-events.jsonl", 1);
        string config = cli.PathOf("config.json");
        File.WriteAllText(config, """{ "windows": "5m" }""");
        CommandResult result = await cli.ReplayAsync(file, "--config", config);
        Assert.Equal(2, result.Code);
        Assert.Contains("'windows'", result.Error);
        Assert.Contains("lateness", result.Error);
    }

    [Theory]
    [InlineData("""{ "tags": { "sdk_edge": { "mos": 6 } } }""", "tags.sdk_edge.mos is 6", "1 to 5")]
    [InlineData("""{ "tags": { "delayed-percent": -1 } }""", "tags.delayed-percent is -1", "0 to")]
    [InlineData("""{ "mos": { "SLR": 19 } }""", "mos.SLR '19'", "0 to 18")]
    [InlineData("""{ "mos": { "rtt-share": 0 } }""", "mos.rtt-share '0'", "above 0, to 1")]
    [InlineData("""{ "mos": { "codec": "opus" } }""", "mos.codec is 'opus'", "G.711, ")]
    [InlineData("""{ "mos": { "codecs": { "opus": "2" } } }""", "'opus=2'", "NAME=Ie/Bpl")]
    [InlineData("""{ "mos": { "Ppl": 2 } }""", "no setting 'mos.Ppl'", "mos.codecs.*")]
    [InlineData("""{ "pdd-history": "90m" }""", "pdd-history '90m'", "full hours from 1h to 31d")]
    [InlineData("""{ "tags.sdk_edge.latency-ms": 100 }""", "no setting", "tags.sdk_edge.rtt-ms")]
    [InlineData("""{ "warnings": { "samples": 16 } }""", "warnings.samples '16'", "1 to 15")]
    [InlineData("""{ "warnings": { "samples": 2 } }""", "warnings.raise '3'", "warnings.samples")]
    [InlineData("""{ "warnings": "some" }""", "warnings 'some'", "on or off")]
    public async Task A_limit_that_cannot_be_says_what_is_allowed(
        string settings, string what, string allowed)
    {
        string file = cli.WriteEvents("call-events.jsonl", 1);
        string config = cli.PathOf("config.json");
        File.WriteAllText(config, settings);
        CommandResult result = await cli.ReplayAsync(file, "--config", config);
        Assert.Equal(2, result.Code);
        Assert.Contains(what, result.Error);
        Assert.Contains(allowed, result.Error);
    }

    [Fact]
    public async Task Settings_of_estimates_are_part_of_the_pipelines_identity()
    {
        string file = cli.WriteEvents("call-events.jsonl", 1);
        string config = cli.PathOf("config.json");
        File.WriteAllText(config, """
            { "mos": { "codec": "opus", "A": 5, "codecs": { "opus": "2/12", "G.722": "13/9.5" } } }
            """);
        CommandResult first = await cli.ReplayAsync(file, "--config", config);
        Assert.True(first.Code == 0, first.Error);
        CommandResult again = await cli.ReplayAsync(file, "--config", config);
        Assert.True(again.Code == 0, again.Error);
        CommandResult other = await cli.ReplayAsync(file);
        Assert.Equal(2, other.Code);
        Assert.Contains("mos.A: there 5, here 0", other.Error);
        Assert.Contains("mos.codecs: there G.722=13/9.5,opus=2/12, here none", other.Error);
    }

    [Fact]
    public async Task Nothing_answering_is_a_failure()
    {
        CommandResult result = await CommandLine.RunAsync("status", "--url", "http://localhost:1");
        Assert.Equal(1, result.Code);
        Assert.Contains("earshot run", result.Error);
    }

    [Fact]
    public async Task Sql_without_an_archive_says_how_to_fill_one()
    {
        CommandResult result = await CommandLine.RunAsync(
            "sql", "SELECT 1", "--data", cli.DataFolder);
        Assert.Equal(1, result.Code);
        Assert.Contains("earshot replay", result.Error);
    }

    [Fact]
    public async Task The_topology_can_be_printed()
    {
        CommandResult result = await CommandLine.RunAsync(
            "run", "--print-topology", "--partitions", "3");
        Assert.Equal(0, result.Code);
        Assert.Contains("stage aggregator", result.Output);
        Assert.Contains("3 partition", result.Output);
    }
}
