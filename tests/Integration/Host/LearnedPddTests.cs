using System.Globalization;
using System.Text;
using Earshot.Tests.Integration.Archive;

namespace Earshot.Tests.Integration.Host;

/// <summary>The learned limit of high_pdd can be recomputed from the archive.</summary>
public sealed class LearnedPddTests : IDisposable
{
    private const long HourMs = 3_600_000;

    /// <summary>A full hour: 2023-11-14T22:00:00Z.</summary>
    private const long FirstHourMs = 472_222 * HourMs;

    private const int Hours = 4, CallsPerHour = 90;

    private readonly CommandLine cli = new();

    public void Dispose() => cli.Dispose();

    [DuckDbFact]
    public async Task The_95th_percentile_of_the_hours_before_is_the_limit_that_made_the_tags()
    {
        string config = cli.PathOf("settings.json");
        await File.WriteAllTextAsync(
            config, """{ "pdd-history": "2h", "pdd-samples": 50, "lateness": "1m" }""");
        double[] last = await WriteCallsAsync();
        CommandResult replayed = await CommandLine.RunAsync(
            "replay", cli.PathOf("calls.jsonl"), "--format", "call-summary-json", "--keys",
            "country", "--window", "1h", "--config", config, "--data", cli.DataFolder);
        Assert.True(replayed.Code == 0, replayed.Error);

        // A call of hour 3 is held against hours 0 and 1: hour 2 may still get a late record.
        double limit = double.Parse(
            await SqlAsync(
                "SELECT percentile(buckets, 95) AS v FROM aggregates WHERE metric = 'pdd' "
                + "AND country = 'us' AND window_start >= TIMESTAMP '2023-11-14 22:00:00' "
                + "AND window_start < TIMESTAMP '2023-11-15 00:00:00'"),
            CultureInfo.InvariantCulture);
        Assert.InRange(limit, 2, 5);
        int above = last.Count(pdd => pdd > limit);
        Assert.InRange(above, 1, last.Length - 1);
        Assert.Equal(above.ToString(CultureInfo.InvariantCulture), await SqlAsync(
            "SELECT high_pdd AS v FROM insights WHERE country = 'us' "
            + "AND window_start = TIMESTAMP '2023-11-15 01:00:00'"));
        CommandResult verified = await CommandLine.RunAsync(
            "verify", cli.PathOf("calls.jsonl"), "--data", cli.DataFolder);
        Assert.True(verified.Code == 0, verified.Error + verified.Output);
    }

    /// <summary>The delays of the last hour, s; those of each hour are greater.</summary>
    private async Task<double[]> WriteCallsAsync()
    {
        StringBuilder lines = new();
        List<double> last = [];
        for (int i = 0; i < Hours * CallsPerHour; i++)
        {
            int hour = i / CallsPerHour;
            long time = FirstHourMs + (i * HourMs / CallsPerHour);
            double pdd = 1 + hour + (i * 7 % CallsPerHour * 0.03);
            if (hour == Hours - 1)
                last.Add(pdd);
            lines.AppendLine(string.Create(CultureInfo.InvariantCulture, $$$"""
                {"event_time":{{{time}}},"event_id":"e{{{i}}}","call_id":"c{{{i}}}",
                 "processing_state":"complete","call_state":"completed",
                 "metrics":{"pdd":{{{pdd}}}},"dimensions":{"country":"us"}}
                """).ReplaceLineEndings(""));
        }

        await File.WriteAllTextAsync(cli.PathOf("calls.jsonl"), lines.ToString());
        return [.. last];
    }

    private async Task<string> SqlAsync(string query)
    {
        CommandResult rows = await CommandLine.RunAsync(
            "sql", query, "--format", "csv", "--data", cli.DataFolder);
        Assert.True(rows.Code == 0, rows.Error);
        return rows.Output.Split("\r\n")[1];
    }
}
