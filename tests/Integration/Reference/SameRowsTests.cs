using System.Text.Json;

namespace Earshot.Tests.Integration.Reference;

/// <summary>However the capture is replayed, the rows are the same (DESIGN.md).</summary>
public sealed class SameRowsTests(ReferenceReplays replays) : ReferenceTests(replays)
{
    private const double Rounding = 1e-9;
    private const string Short = ReferenceReplays.ShortEpochs;

    // How a row was made and where it lies, not what it says.
    private static readonly string[] provenance =
        ["revision", "log_partition", "log_offset", "year", "month", "day"];

    private static readonly string[] rounded =
        ["sum", "mean", "stddev", "aloc", "connected_minutes"];

    [ReferenceTheory]
    [InlineData(ReferenceReplays.GetStats, "--shuffle")]
    [InlineData(ReferenceReplays.GetStats, "--partitions", "4")]
    [InlineData(ReferenceReplays.GetStats, "--mode", "update")]
    [InlineData(ReferenceReplays.GetStats, "--mode", "update", "--config", Short)]
    [InlineData(ReferenceReplays.GetStats, "--partitions", "4", "--config", Short)]
    [InlineData(ReferenceReplays.Signalling, "--shuffle")]
    [InlineData(ReferenceReplays.Signalling, "--mode", "update", "--config", Short)]
    [InlineData(ReferenceReplays.Signalling, "--shuffle", "--config", Short)]
    public async Task Every_form_gives_the_same_rows(string file, params string[] form)
    {
        ReferenceReplay fused = await Replays.OfAsync(file);
        ReferenceReplay other = await Replays.OfAsync(file, form);
        foreach (string line in (string[])["aggregated", "duplicate", "late", "dead", "ignored"])
            Assert.Equal(fused.Count(line), other.Count(line));
        await CompareAsync(
            fused, other, "aggregates", "carrier", "window", "window_start", "metric");
        await CompareAsync(fused, other, "insights", "carrier", "window", "window_start");
    }

    [ReferenceFact]
    public async Task Updates_come_before_the_final_row()
    {
        ReferenceReplay update = await Replays.OfAsync(
            ReferenceReplays.GetStats, "--mode", "update", "--config", Short);
        JsonElement row = Assert.Single(await update.QueryAsync(
            """
            SELECT (SELECT count(*) FROM aggregates_all) AS revisions,
                (SELECT count(*) FROM aggregates) AS rows,
                (SELECT count(*) FROM aggregates WHERE NOT final) AS open
            """));
        Assert.True(
            row.GetProperty("revisions").GetInt64() > row.GetProperty("rows").GetInt64(),
            row.GetRawText());
        Assert.Equal(0, row.GetProperty("open").GetInt64());
    }

    private static async Task CompareAsync(
        ReferenceReplay fused, ReferenceReplay other, string table, params string[] key)
    {
        string sql = $"SELECT * EXCLUDE ({string.Join(", ", provenance)}) FROM {table}";
        JsonElement[] expectedRows = await fused.QueryAsync(sql);
        foreach ((string at, JsonElement expected, JsonElement actual) in JsonRows.Pairs(
            JsonRows.ByKey(expectedRows, key),
            JsonRows.ByKey(await other.QueryAsync(sql), key)))
        {
            foreach (JsonProperty column in expected.EnumerateObject())
            {
                JsonRows.AssertSame(
                    column.Value, actual.GetProperty(column.Name),
                    rounded.Contains(column.Name) ? Rounding : 0, $"{at} {column.Name}");
            }
        }
    }
}
