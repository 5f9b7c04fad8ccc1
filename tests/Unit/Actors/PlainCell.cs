using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Tests.Unit.Analytics;

namespace Earshot.Tests.Unit.Actors;

/// <summary>What a cell should hold: the values of each metric, and the counts.</summary>
internal sealed class PlainCell
{
    /// <summary>Metrics are below this.</summary>
    public const int MetricsEnd = 72;

    private readonly Dictionary<int, List<double>> values = [];
    private readonly CallCounts counts = new();

    public void Add(IEnumerable<(int Metric, double Value)> added, in CountStep step)
    {
        foreach ((int metric, double value) in added)
        {
            if (!values.TryGetValue(metric, out List<double>? all))
                values.Add(metric, all = []);
            all.Add(value);
            counts.AddValues(1);
        }

        counts.Add(step);
    }

    public void AssertSame(Cell cell)
    {
        Assert.Equal(counts.Fields, cell.Counts.Fields);
        for (int metric = 1; metric < MetricsEnd; metric++)
        {
            if (values.TryGetValue(metric, out List<double>? all))
                Streams.AssertSame(Aggregate.FromRaw([.. all]), cell[metric]!);
            else
                Assert.Null(cell[metric]);
        }

        Assert.InRange(
            cell.MetricEnd, values.Count == 0 ? 1 : values.Keys.Max() + 1, MetricsEnd);
    }
}
