using Earshot.Analytics;
using Earshot.Archive.Reports;

namespace Earshot.Tests.Integration.Archive;

/// <summary>Which rows a report is made of.</summary>
public class ReportPlanTests
{
    private const long Hour = 3_600_000, Day = 24 * Hour;

    [Theory]
    [InlineData("", "b")]
    [InlineData("a", "a,b")]
    [InlineData("b", "b")]
    [InlineData("c,a", "a,b,c")]
    public void The_smallest_set_that_has_the_dimensions(string by, string grouping) =>
        Assert.Equal(grouping, Plan(
            new ReportRequest { By = by.Split(',', StringSplitOptions.RemoveEmptyEntries) },
            [Extent("a,b,c"), Extent("b,c"), Extent("b"), Extent("a,b")]).Grouping.Name);

    [Fact]
    public void The_set_without_dimensions_is_the_smallest_of_all() => Assert.Equal(
        "()", Plan(new ReportRequest(), [Extent("a"), Extent("()")]).Grouping.Name);

    [Theory]
    [InlineData(0L, 2 * Day, null, "1d")]
    [InlineData(Hour, 2 * Day, null, "1h")]
    [InlineData(Hour, (2 * Day) + 300_000, null, "5m")]
    [InlineData(null, null, Day, "1d")]
    [InlineData(null, null, 6 * Hour, "1h")]
    [InlineData(null, 600_000L, null, "5m")]
    public void The_longest_windows_that_fit(long? from, long? to, long? window, string chosen)
    {
        ReportPlan plan = Plan(
            new ReportRequest { FromMs = from, ToMs = to, WindowMs = window },
            [
                Extent("a", "1d", 0, 9 * Day), Extent("a", "2d/1d", 0, 9 * Day),
                Extent("a", "5m", 0, 9 * Day), Extent("a", "1h", 0, 9 * Day),
            ]);
        Assert.Equal(chosen, plan.Window.Name);
        Assert.Equal((from ?? 0, to ?? 9 * Day), (plan.FromMs, plan.ToMs));
        Assert.False(plan.Rounded);
    }

    [Theory]
    [InlineData(null, "1h")]
    [InlineData(2 * Day, "1d")]
    [InlineData(3 * Day, "1h")]
    public void Long_windows_that_are_not_there_yet_are_not_taken(long? to, string chosen) =>
        Assert.Equal(chosen, Plan(
            new ReportRequest { ToMs = to },
            [
                Extent("a", "1d", 0, 2 * Day), Extent("a", "1h", Hour, (2 * Day) + (7 * Hour)),
                Extent("a", "5m", Hour, (2 * Day) + (7 * Hour)),
            ]).Window.Name);

    [Fact]
    public void A_range_that_cuts_windows_is_rounded_outwards_to_the_shortest()
    {
        ReportPlan plan = Plan(
            new ReportRequest { FromMs = 299_999, ToMs = 600_001 },
            [Extent("a", "1h", 0, Day), Extent("a", "5m", 0, Day)]);
        Assert.Equal(("5m", 0, 900_000), (plan.Window.Name, plan.FromMs, plan.ToMs));
        Assert.True(plan.Rounded);
    }

    [Fact]
    public void A_range_beyond_the_rows_is_empty_and_not_turned_round()
    {
        ReportPlan plan = Plan(new ReportRequest { FromMs = 5 * Day }, [Extent("a", "1d", 0, Day)]);
        Assert.Equal((5 * Day, 5 * Day), (plan.FromMs, plan.ToMs));
    }

    [Fact]
    public void Sliding_windows_alone_are_refused()
    {
        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => Plan(new ReportRequest(), [Extent("a", "1h/5m", 0, Day)]));
        Assert.Contains("--window 5m", refused.Message);
    }

    private static ReportPlan Plan(ReportRequest request, WindowExtent[] extents) =>
        ReportPlan.Of(request, extents);

    private static WindowExtent Extent(
        string grouping, string window = "5m", long first = 0, long last = Day) =>
        new(grouping, WindowSpec.Parse(window), first, last);
}
