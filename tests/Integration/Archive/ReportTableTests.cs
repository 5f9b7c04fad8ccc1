using Earshot.Schemas.V1;
using Earshot.Tests.Integration.Host;

namespace Earshot.Tests.Integration.Archive;

/// <summary>
/// The table people see, to the character: of rows made by hand, so that it does not change with
/// what traffic is generated.
/// </summary>
public sealed class ReportTableTests : IDisposable
{
    private const string ByCountry =
        "country      calls  ASR %  NER %  SCR %  ALOC s  minutes  norm %  jit p95  loss p95"
        + "  most frequent tag %\n"
        + "-------  ---------  -----  -----  -----  ------  -------  ------  -------  --------"
        + "  -------------------\n"
        + "us       1,234,580   50.0   80.0   45.0    60.5       30    75.0      9.0      0.50"
        + "  high_jitter 25.0\n"
        + "-               10      -      -      -       -        0       -        -         -"
        + "  -\n";

    private readonly ArchiveFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [DuckDbFact]
    public async Task Windows_are_merged_and_missing_is_a_dash()
    {
        await fixture.WriteAsync(
            "insights", 0, Calls(0, 1_234_570, 308_645), Calls(1, 10, 0), Nothing(),
            Calls(2, 0, 0));
        await fixture.WriteAsync(
            "aggregates", 0, ArchiveFixture.Jitter(0, "us", [1, 2, 3]),
            ArchiveFixture.Jitter(1, "us", [9]), Loss(0.5));
        CommandResult result = await CommandLine.RunAsync(
            "report", "--by", "country", "--archive", fixture.Folder);
        Assert.True(result.Code == 0, result.Error);
        Assert.Equal(ByCountry, result.Output);
        Assert.Contains("2024-02-29T23:55:00Z to 2024-03-01T00:10:00Z", result.Error);
        Assert.Contains("1 of its rows are of windows still open", result.Error);
    }

    [DuckDbFact]
    public async Task No_line_is_longer_than_120_whatever_there_is()
    {
        string[] names = ["a", "b-very-long-name-of-a-carrier-somewhere"];
        Insight[] rows = [.. names.Select(name => Calls(0, 5_000_000, 5_000_000))];
        for (int i = 0; i < names.Length; i++)
        {
            rows[i].Key = ArchiveFixture.Key(0, ("carrier", names[i]), ("country", "us"));
        }

        await fixture.WriteAsync("insights", 0, rows);
        CommandResult result = await CommandLine.RunAsync(
            "report", "--by", "carrier,country", "--window", "1d", "--archive", fixture.Folder);
        Assert.True(result.Code == 0, result.Error);
        string[] lines = result.Output.Split('\n');
        Assert.StartsWith("carrier", lines[0]);
        Assert.Contains("calls  ASR %", lines[0]);
        Assert.All(lines, line => Assert.True(line.Length <= 120, line));
    }

    private static Insight Calls(int window, long calls, long tagged) => new()
    {
        Key = ArchiveFixture.Key(window, ("country", "us")), Calls = calls, Attempts = 20,
        Answered = 10, Busy = 2, Noanswer = 3, Rejected = 1, SipKnown = 4, NormalSessions = 3,
        DurationKnown = 10, ConnectedMinutes = 10 + (1.0 / 12), Revision = 1, Final = window < 2,
        Sessions = new Sessions { Completed = 9 },
        Tags = { new TagCount { Tag = "high_jitter", Calls = tagged } },
    };

    private static Insight Nothing()
    {
        RowKey withoutCountry = ArchiveFixture.Key(0);
        withoutCountry.Grouping = "country";
        return new Insight { Key = withoutCountry, Calls = 10, Revision = 1, Final = true };
    }

    private static Aggregate Loss(double percent)
    {
        Aggregate row = ArchiveFixture.Jitter(1, "us", [percent]);
        row.Metric = "packet_loss";
        return row;
    }
}
