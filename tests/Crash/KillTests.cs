using System.Text.Json;

namespace Earshot.Tests.Crash;

/// <summary>
/// Real processes killed with SIGKILL at arbitrary moments: the rows must be those of an
/// undisturbed run. Where a kill strikes differs from run to run; what comes out must not.
/// </summary>
public sealed class KillTests : IDisposable
{
    private const int Events = 60_000;
    private const int Kills = 6;

    /// <summary>
    /// Columns that may differ in their last bits: they depend on the order of merging.
    /// </summary>
    private static readonly HashSet<string> Sums =
    [
        "sum", "mean", "stddev", "expected", "low", "high", "observed", "next_expected",
        "next_low", "next_high", "aloc", "connected_minutes",
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("earshot-crash-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [DuckDbTheory]
    [InlineData]
    [InlineData("--shuffle", "--mode", "update")]
    [InlineData("--partitions", "4")]
    public async Task Killed_and_resumed_it_gives_the_same_rows(params string[] form)
    {
        string input = Path.Combine(folder, "traffic.pb");
        (int code, _, string error) = await EarshotProcess.RunAsync(
            "generate", "--out", input, "--events", $"{Events}", "--seed", "7");
        Assert.True(code == 0, error);
        string calm = Path.Combine(folder, "calm"), rough = Path.Combine(folder, "rough");
        (code, string wanted, error) = await ReplayAsync(calm, input, form);
        Assert.True(code == 0, error);

        Random random = new(42);
        int kills = 0;
        for (int i = 0; i < Kills; i++)
        {
            TimeSpan after = TimeSpan.FromMilliseconds(random.Next(150, 1200));
            if (!await EarshotProcess.RunAndKillAsync(after, Arguments(rough, input, form)))
                break;
            kills++;
        }

        (code, string found, error) = await ReplayAsync(rough, input, form);
        Assert.True(code == 0, error);
        Assert.True(kills > 0, "no run lasted long enough to be killed");
        Assert.Equal(Books(wanted), Books(found));
        string[] tables = ["aggregates", "insights", "predictions", "warnings", "late", "dead"];
        foreach (string table in tables)
            AssertSame(await RowsAsync(calm, table), await RowsAsync(rough, table), table);
    }

    private static string[] Arguments(string data, string input, string[] form) =>
    [
        "replay", input, "--data", data, "--window", "5m,1h", "--keys", "carrier;carrier,country",
        .. form,
    ];

    private static Task<(int Code, string Output, string Error)> ReplayAsync(
        string data, string input, string[] form) =>
        EarshotProcess.RunAsync(Arguments(data, input, form));

    private static string[] Books(string summary) =>
    [
        .. summary.Split('\n').Where(line =>
            line.Contains("rows read") || line.Contains("aggregated") || line.Contains("duplicate")
            || line.Contains("late") || line.Contains("dead") || line.Contains("windows closed")),
    ];

    private static async Task<List<JsonElement>> RowsAsync(string data, string table)
    {
        (int code, string json, string error) = await EarshotProcess.RunAsync(
            "sql", $"SELECT * EXCLUDE (log_partition, log_offset) FROM {table}", "--data", data,
            "--format", "json");
        Assert.True(code == 0, error);
        using JsonDocument document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(row => row.Clone())];
    }

    private static void AssertSame(List<JsonElement> wanted, List<JsonElement> found, string table)
    {
        Assert.True(wanted.Count > 0 || table is "late" or "dead", $"no rows in {table}");
        Assert.Equal(wanted.Count, found.Count);
        SortedDictionary<string, JsonElement> a = ById(wanted), b = ById(found);
        Assert.Equal(a.Keys, b.Keys);
        foreach ((string id, JsonElement row) in a)
        {
            foreach (JsonProperty column in row.EnumerateObject())
            {
                JsonElement other = b[id].GetProperty(column.Name);
                bool same = Sums.Contains(column.Name)
                    && column.Value.ValueKind == JsonValueKind.Number
                    && other.ValueKind == JsonValueKind.Number
                    ? Near(column.Value.GetDouble(), other.GetDouble())
                    : column.Name == "revision" || column.Value.GetRawText() == other.GetRawText();
                Assert.True(same, $"{table} {id} {column.Name}: {column.Value} or {other}");
            }
        }
    }

    private static SortedDictionary<string, JsonElement> ById(List<JsonElement> rows)
    {
        string[] identity =
        [
            "window", "window_start", "grouping", "carrier", "country", "metric",
            "source_partition", "source_offset", "warning", "raised", "cause",
        ];
        SortedDictionary<string, JsonElement> byId = new(StringComparer.Ordinal);
        foreach (JsonElement row in rows)
        {
            string id = string.Join('|', identity.Select(name =>
                row.TryGetProperty(name, out JsonElement value) ? value.ToString() : ""));
            Assert.True(byId.TryAdd(id, row), $"{id} twice");
        }

        return byId;
    }

    private static bool Near(double a, double b) =>
        Math.Abs(a - b) <= 1e-9 * Math.Max(Math.Abs(a), Math.Abs(b));
}
