using System.Text.Json;
using Earshot.Actors;
using Earshot.Log;
using Earshot.Log.Sqlite;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Tests.Integration.Host;

/// <summary>Dead letters from the command line: limit, list, show, retry.</summary>
public sealed class DeadLetterTests : IDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(90);

    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [Fact]
    public async Task A_replay_of_the_wrong_file_stops_and_goes_on_when_that_is_allowed()
    {
        string file = cli.PathOf("call-events.jsonl");
        await File.WriteAllLinesAsync(file, Enumerable.Repeat("not json", 3000));
        CommandResult stopped = await cli.ReplayAsync(file);
        Assert.Equal(1, stopped.Code);
        Assert.Contains("are dead letters (100.0 %; the limit is 50 %)", stopped.Error);
        Assert.Contains("malformed: ", stopped.Error);
        Assert.Contains("call-events.jsonl line 1: malformed JSON", stopped.Error);
        Assert.Contains("goes on from offset 0", stopped.Error);
        Assert.Equal("no dead letters\n", Lines(await DeadAsync("list")));

        CommandResult allowed = await cli.ReplayAsync(file, "--dead-letter-limit", "1");
        Assert.Equal(0, allowed.Code);
        Assert.Contains(
            "3,000 dead letters: malformed 3,000; 2 shown",
            Lines(await DeadAsync("list", "--limit", "2")));
    }

    [Fact]
    public async Task A_replay_shows_its_dead_letters_and_gives_them_to_a_file()
    {
        string file = cli.WriteEvents("call-events.jsonl", 5);
        await cli.ReplayAsync(file);
        CommandResult csv = await DeadAsync("list", "--format", "csv");
        Assert.StartsWith("id,reason,buried,event_time,place,bytes,retried,detail", csv.Output);
        Assert.Contains("0:5,malformed,", csv.Output);
        Assert.Contains("call-events.jsonl line 6,8,,", csv.Output);
        CommandResult shown = await DeadAsync("show", "0:5");
        Assert.Contains("{ broken", shown.Output);
        Assert.Contains("  __connect.errors.stage: VALUE_CONVERTER", shown.Output);

        CommandResult refused = await DeadAsync("retry", "--all");
        Assert.Equal(2, refused.Code);
        Assert.Contains("--to FILE", refused.Error);
        string to = cli.PathOf("mend.jsonl");
        CommandResult written = await DeadAsync("retry", "--all", "--to", to);
        Assert.Contains("1 written", written.Output);
        Assert.Contains("--format call-event-json", written.Output);
        Assert.Equal("{ broken\n", await File.ReadAllTextAsync(to));
        Assert.Equal(2, (await DeadAsync("retry", "--all", "--to", to)).Code);
    }

    [Fact]
    public async Task Csv_rows_are_given_out_behind_their_header()
    {
        string file = cli.PathOf("getstats.csv");
        const string Header = "timestamp,callId,userId,type,kind,ssrc,jitter,roundTripTime,"
            + "fractionLost,audioLevel,packetsReceived,packetsLost";
        await File.WriteAllTextAsync(file, Header + "\nbroken\n");
        CommandResult replayed = await CommandLine.RunAsync(
            "replay", file, "--format", "getstats-csv", "--data", cli.DataFolder);
        Assert.True(replayed.Code == 0, replayed.Error);
        string to = cli.PathOf("mend.csv");
        await DeadAsync("retry", "--all", "--to", to);
        Assert.Equal(Header + "\nbroken\n", await File.ReadAllTextAsync(to));
    }

    [Theory]
    [InlineData("retry")]
    [InlineData("list", "--limit", "-1")]
    [InlineData("list", "--since", "yesterday")]
    public async Task Wrong_use_is_told_of(params string[] args)
    {
        await cli.ReplayAsync(cli.WriteEvents("call-events.jsonl", 1));
        CommandResult result = await DeadAsync(args);
        Assert.Equal(2, result.Code);
    }

    [Fact]
    public async Task Without_a_data_folder_it_says_how_to_get_one()
    {
        CommandResult result = await DeadAsync("list");
        Assert.Equal(2, result.Code);
        Assert.Contains("so it is no data folder", result.Error);
        Assert.False(Directory.Exists(cli.DataFolder));
    }

    [Fact]
    public async Task What_was_dead_for_its_time_counts_when_it_is_retried_later()
    {
        string config = cli.PathOf("config.json");
        await File.WriteAllTextAsync(
            config, """{"mode":"update","archive-every":"200ms","keys":"()"}""");
        await WhileRunningAsync(config, async () =>
        {
            // Taken in by a clock two hours behind, so that its time is too far ahead.
            DateTimeOffset now = DateTimeOffset.UtcNow;
            await AppendAsync(
                now.AddHours(-2),
                [Metric(now), "broken"u8.ToArray()]);
            JsonElement list = await UntilAsync(
                () => ListAsync(), dead => dead.GetProperty("records").GetArrayLength() == 2);
            string[] ids = [.. list.GetProperty("records").EnumerateArray()
                .OrderByDescending(row => row.GetProperty("reason").GetString() == "future")
                .Select(row => row.GetProperty("id").GetString()!)];
            CommandResult shown = await DeadAsync("show", ids[0]);
            Assert.Contains("\"metric\": \"test_depth\"", shown.Output);
            Assert.Contains("test-key", shown.Output);

            Assert.Equal(
                "1 would be sent in again\n",
                Lines(await DeadAsync("retry", "--reason", "future", "--dry-run")));
            Assert.Equal(
                "1 sent in again\n", Lines(await DeadAsync("retry", "--reason", "future")));
            Assert.Equal("1", await UntilAsync(
                () => SqlAsync("SELECT max(count) AS n FROM aggregates_all "
                    + "WHERE metric = 'test_depth'"), text => text == "1"));

            // The other one dies again, as a new letter that knows how often it was tried.
            Assert.Equal(
                "1 sent in again; 1 were sent in before\n",
                Lines(await DeadAsync("retry", "--all")));
            JsonElement again = await UntilAsync(
                () => ListAsync(), dead => dead.GetProperty("records").GetArrayLength() == 3);
            JsonElement newest = again.GetProperty("records")[0];
            Assert.Equal(
                ("malformed", 1, false),
                (newest.GetProperty("reason").GetString(),
                    newest.GetProperty("retry_count").GetInt32(),
                    newest.GetProperty("retried").GetBoolean()));
            Assert.Equal(
                "0 sent in again; 1 were sent in before\n",
                Lines(await DeadAsync("retry", ids[1])));
            CommandResult missing = await DeadAsync("retry", "0:999999999");
            Assert.Equal(1, missing.Code);
            Assert.Contains("not there: 0:999999999", missing.Error);
        });
    }

    [Fact]
    public async Task A_topic_of_something_else_ends_the_service()
    {
        byte[][] records = [.. Enumerable.Repeat("broken"u8.ToArray(), 5000)];
        await WhileRunningAsync(
            null, () => AppendAsync(DateTimeOffset.UtcNow, records), ended =>
            {
                Assert.Equal(1, ended.Code);
                Assert.Contains("are dead letters", ended.Error);
            });
    }

    private async Task WhileRunningAsync(
        string? config, Func<Task> work, Action<CommandResult>? endsItself = null)
    {
        string url = $"http://127.0.0.1:{ServiceTests.FreePort()}";
        using CancellationTokenSource stop = new();
        Task<CommandResult> service = CommandLine.RunAsync(
            [
                "run", "--urls", url, "--backfill", "1m", "--rate", "0.0001", "--data",
                cli.DataFolder, .. config is null ? (string[])[] : ["--config", config],
            ],
            stop.Token);
        using CancellationTokenSource limit = new(patience);
        while ((await CommandLine.RunAsync("status", "--url", url)).Code != 0)
        {
            limit.Token.ThrowIfCancellationRequested();
            Assert.False(service.IsCompleted);
        }

        await work();
        if (endsItself is not null)
        {
            endsItself(await service.WaitAsync(patience));
            return;
        }

        await stop.CancelAsync();
        CommandResult ended = await service;
        Assert.True(ended.Code == 0, ended.Error);
    }

    private static byte[] Metric(DateTimeOffset at) => new Envelope
    {
        CallMetric = new CallMetric
        {
            EventTime = at.ToUnixTimeMilliseconds(), Metric = "test_depth", Value = 42,
        },
    }.ToByteArray();

    /// <summary>Another process writes into the input.</summary>
    private async Task AppendAsync(DateTimeOffset clock, params IReadOnlyList<byte[]> records)
    {
        await using SqliteLog log = await SqliteLog.OpenAsync(
            new SqliteLogOptions(Path.Combine(cli.DataFolder, "log.db")), new StoppedClock(clock),
            default);
        await using ILogProducer producer = await log.OpenProducerAsync("test", default);
        RecordBatchBuilder batch = new();
        foreach (byte[] record in records)
            batch.Append("test-key"u8, record);
        CommitResult result = await producer.CommitAsync(
            new LogTransaction(
                [new RecordAppend(new TopicPartition(Topics.Default.Calls, 0), batch.Build())],
                []), default);
        Assert.Equal(CommitOutcome.Committed, result.Outcome);
    }

    // The question itself takes its time: no pause is needed between two.
    private static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> enough)
    {
        using CancellationTokenSource limit = new(patience);
        while (true)
        {
            T answer = await ask();
            if (enough(answer))
                return answer;
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    private async Task<JsonElement> ListAsync() => JsonSerializer.Deserialize<JsonElement>(
        (await DeadAsync("list", "--format", "json")).Output);

    private async Task<string> SqlAsync(string statement)
    {
        CommandResult result = await CommandLine.RunAsync(
            "sql", statement, "--format", "csv", "--data", cli.DataFolder);
        return result.Output.Split("\r\n").ElementAtOrDefault(1) ?? "";
    }

    private Task<CommandResult> DeadAsync(params string[] args) =>
        CommandLine.RunAsync(["dead", .. args, "--data", cli.DataFolder]);

    private static string Lines(CommandResult result) =>
        result.Output.ReplaceLineEndings("\n");

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
