using System.Text.Json;
using Earshot.Tests.Integration.Archive;

namespace Earshot.Tests.Integration.Reference;

/// <summary>
/// The public capture, from the command line to the archive, against recompute.mjs, which
/// reckons the same from the files alone.
/// </summary>
public sealed class ReferenceReplayTests(ReferenceReplays replays) : ReferenceTests(replays)
{
    private const double Rounding = 1e-9;
    private const double BucketError = 0.01;
    private const int ExactMax = 64;

    private static readonly string[] percentiles = ["p25", "p50", "p75", "p90", "p95", "p99"];

    [ReferenceFact]
    public async Task Books_of_getstats_balance()
    {
        ReferenceReplay replay = await Replays.OfAsync(ReferenceReplays.GetStats);
        JsonElement books = Assert.Single(Replays.Recomputed("books"));
        Assert.Contains("balanced", replay.Summary);
        Assert.DoesNotContain("NOT BALANCED", replay.Summary);
        AssertBook(101_606, "rows read", "rows");
        AssertBook(23_572, "aggregated", "aggregated");
        AssertBook(999, "duplicate", "duplicate");
        AssertBook(77_035, "ignored", "ignored");
        Assert.Equal(0, replay.Count("late"));
        Assert.Equal(0, replay.Count("dead"));
        AssertBook(67, "values set aside", "set_aside");

        void AssertBook(long count, string line, string property)
        {
            Assert.Equal(count, replay.Count(line));
            Assert.Equal(count, books.GetProperty(property).GetInt64());
        }
    }

    [ReferenceFact]
    public async Task Books_of_signalling_balance()
    {
        ReferenceReplay replay = await Replays.OfAsync(ReferenceReplays.Signalling);
        Assert.DoesNotContain("NOT BALANCED", replay.Summary);
        Assert.Equal(26_314, replay.Count("rows read"));
        Assert.Equal(18_207, replay.Count("aggregated"));
        Assert.Equal(8_107, replay.Count("ignored"));
        Assert.Equal(0, replay.Count("late"));
        Assert.Equal(0, replay.Count("dead"));
    }

    [ReferenceFact]
    public async Task Statistics_of_getstats_are_those_recomputed()
    {
        ReferenceReplay replay = await Replays.OfAsync(ReferenceReplays.GetStats);
        JsonElement[] rows = await replay.QueryAsync(
            """
            SELECT * EXCLUDE (buckets) FROM aggregates
            WHERE metric IN ('jitter', 'rtt', 'remote_jitter')
            """);
        string[] key = ["carrier", "window", "window_start", "metric"];
        int sketched = 0;
        foreach ((string at, JsonElement expected, JsonElement actual) in JsonRows.Pairs(
            JsonRows.ByKey(Replays.Recomputed("aggregate"), key), JsonRows.ByKey(rows, key)))
        {
            AssertStatistics(expected, actual, at);
            Assert.True(actual.GetProperty("final").GetBoolean(), at);
            if (actual.GetProperty("count").GetInt64() > ExactMax)
                sketched++;
        }

        Assert.InRange(sketched, 1, rows.Length - 1);
    }

    [ReferenceFact]
    public async Task Warnings_of_getstats_are_those_recomputed()
    {
        ReferenceReplay replay = await Replays.OfAsync(ReferenceReplays.GetStats);
        JsonElement[] rows = await replay.QueryAsync(
            """
            SELECT carrier, warning, raised, cause, event_time, raised_at, duration_s, source_offset
            FROM warnings
            """);
        string[] key = ["source_offset", "warning", "raised", "cause"];
        foreach ((string at, JsonElement expected, JsonElement actual) in JsonRows.Pairs(
            JsonRows.ByKey(Replays.Recomputed("warning"), key), JsonRows.ByKey(rows, key)))
        {
            foreach (JsonProperty column in actual.EnumerateObject())
            {
                JsonRows.AssertSame(
                    expected.GetProperty(column.Name), column.Value, 0, $"{at} {column.Name}");
            }
        }
    }

    [ReferenceFact]
    public async Task Call_ratios_of_signalling_are_those_recomputed()
    {
        ReferenceReplay replay = await Replays.OfAsync(ReferenceReplays.Signalling);
        JsonElement[] rows = await replay.QueryAsync("SELECT * FROM insights");
        string[] key = ["carrier", "window", "window_start"];
        foreach ((string at, JsonElement expected, JsonElement actual) in JsonRows.Pairs(
            JsonRows.ByKey(Replays.Recomputed("insight"), key), JsonRows.ByKey(rows, key)))
        {
            Compare("attempts", 0);
            Compare("answered", 0);
            Compare("asr", Rounding);
            Compare("aloc", Rounding);

            void Compare(string name, double tolerance) => JsonRows.AssertSame(
                expected.GetProperty(name), actual.GetProperty(name), tolerance, $"{at} {name}");
        }
    }

    [ReferenceFact]
    public async Task Setup_delays_of_signalling_are_those_recomputed()
    {
        ReferenceReplay replay = await Replays.OfAsync(ReferenceReplays.Signalling);
        JsonElement[] rows = await replay.QueryAsync(
            "SELECT * EXCLUDE (buckets) FROM aggregates WHERE metric = 'pdd'");
        string[] key = ["carrier", "window", "window_start"];
        IEnumerable<JsonElement> withDelays = Replays.Recomputed("insight")
            .Where(line => line.GetProperty("pdd").GetProperty("count").GetInt64() > 0);
        foreach ((string at, JsonElement expected, JsonElement actual) in JsonRows.Pairs(
            JsonRows.ByKey(withDelays, key), JsonRows.ByKey(rows, key)))
            AssertStatistics(expected.GetProperty("pdd"), actual, at);
    }

    [ReferenceForeignReaderTheory]
    [InlineData(ReferenceReplays.GetStats, "aggregates")]
    [InlineData(ReferenceReplays.GetStats, "insights")]
    [InlineData(ReferenceReplays.Signalling, "aggregates")]
    [InlineData(ReferenceReplays.Signalling, "insights")]
    public async Task Another_parquet_reader_reads_the_same_rows(string file, string table)
    {
        ReferenceReplay replay = await Replays.OfAsync(file);
        JsonElement[] rows = await replay.QueryAsync(
            $"SELECT * EXCLUDE (year, month, day) FROM {table}");
        JsonElement[] read = ForeignReaderTests.Run(replay.Files(table));
        string[] key = ["log_partition", "log_offset"];
        foreach ((string at, JsonElement expected, JsonElement actual) in JsonRows.Pairs(
            JsonRows.ByKey(rows, key), JsonRows.ByKey(read, key)))
        {
            Assert.Equal(
                expected.EnumerateObject().Select(p => p.Name),
                actual.EnumerateObject().Select(p => p.Name));
            foreach (JsonProperty column in expected.EnumerateObject())
            {
                JsonRows.AssertSame(
                    column.Value, actual.GetProperty(column.Name), 0, $"{at} {column.Name}");
            }
        }
    }

    private static void AssertStatistics(JsonElement expected, JsonElement actual, string at)
    {
        foreach (string name in (string[])["count", "min", "max"])
            Compare(name, 0);
        foreach (string name in (string[])["sum", "mean", "stddev"])
            Compare(name, Rounding);
        bool exact = expected.GetProperty("count").GetInt64() <= ExactMax;
        foreach (string name in percentiles)
            Compare(name, exact ? 0 : BucketError);

        void Compare(string name, double tolerance) => JsonRows.AssertSame(
            expected.Column(name), actual.GetProperty(name), tolerance, $"{at} {name}");
    }
}
