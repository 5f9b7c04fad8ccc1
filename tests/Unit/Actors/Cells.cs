using Earshot.Actors.Keys;
using Earshot.Tests.Unit.Analytics;

namespace Earshot.Tests.Unit.Actors;

/// <summary>When two cells are the same.</summary>
internal static class Cells
{
    /// <summary>In every way that must not depend on order and cut.</summary>
    public static void AssertSame(Cell expected, Cell actual)
    {
        Assert.Equal(expected.Counts.Fields, actual.Counts.Fields);
        Assert.Equal(expected.MetricEnd, actual.MetricEnd);
        for (int metric = 1; metric < expected.MetricEnd; metric++)
            Streams.AssertSame(expected[metric] ?? new(), actual[metric] ?? new());
    }
}
