using System.Text.RegularExpressions;
using Earshot.Log;
using Earshot.Log.Sqlite;
using Earshot.Tests.Integration.Archive;

namespace Earshot.Tests.Integration.Host;

/// <summary>The archive held against a recomputation: it agrees, and it bites.</summary>
public sealed class VerifyTests(VerifyTests.Traffic traffic)
    : IClassFixture<VerifyTests.Traffic>, IDisposable
{
    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [DuckDbTheory]
    [InlineData]
    [InlineData("--shuffle")]
    [InlineData("--partitions", "3")]
    [InlineData("--mode", "update")]
    [InlineData("--partitions", "2", "--mode", "update", "--window", "1m,10m/5m,1h")]
    [InlineData("--lateness", "20s", "--keys", "();edge,region")]
    public async Task Generated_traffic_is_as_recomputed(params string[] form)
    {
        string file = await traffic.ReplayAsync(cli.DataFolder, form);
        CommandResult verified = await VerifyAsync(file);
        Assert.True(verified.Code == 0, verified.Error + verified.Output);
        foreach (string table in (string[])
            ["aggregates", "insights", "predictions", "warnings", "dead"])
        {
            Counts counts = CountsOf(verified, table);
            Assert.True(counts.Equal > 0, $"{table}: {verified.Output}");
            Assert.Equal(counts with { Compared = counts.Equal, Pending = 0 }, counts);
        }

        Assert.Contains("records: 20,000 read", verified.Output);
    }

    [DuckDbFact]
    public async Task Lines_of_text_are_as_recomputed()
    {
        string file = cli.WriteEvents("call-events.jsonl", 60);
        await cli.ReplayAsync(file);
        CommandResult verified = await VerifyAsync(file);
        Assert.True(verified.Code == 0, verified.Error + verified.Output);
        Assert.Equal(1, CountsOf(verified, "dead").Equal);
    }

    [DuckDbTheory]
    [InlineData("aggregates", "carrier=")]
    [InlineData("insights", "carrier=")]
    [InlineData("predictions", "carrier=")]
    [InlineData("warnings", "high_jitter raised, report ")]
    [InlineData("dead", "partition 0, malformed")]
    public async Task A_lost_file_is_told_of_row_by_row(string table, string named)
    {
        string file = await CopyReplayAsync();
        foreach (string parquet in Files(table))
            File.Delete(parquet);
        CommandResult verified = await VerifyAsync(file, "--differences", "3");
        Assert.Equal(1, verified.Code);
        Assert.True(CountsOf(verified, table).Missing > 0, verified.Output);
        Assert.Equal(0, CountsOf(verified, table == "dead" ? "late" : "dead").Missing);
        Assert.Contains($"missing   {table}: ", verified.Output);
        Assert.Contains(named, verified.Output);
        Assert.Contains("is not what follows from the input", verified.Error);
    }

    [DuckDbTheory]
    [InlineData("aggregates", "\"count\" + 1", "count")]
    [InlineData("aggregates", "p95 * (1 + 1e-15)", "p95")]
    [InlineData("aggregates", "\"sum\" * (1 + 1e-8)", "sum")]
    [InlineData("aggregates", "buckets[2:]", "buckets")]
    [InlineData("aggregates", "NOT final", "final")]
    [InlineData("insights", "bad_network_reports + 1", "bad_network_reports")]
    [InlineData("insights", "coalesce(aloc, 0) + 1e-3", "aloc")]
    [InlineData("predictions", "history + 1", "history")]
    [InlineData("predictions", "coalesce(low, 0) - 1e-3", "low")]
    public async Task A_changed_value_is_told_of_with_row_and_column(
        string table, string value, string column)
    {
        string file = await CopyReplayAsync();
        await ChangeAsync(
            table, $"SELECT * REPLACE (CASE WHEN log_offset = 7 THEN {value} ELSE \"{column}\" END "
            + $"AS \"{column}\") FROM source");
        CommandResult verified = await VerifyAsync(file);
        Assert.Equal(1, verified.Code);
        Assert.Equal(1, CountsOf(verified, table).Different);
        Assert.Contains($"different {table}: 5m from 2025-", verified.Output);
        Assert.Matches($"  {column}: archive .*, recomputed ", verified.Output);
    }

    [DuckDbTheory]
    [InlineData("coalesce(value, 0) + 1", "value")]
    [InlineData("coalesce(duration_s, 0) + 1e-3", "duration_s")]
    [InlineData("event_time + INTERVAL 1 MILLISECOND", "event_time")]
    [InlineData("samples_crossed + 1", "samples_crossed")]
    public async Task A_changed_warning_is_told_of(string value, string column)
    {
        string file = await CopyReplayAsync();
        await ChangeAsync(
            "warnings", $"SELECT * REPLACE (CASE WHEN log_offset = 7 THEN {value} ELSE "
            + $"\"{column}\" END AS \"{column}\") FROM source");
        CommandResult verified = await VerifyAsync(file);
        Assert.Equal(1, verified.Code);
        Assert.Equal(1, CountsOf(verified, "warnings").Different);
        Assert.Matches($"  {column}: archive .*, recomputed ", verified.Output);
    }

    [DuckDbFact]
    public async Task Rows_of_calls_are_as_recomputed_and_a_changed_one_is_told_of()
    {
        string file = await traffic.ReplayAsync(cli.DataFolder, "--archive-calls");
        CommandResult verified = await VerifyAsync(file);
        Assert.True(verified.Code == 0, verified.Error + verified.Output);
        Counts counts = CountsOf(verified, "calls");
        Assert.True(counts.Equal > 100, verified.Output);
        Assert.Equal(counts with { Compared = counts.Equal, Pending = 0 }, counts);

        // What is counted of tags is what the rows say; calls given up count nowhere.
        CommandResult tagged = await CommandLine.RunAsync(
            "sql", "SELECT (SELECT sum(high_packet_loss) FROM insights WHERE grouping = 'country') "
            + "= (SELECT count(*) FROM calls WHERE len(list_filter(tags, "
            + "lambda t: t.tag = 'high_packet_loss')) > 0 AND closed_by <> 'limit') AS same",
            "--format", "csv", "--data", cli.DataFolder);
        Assert.Equal("same\ntrue\n", tagged.Output.ReplaceLineEndings("\n"));
        await ChangeAsync(
            "calls", "SELECT * REPLACE (CASE WHEN log_offset = 7 THEN tags[2:] ELSE tags END AS "
            + "tags, CASE WHEN log_offset = 8 THEN 1 ELSE mos END AS mos) FROM source");
        verified = await VerifyAsync(file);
        Assert.Equal(1, verified.Code);
        Assert.InRange(CountsOf(verified, "calls").Different, 1, 2);
        Assert.Matches("  mos: archive 1, recomputed ", verified.Output);
    }

    [DuckDbFact]
    public async Task Sums_may_differ_in_their_last_bits()
    {
        string file = await CopyReplayAsync();
        await ChangeAsync("aggregates", "SELECT * REPLACE (\"sum\" * (1 + 1e-12) AS \"sum\", "
            + "mean * (1 - 1e-12) AS mean, revision + 1 AS revision) FROM source");
        CommandResult verified = await VerifyAsync(file);
        Assert.True(verified.Code == 0, verified.Output);
    }

    [DuckDbFact]
    public async Task Rows_too_many_and_rows_twice_are_told_of()
    {
        string file = await CopyReplayAsync();
        await ChangeAsync("insights", "SELECT * FROM source UNION ALL BY NAME "
            + "SELECT * REPLACE ('nobody' AS carrier) FROM source WHERE log_offset = 3 "
            + "UNION ALL BY NAME SELECT * FROM source WHERE log_offset = 5");
        CommandResult verified = await VerifyAsync(file);
        Assert.Equal(1, verified.Code);
        Counts counts = CountsOf(verified, "insights");
        Assert.Equal((1, 1, 0), (counts.Extra, counts.Repeated, counts.Missing));
        Assert.Contains("extra     insights: 5m from", verified.Output);
        Assert.Contains("carrier=nobody", verified.Output);
        Assert.Contains("repeated  insights: 5m from", verified.Output);
    }

    [DuckDbFact]
    public async Task What_met_a_closed_window_is_explained_by_the_late_table()
    {
        string file = await CopyReplayAsync();
        string lost = Assert.Single(Files("aggregates"));
        string late = Assert.Single(Files("late"));
        await ChangeAsync("late", "SELECT * FROM source UNION ALL BY NAME SELECT * REPLACE "
            + "(0 AS log_offset), 'window_closed' AS reason, window_start AS event_time "
            + $"FROM read_parquet('{lost}', hive_partitioning = false) WHERE log_offset = 7");
        CommandResult tooMany = await VerifyAsync(file);
        Assert.True(tooMany.Code == 0, tooMany.Output);
        await ChangeAsync("aggregates", "SELECT * FROM source WHERE log_offset <> 7");
        CommandResult verified = await VerifyAsync(file);
        Assert.True(verified.Code == 0, verified.Output);
        Assert.Equal(1, CountsOf(verified, "aggregates").Late);
        Assert.Contains("window_closed", verified.Output);
        File.Delete(late);
        Assert.Equal(1, (await VerifyAsync(file)).Code);
    }

    [DuckDbFact]
    public async Task A_stopped_replay_is_verified_up_to_where_it_came()
    {
        string file = cli.WriteEvents("call-events.jsonl", 600);
        CommandResult stopped;
        int seconds = 1;
        do
        {
            // Ten hours in twenty seconds; on a busy machine it may not have begun to read.
            using CancellationTokenSource stop = new(TimeSpan.FromSeconds(seconds));
            stopped = await CommandLine.RunAsync(
                [
                    "replay", file, "--format", "call-event-json", "--keys", "country", "--data",
                    cli.DataFolder, "--speed", "1800x",
                ],
                stop.Token);
            seconds *= 2;
        }
        while (seconds < 32 && !Regex.IsMatch(stopped.Error, "Stopped after [1-9]"));
        Assert.Equal(130, stopped.Code);
        CommandResult verified = await VerifyAsync(file);
        Assert.True(verified.Code == 0, verified.Error + verified.Output);
        Assert.True(CountsOf(verified, "aggregates").Pending > 0, verified.Output);
    }

    [DuckDbFact]
    public async Task A_log_that_was_trimmed_cannot_be_checked()
    {
        await RunServiceAsync();
        CommandResult verified = await VerifyAsync();
        Assert.True(verified.Code == 0, verified.Error + verified.Output);
        await using (SqliteLog log = await SqliteLog.OpenAsync(
            new SqliteLogOptions(Path.Combine(cli.DataFolder, "log.db")), TimeProvider.System,
            default))
        {
            await log.TrimAsync(new TopicPartition("earshot.calls.v1", 0), 5, default);
        }

        CommandResult trimmed = await VerifyAsync();
        Assert.Equal(1, trimmed.Code);
        Assert.Contains("begins at record 5", trimmed.Error);
        Assert.Contains("--log-retention", trimmed.Error);
        CommandResult files = await VerifyAsync(cli.WriteEvents("call-events.jsonl", 1));
        Assert.Equal(2, files.Code);
        Assert.Contains("generated traffic", files.Error);
    }

    [DuckDbFact]
    public async Task Wrong_use_is_told_of()
    {
        CommandResult nothing = await VerifyAsync();
        Assert.Equal(2, nothing.Code);
        Assert.Contains("no data folder", nothing.Error);
        string file = cli.WriteEvents("call-events.jsonl", 20);
        await cli.ReplayAsync(file);
        CommandResult unnamed = await VerifyAsync();
        Assert.Equal(2, unnamed.Code);
        Assert.Contains("Name the files that were replayed", unnamed.Error);
        CommandResult other = await VerifyAsync(cli.WriteEvents("call-events.jsonl", 20, "fr"));
        Assert.Equal(2, other.Code);
        Assert.Contains("other content", other.Error);
        CommandResult format = await VerifyAsync(file, "--format", "xml");
        Assert.Equal(2, format.Code);
        Assert.Contains("call-event-json", format.Error);
        Assert.Equal(2, (await VerifyAsync(file, "--differences", "-1")).Code);
    }

    [Fact]
    public async Task Its_help_says_what_it_does()
    {
        CommandResult help = await CommandLine.RunAsync("verify", "--help");
        Assert.Equal(0, help.Code);
        foreach (string said in (string[])["--differences", "--format", "--archive", "FILE"])
            Assert.Contains(said, help.Output);
    }

    private Task<CommandResult> VerifyAsync(params string[] args) =>
        CommandLine.RunAsync(["verify", .. args, "--data", cli.DataFolder]);

    /// <summary>A replay of the traffic by carrier, for this test to change.</summary>
    private async Task<string> CopyReplayAsync()
    {
        string source = await traffic.ByCarrier.Value;
        foreach (string path in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(cli.DataFolder, Path.GetRelativePath(source, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }

        return traffic.File;
    }

    /// <summary>Until some minutes of traffic are archived.</summary>
    private async Task RunServiceAsync()
    {
        using CancellationTokenSource stop = new();
        string url = $"http://127.0.0.1:{ServiceTests.FreePort()}";
        Task<CommandResult> service = CommandLine.RunAsync(
            ["run", "--urls", url, "--backfill", "30m", "--rate", "2", "--data", cli.DataFolder],
            stop.Token);
        string archive = cli.PathOf("data/archive/insights");
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        while (!service.IsCompleted
            && (!Directory.Exists(archive) || Files("insights").Length == 0))
        {
            // The question itself takes its time: no pause is needed between two.
            limit.Token.ThrowIfCancellationRequested();
            await CommandLine.RunAsync("status", "--url", url);
        }

        await stop.CancelAsync();
        CommandResult ended = await service;
        Assert.True(ended.Code == 0, ended.Error);
    }

    private string[] Files(string table) => Directory.GetFiles(
        cli.PathOf($"data/archive/{table}"), "*.parquet", SearchOption.AllDirectories);

    /// <summary>Replaces the table's one file by a query over it.</summary>
    private async Task ChangeAsync(string table, string query)
    {
        string file = Assert.Single(Files(table));
        CommandResult changed = await CommandLine.RunAsync(
            "sql", $"WITH source AS (SELECT * FROM read_parquet('{file}', "
            + $"hive_partitioning = false)) {query}",
            "--format", "parquet", "--out", file + ".new", "--data", cli.DataFolder);
        Assert.True(changed.Code == 0, changed.Error);
        File.Move(file + ".new", file, overwrite: true);
    }

    private static Counts CountsOf(CommandResult verified, string table)
    {
        string line = verified.Output.Split('\n').Single(
            l => l.StartsWith(table + " ", StringComparison.Ordinal));
        long[] counts = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]
            .Select(text => long.Parse(text.Trim().Replace(",", "")))];
        return new Counts(
            counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6],
            counts[7]);
    }

    private sealed record Counts(
        long Compared, long Equal, long Different, long Missing, long Extra, long Repeated,
        long Late, long Pending);

    /// <summary>A file of generated traffic, and a replay of it by carrier.</summary>
    public sealed class Traffic : IDisposable
    {
        private readonly CommandLine cli = new();

        public Traffic() => ByCarrier = new Lazy<Task<string>>(async () =>
        {
            await ReplayAsync(cli.DataFolder, "--keys", "carrier");
            return cli.DataFolder;
        });

        public Lazy<Task<string>> ByCarrier { get; }

        public string File => cli.PathOf("traffic.pb");

        public async Task<string> ReplayAsync(string data, params string[] form)
        {
            if (!System.IO.File.Exists(File))
            {
                CommandResult generated = await CommandLine.RunAsync(
                    "generate", "--out", File, "--events", "20000", "--rate", "3");
                Assert.True(generated.Code == 0, generated.Error);
            }

            CommandResult replayed = await CommandLine.RunAsync(
                ["replay", File, "--data", data, .. form]);
            Assert.True(replayed.Code == 0, replayed.Error);
            return File;
        }

        public void Dispose() => cli.Dispose();
    }
}
