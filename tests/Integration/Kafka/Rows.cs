using System.Text.Json;
using Earshot.Tests.Integration.Host;
using Earshot.Tests.Integration.Reference;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>What an archive says of the generated traffic.</summary>
internal sealed class Rows
{
    private const double Rounding = 1e-9;

    // How a row was made and where it lies, not what it says.
    private const string Provenance = "revision, log_partition, log_offset, year, month, day";

    private static readonly string[] rounded =
    [
        "sum", "mean", "stddev", "aloc", "connected_minutes", "expected", "low", "high",
        "observed", "next_expected", "next_low", "next_high",
    ];

    private static readonly string[] insightKey =
        ["window", "window_start", "grouping", "carrier", "country"];

    private readonly Dictionary<string, Dictionary<string, JsonElement>> tables = [];

    /// <summary>Reads the windows of the traffic, not those of what closed them.</summary>
    /// <remarks>Every revision there is: a row that came twice is a failure.</remarks>
    public static async Task<Rows> ReadAsync(string data)
    {
        Rows rows = new();
        string[] metricKey = [.. insightKey, "metric"];
        foreach ((string table, string[] key) in ((string, string[])[])
            [("aggregates", metricKey), ("insights", insightKey), ("predictions", metricKey)])
        {
            rows.tables[table] = JsonRows.ByKey(
                await QueryAsync(data, $"SELECT * EXCLUDE ({Provenance}) FROM {table}_all "
                    + "WHERE window_start < '2025-01-20'"),
                key);
        }

        foreach (string table in (string[])["late", "dead"])
        {
            rows.tables[table] = JsonRows.ByKey(
                await QueryAsync(
                    data, $"SELECT reason, count(*) AS n FROM {table} GROUP BY reason"),
                "reason");
        }

        return rows;
    }

    /// <summary>How many a table has.</summary>
    public int Count(string table) => tables[table].Count;

    /// <summary>A table's rows.</summary>
    public IEnumerable<JsonElement> Of(string table) => tables[table].Values;

    /// <summary>Asserts that these are the same as others, sums in all but the last bits.</summary>
    public void AssertSame(Rows expected)
    {
        foreach ((string table, Dictionary<string, JsonElement> mine) in tables)
        {
            // Of some input nothing is late.
            if (table == "late" && mine.Count == 0 && expected.Count(table) == 0)
                continue;
            foreach ((string at, JsonElement there, JsonElement here) in JsonRows.Pairs(
                expected.tables[table], mine))
            {
                foreach (JsonProperty column in there.EnumerateObject())
                {
                    JsonRows.AssertSame(
                        column.Value, here.GetProperty(column.Name),
                        rounded.Contains(column.Name) ? Rounding : 0,
                        $"{table} {at} {column.Name}");
                }
            }
        }
    }

    private static async Task<JsonElement[]> QueryAsync(string data, string sql)
    {
        CommandResult result = await CommandLine.RunAsync(
            "sql", sql, "--format", "json", "--data", data);
        Assert.True(result.Code == 0, result.Error);
        using JsonDocument rows = JsonDocument.Parse(result.Output);
        return [.. rows.RootElement.EnumerateArray().Select(row => row.Clone())];
    }
}
