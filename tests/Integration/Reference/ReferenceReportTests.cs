using System.Text.Json;
using Earshot.Tests.Integration.Host;

namespace Earshot.Tests.Integration.Reference;

/// <summary>Reports over replays of the capture, against numbers computed from the files alone.
/// </summary>
public sealed class ReferenceReportTests(ReferenceReplays replays) : ReferenceTests(replays)
{
    [ReferenceTheory]
    [InlineData]
    [InlineData("--window", "5m")]
    public async Task Ratios_and_delays_over_all_time_are_those_recomputed(params string[] asked)
    {
        ReferenceReplay replay = await Replays.OfAsync(ReferenceReplays.Signalling);
        bool perWindow = asked.Length > 0;
        JsonElement[] rows = await ReportAsync(replay, ["--by", "carrier", .. asked]);
        string[] key = perWindow ? ["carrier", "from"] : ["carrier"];
        IEnumerable<JsonElement> expectedRows = Replays.Recomputed(perWindow ? "insight" : "total")
            .Where(row => !perWindow || row.GetProperty("window").ValueEquals("5m"));
        Dictionary<string, JsonElement> expected = expectedRows.ToDictionary(
            row => string.Join(' ', key.Select(name => KeyOf(row, name))));
        Assert.Equal(expected.Count, rows.Length);
        foreach (JsonElement actual in rows)
        {
            string at = string.Join(' ', key.Select(name => KeyOf(actual, name)));
            JsonElement wanted = expected[at];
            JsonElement pdd = wanted.GetProperty("pdd");
            foreach (string count in (string[])["attempts", "answered"])
                Compare(wanted.GetProperty(count), count, 0);
            foreach (string ratio in (string[])["asr", "aloc"])
                Compare(wanted.GetProperty(ratio), ratio, 1e-9);
            Compare(pdd.GetProperty("count"), "pdd_count", 0);
            if (pdd.GetProperty("count").GetInt64() == 0)
                continue;
            Compare(pdd.GetProperty("mean"), "pdd_mean", 1e-9);
            foreach (string percentile in (string[])["p50", "p90", "p95", "p99"])
                Compare(pdd.GetProperty(percentile), "pdd_" + percentile, 0.01);

            void Compare(JsonElement value, string column, double tolerance) =>
                JsonRows.AssertSame(value, actual.GetProperty(column), tolerance, $"{at} {column}");
        }
    }

    [ReferenceFact]
    public async Task A_source_without_responses_has_no_ratios_of_them()
    {
        ReferenceReplay replay = await Replays.OfAsync(ReferenceReplays.Signalling);
        JsonElement row = Assert.Single(await ReportAsync(replay, []));
        Assert.Equal(0, row.GetProperty("invites").GetInt64());
        Assert.Equal(0, row.GetProperty("srd_failed_count").GetInt64());
        foreach (string ratio in (string[])["ser", "seer", "isa", "normal_sessions_share"])
            Assert.Equal(JsonValueKind.Null, row.GetProperty(ratio).ValueKind);
        Assert.Equal(row.GetProperty("asr").GetDouble(), row.GetProperty("scr").GetDouble());
    }

    private static string KeyOf(JsonElement row, string name)
    {
        if (name != "from")
            return row.GetProperty(name).GetString()!;
        JsonElement time = row.TryGetProperty("from", out JsonElement from)
            ? from : row.GetProperty("window_start");
        return time.GetDateTimeOffset().ToUnixTimeMilliseconds().ToString();
    }

    private static async Task<JsonElement[]> ReportAsync(ReferenceReplay replay, string[] asked)
    {
        CommandResult result = await CommandLine.RunAsync(
            ["report", .. asked, "--format", "json", "--data", replay.DataFolder]);
        Assert.True(result.Code == 0, result.Error);
        using JsonDocument rows = JsonDocument.Parse(result.Output);
        return [.. rows.RootElement.EnumerateArray().Select(row => row.Clone())];
    }
}
