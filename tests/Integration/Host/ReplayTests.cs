namespace Earshot.Tests.Integration.Host;

/// <summary>Replays of small files, from the command line to the archive.</summary>
public sealed class ReplayTests : IDisposable
{
    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [Theory]
    [InlineData("--partitions", "1")]
    [InlineData("--partitions", "2")]
    [InlineData("--shuffle")]
    public async Task The_books_balance_and_the_rows_can_be_queried(params string[] form)
    {
        string file = cli.WriteEvents("call-events.jsonl", 60);
        CommandResult replayed = await cli.ReplayAsync(file, form);
        Assert.Equal("", ErrorsOf(replayed));
        Assert.Equal(0, replayed.Code);
        Assert.Contains("balanced", replayed.Output);
        Assert.Equal(61, CountOf(replayed, "rows read"));
        Assert.Equal(60, CountOf(replayed, "aggregated"));
        Assert.Equal(1, CountOf(replayed, "dead"));

        CommandResult rows = await CommandLine.RunAsync(
            "sql", "SELECT sum(count) AS n FROM aggregates WHERE metric = 'pdd' AND country = 'us'",
            "--format", "csv", "--data", cli.DataFolder);
        Assert.Equal("n\r\n60\r\n", rows.Output);
    }

    [Fact]
    public async Task A_complete_replay_says_so_and_changes_nothing()
    {
        string file = cli.WriteEvents("call-events.jsonl", 30);
        CommandResult first = await cli.ReplayAsync(file);
        string[] before = Files();
        CommandResult again = await cli.ReplayAsync(file);
        Assert.Equal(0, again.Code);
        Assert.Contains("complete already", again.Error);
        Assert.Equal(first.Output, again.Output);
        Assert.Equal(before, Files());
    }

    [Fact]
    public async Task Another_pipeline_is_refused_and_told_what_differs()
    {
        string file = cli.WriteEvents("call-events.jsonl", 5);
        await cli.ReplayAsync(file);
        CommandResult options = await cli.ReplayAsync(file, "--window", "1h");
        Assert.Equal(2, options.Code);
        Assert.Contains("window: there 5m, here 1h", options.Error);
        CommandResult shuffled = await cli.ReplayAsync(file, "--shuffle");
        Assert.Contains("shuffle: there false, here true", shuffled.Error);
        CommandResult input = await cli.ReplayAsync(cli.WriteEvents("call-events.jsonl", 5, "fr"));
        Assert.Equal(2, input.Code);
        Assert.Contains("other content", input.Error);
        CommandResult run = await CommandLine.RunAsync("run", "--data", cli.DataFolder);
        Assert.Equal(2, run.Code);
        Assert.Contains("generated traffic", run.Error);
    }

    [Fact]
    public async Task A_folder_in_use_is_refused()
    {
        string file = cli.WriteEvents("call-events.jsonl", 5);
        Directory.CreateDirectory(cli.DataFolder);
        using FileStream held = new(
            Path.Combine(cli.DataFolder, "lock"), FileMode.Create, FileAccess.ReadWrite,
            FileShare.None);
        File.WriteAllText(Path.Combine(cli.DataFolder, "lock.owner"), "4711\n");
        CommandResult result = await cli.ReplayAsync(file);
        Assert.Equal(2, result.Code);
        Assert.Contains("in use by process 4711", result.Error);
    }

    [Fact]
    public async Task A_folder_of_something_else_is_refused()
    {
        Directory.CreateDirectory(cli.DataFolder);
        File.WriteAllText(Path.Combine(cli.DataFolder, "thesis.txt"), "mine");
        CommandResult result = await cli.ReplayAsync(cli.WriteEvents("call-events.jsonl", 5));
        Assert.Equal(2, result.Code);
        Assert.Contains("thesis.txt", result.Error);
        Assert.Single(Directory.GetFiles(cli.DataFolder));
    }

    [Fact]
    public async Task A_newer_folder_is_refused()
    {
        string file = cli.WriteEvents("call-events.jsonl", 5);
        await cli.ReplayAsync(file);
        string marker = Path.Combine(cli.DataFolder, "pipeline.json");
        string newer = File.ReadAllText(marker).Replace("\"format\": 1", "\"format\": 9");
        File.WriteAllText(marker, newer);
        CommandResult result = await cli.ReplayAsync(file);
        Assert.Equal(1, result.Code);
        Assert.Contains("newer version", result.Error);
    }

    [Fact]
    public async Task A_damaged_file_fails_and_says_where()
    {
        string good = cli.WriteEvents("call-events.jsonl", 5);
        string bad = cli.PathOf("bad.jsonl.gz");
        File.Copy(good, bad);
        CommandResult result = await cli.ReplayAsync(bad);
        Assert.Equal(1, result.Code);
        Assert.Contains("bad.jsonl.gz", result.Error);
    }

    // Two captures, little-endian, no packet but one that is cut off inside its header.
    [Fact]
    public async Task A_damaged_capture_is_told_of_and_nothing_stops()
    {
        byte[] header = [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, .. new byte[12], 1, 0, 0, 0];
        string cut = cli.PathOf("cut.pcap"), whole = cli.PathOf("whole.pcap");
        File.WriteAllBytes(cut, [.. header, 1, 2, 3]);
        File.WriteAllBytes(whole, header);
        CommandResult result = await CommandLine.RunAsync(
            "replay", cut, whole, "--format", "pcap", "--data", cli.DataFolder);
        Assert.Equal(0, result.Code);
        Assert.Equal(1, CountOf(result, "dead"));
        Assert.Contains($"{cut}: packet 1, at byte 24, is cut off", result.Error);
        Assert.DoesNotContain(whole, result.Error);
        CommandResult dead = await CommandLine.RunAsync(
            "dead", "list", "--format", "json", "--data", cli.DataFolder);
        Assert.Contains("\"detail\": \"packet 1, at byte 24, is cut off", dead.Output);
        CommandResult verified = await CommandLine.RunAsync(
            "verify", cut, whole, "--data", cli.DataFolder);
        Assert.Equal(0, verified.Code);
    }

    [Fact]
    public async Task Stopped_it_goes_on_where_it_was()
    {
        string file = cli.WriteEvents("call-events.jsonl", 600);
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(1.5));
        string[] replay =
        [
            "replay", file, "--format", "call-event-json", "--keys", "country", "--data",
            cli.DataFolder,
        ];
        CommandResult stopped = await CommandLine.RunAsync(
            [.. replay, "--speed", "7200x"], stop.Token);
        Assert.Equal(130, stopped.Code);
        Assert.Contains("goes on from there", stopped.Error);
        CommandResult rest = await CommandLine.RunAsync(replay);
        Assert.Equal(0, rest.Code);
        Assert.Equal(601, CountOf(rest, "rows read"));
        CommandResult rows = await CommandLine.RunAsync(
            "sql", "SELECT sum(count) AS n FROM aggregates WHERE metric = 'pdd'", "--format", "csv",
            "--data", cli.DataFolder);
        Assert.Equal("n\r\n600\r\n", rows.Output);
    }

    [Fact]
    public async Task Generated_traffic_can_be_replayed()
    {
        string file = cli.PathOf("traffic.pb.gz");
        CommandResult generated = await CommandLine.RunAsync(
            "generate", "--out", file, "--events", "5000");
        Assert.Equal(0, generated.Code);
        CommandResult replayed = await CommandLine.RunAsync(
            "replay", file, "--data", cli.DataFolder);
        Assert.Equal(0, replayed.Code);
        Assert.Equal(5000, CountOf(replayed, "rows read"));
    }

    private static string ErrorsOf(CommandResult result) => string.Concat(
        result.Error.Split('\n')
            .Where(line => line.StartsWith("earshot:", StringComparison.Ordinal)));

    private static long CountOf(CommandResult result, string name)
    {
        string line = result.Output.Split('\n').Single(
            l => l.TrimStart().StartsWith(name + " ", StringComparison.Ordinal));
        return long.Parse(line.Trim()[name.Length..].Trim().Replace(",", "").Split(' ')[0]);
    }

    private string[] Files() =>
    [
        .. Directory.EnumerateFiles(cli.DataFolder, "*", SearchOption.AllDirectories)
            .Where(path => !Path.GetFileName(path).StartsWith("lock", StringComparison.Ordinal))
            .Order()
            .Select(path => $"{path} {File.GetLastWriteTimeUtc(path):O}"),
    ];
}
