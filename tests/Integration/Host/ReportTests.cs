using System.Text.Json;
using Earshot.Tests.Integration.Archive;

namespace Earshot.Tests.Integration.Host;

/// <summary>Reports over replays of generated traffic.</summary>
public sealed class ReportTests(ReportTests.Traffic traffic) : IClassFixture<ReportTests.Traffic>
{
    private const double BucketError = 0.02;

    // What depends on the order of adding, in its last bits.
    private static readonly string[] sums = ["connected_minutes", "aloc"];

    [DuckDbTheory]
    [InlineData("--by carrier")]
    [InlineData("")]
    [InlineData("--by carrier --where carrier=telco_a --where carrier=telco_c")]
    [InlineData("--by carrier --from 2025-01-06 --to 2025-01-07")]
    [InlineData("--by carrier --window 1d")]
    public async Task Rolled_up_it_is_as_if_it_had_been_one_window(string asked)
    {
        // Windows of a day by carrier are the smallest answer; the others merge 288 and more.
        JsonElement[] days = await ReportAsync(await traffic.DaysByCarrier.Value, asked);
        JsonElement[] minutes = await ReportAsync(await traffic.MinutesByPair.Value, asked);
        JsonElement[] both = await ReportAsync(await traffic.Everything.Value, asked);
        Assert.NotEmpty(days);
        AssertSame(days, minutes);
        AssertSame(days, both);
    }

    [DuckDbTheory]
    [InlineData("2025-01-06T00:00", "2025-01-06T06:00", "2025-01-06T12:00")]
    [InlineData("2025-01-06T00:05", "2025-01-06T03:35", "2025-01-06T11:00")]
    public async Task Ranges_that_meet_add_up_to_the_whole(string first, string second, string end)
    {
        string data = await traffic.Everything.Value;
        string by = "--by carrier --from";
        JsonElement[] whole = await ReportAsync(data, $"{by} {first} --to {end}");
        JsonElement[] parts =
        [
            .. await ReportAsync(data, $"{by} {first} --to {second}"),
            .. await ReportAsync(data, $"{by} {second} --to {end}"),
        ];
        Assert.NotEmpty(whole);
        foreach (string count in (string[])
            ["calls", "answered", "invites", "completed", "reports", "bad_network", "pdd_count"])
            Assert.Equal(Total(whole, count), Total(parts, count));
    }

    [DuckDbFact]
    public async Task It_is_what_sql_written_by_hand_says()
    {
        string data = await traffic.Everything.Value;
        JsonElement[] report = await ReportAsync(
            data, "--by carrier --sort carrier --from 2025-01-06T02:00 --to 2025-01-06T09:30");
        const string Rows =
            """
            "window" = '5m' AND "grouping" = 'carrier'
            AND window_start BETWEEN '2025-01-06 02:00:00Z' AND '2025-01-06 09:25:00Z'
            """;
        CommandResult sql = await CommandLine.RunAsync(
            "sql",
            $"""
            SELECT carrier, sum(calls)::BIGINT calls,
                sum(answered) * 100.0::DOUBLE / sum(attempts) asr,
                sum(connected_minutes) * 60 / sum(duration_known) aloc,
                sum(established) * 100.0::DOUBLE / (sum(invites) - sum(redirected)) ser,
                (SELECT least(percentile(buckets, 95), max("max")) FROM aggregates a
                    WHERE {Rows} AND metric = 'pdd' AND a.carrier = i.carrier) pdd_p95,
                (SELECT sum(sum) / sum(count) FROM aggregates a
                    WHERE {Rows} AND metric = 'jitter' AND a.carrier = i.carrier) jitter_mean
            FROM insights i WHERE {Rows} GROUP BY carrier ORDER BY carrier
            """,
            "--format", "json", "--data", data);
        Assert.True(sql.Code == 0, sql.Error);
        JsonElement[] rows = Parse(sql.Output);
        Assert.Equal(rows.Length, report.Length);
        for (int i = 0; i < rows.Length; i++)
        {
            foreach (JsonProperty column in rows[i].EnumerateObject())
                AssertSame(column.Value, report[i].GetProperty(column.Name), 1e-12, column.Name);
        }
    }

    [DuckDbTheory]
    [InlineData("--by carrier", "window of 1d grouped by 'carrier'")]
    [InlineData("--by account", "window of 1d grouped by 'account,direction'")]
    [InlineData("--by country,carrier", "window of 1d grouped by 'carrier,country'")]
    [InlineData("--by country --where carrier=telco_a", "grouped by 'carrier,country'")]
    [InlineData("--by carrier --to 2025-01-06T03:00", "windows of 1h grouped")]
    [InlineData("--by carrier --to 2025-01-06T03:05", "windows of 5m grouped")]
    [InlineData("--by carrier --window 2h", "windows of 1h grouped")]
    [InlineData("--by carrier --to 2025-01-06T03:02", "to 2025-01-06T03:05:00Z")]
    [InlineData("--by carrier --to 2025-01-06T03:02", "rounded outwards to whole ones of 5m")]
    [InlineData("--by carrier --from 2026-01-01", "There are no such calls")]
    [InlineData("--where carrier=nobody", "There are no such calls")]
    public async Task It_says_what_it_is_made_of(string asked, string said)
    {
        CommandResult result = await RunAsync(await traffic.Everything.Value, asked);
        Assert.True(result.Code == 0, result.Error);
        Assert.Contains(said, result.Error);
    }

    [DuckDbTheory]
    [InlineData("--by carrier,account", "it has account,direction; carrier; carrier,country")]
    [InlineData("--by nothing", "No grouping set of the archive has 'nothing'")]
    [InlineData("--by carrier --where edge=x", "--keys")]
    [InlineData("--by carrier --window 7m", "(5m, 1h, 1d) none fits into 7m")]
    [InlineData("--by carrier --window 1h/5m", "sliding")]
    [InlineData("--by carrier --window soon", "--window 'soon'")]
    [InlineData("--by carrier --from yesterday", "--from 'yesterday': allowed is a date or time")]
    [InlineData("--by carrier --from 2025-01-07 --to 2025-01-07", "--to must be after --from")]
    [InlineData("--by carrier,carrier", "'carrier' is there twice")]
    [InlineData("--by carrier --where telco_a", "NAME=VALUE")]
    [InlineData("--by carrier --sort best", "no column 'best'")]
    [InlineData("--by carrier --sort asr:up", "COLUMN:asc")]
    [InlineData("--by carrier --limit 0", "--limit 0")]
    [InlineData("--format parquet", "parquet")]
    public async Task Wrong_use_ends_with_2(string asked, string said)
    {
        CommandResult result = await RunAsync(await traffic.Everything.Value, asked);
        Assert.Equal(2, result.Code);
        Assert.Contains(said, result.Error);
        Assert.DoesNotContain("   at ", result.Error);
    }

    [DuckDbFact]
    public async Task Rows_are_sorted_limited_and_left_out_as_asked()
    {
        string data = await traffic.Everything.Value;
        JsonElement[] rows = await ReportAsync(data, "--by country --sort asr:asc");
        double[] ratios = [.. rows.Select(row => row.GetProperty("asr").GetDouble())];
        Assert.Equal(ratios.Order(), ratios);
        JsonElement[] most = await ReportAsync(data, "--by country --limit 2");
        long[] calls = [.. rows.Select(row => row.GetProperty("calls").GetInt64())];
        Assert.Equal(
            calls.OrderDescending().Take(2),
            most.Select(row => row.GetProperty("calls").GetInt64()));
        long least = calls.Order().ElementAt(1);
        JsonElement[] many = await ReportAsync(data, $"--by country --min-calls {least}");
        Assert.Equal(calls.Count(count => count >= least), many.Length);
        JsonElement[] hours = await ReportAsync(data, "--window 6h --metrics rtt");
        string[] times = [.. hours.Select(row => row.GetProperty("from").GetString()!)];
        Assert.Equal("2025-01-06T00:00:00Z", times[0]);
        Assert.Equal(times.Order(StringComparer.Ordinal), times);
        Assert.True(hours[0].TryGetProperty("rtt_p95", out _));
        Assert.False(hours[0].TryGetProperty("pdd_p95", out _));
    }

    [DuckDbFact]
    public async Task An_empty_one_is_an_empty_list()
    {
        string data = await traffic.Everything.Value;
        Assert.Empty(await ReportAsync(data, "--where carrier=nobody"));
        CommandResult missing = await RunAsync(data + "-not-there", "");
        Assert.Equal(1, missing.Code);
        Assert.Contains("earshot replay", missing.Error);
    }

    [DuckDbFact]
    public async Task It_can_be_written_to_a_file_as_csv()
    {
        string path = traffic.PathOf("report.csv");
        CommandResult result = await RunAsync(
            await traffic.Everything.Value, $"--by carrier --format csv --out {path}");
        Assert.True(result.Code == 0, result.Error);
        Assert.Empty(result.Output);
        Assert.StartsWith("carrier,from,to,calls,", await File.ReadAllTextAsync(path));
    }

    private static Task<CommandResult> RunAsync(string data, string asked) =>
        CommandLine.RunAsync(
            ["report", .. asked.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--data", data]);

    private static async Task<JsonElement[]> ReportAsync(string data, string asked)
    {
        CommandResult result = await RunAsync(data, asked + " --format json");
        Assert.True(result.Code == 0, result.Error);
        return Parse(result.Output);
    }

    private static JsonElement[] Parse(string json)
    {
        using JsonDocument rows = JsonDocument.Parse(json);
        return [.. rows.RootElement.EnumerateArray().Select(row => row.Clone())];
    }

    private static long Total(JsonElement[] rows, string column) =>
        rows.Sum(row => row.GetProperty(column).GetInt64());

    private static void AssertSame(JsonElement[] expected, JsonElement[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            foreach (JsonProperty column in expected[i].EnumerateObject())
            {
                // As far as the windows reach, of whatever length they are.
                if (column.Name is "from" or "to")
                    continue;
                double tolerance = column.Name.Contains("_p", StringComparison.Ordinal)
                    ? BucketError
                    : sums.Contains(column.Name) || column.Name.EndsWith("_mean") ? 1e-9 : 0;
                AssertSame(
                    column.Value, actual[i].GetProperty(column.Name), tolerance,
                    $"row {i}, {column.Name}");
            }
        }
    }

    private static void AssertSame(
        JsonElement expected, JsonElement actual, double tolerance, string at)
    {
        if (tolerance > 0 && expected.ValueKind == JsonValueKind.Number
            && actual.ValueKind == JsonValueKind.Number)
        {
            (double a, double b) = (expected.GetDouble(), actual.GetDouble());
            Assert.True(Math.Abs(a - b) <= tolerance * Math.Abs(a), $"{at}: {a} and {b}");
            return;
        }

        Assert.True(
            expected.GetRawText() == actual.GetRawText(),
            $"{at}: {expected.GetRawText()} and {actual.GetRawText()}");
    }

    /// <summary>A file of generated traffic, replayed in forms that roll up differently.</summary>
    public sealed class Traffic : IDisposable
    {
        private readonly CommandLine cli = new();
        private readonly Lazy<Task<string>> file;

        public Traffic()
        {
            file = new(async () =>
            {
                string path = cli.PathOf("traffic.pb");
                await RunAsync("generate", "--out", path, "--events", "20000", "--rate", "0.02");
                return path;
            });
            DaysByCarrier = Replay("days", "1d", "carrier");
            MinutesByPair = Replay("minutes", "5m", "carrier,country");
            Everything = Replay(
                "everything", "5m,1h,1d,2h/1h",
                "carrier;country;carrier,country;account,direction");
        }

        public Lazy<Task<string>> DaysByCarrier { get; }

        public Lazy<Task<string>> MinutesByPair { get; }

        public Lazy<Task<string>> Everything { get; }

        public string PathOf(string name) => cli.PathOf(name);

        public void Dispose() => cli.Dispose();

        private Lazy<Task<string>> Replay(string name, string windows, string keys) =>
            new(async () =>
            {
                string data = cli.PathOf(name);
                await RunAsync(
                    "replay", await file.Value, "--data", data, "--window", windows, "--keys",
                    keys);
                return data;
            });

        private static async Task RunAsync(params string[] args)
        {
            CommandResult result = await CommandLine.RunAsync(args);
            Assert.True(result.Code == 0, result.Error);
        }
    }
}
