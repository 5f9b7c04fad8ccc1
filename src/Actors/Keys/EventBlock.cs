using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// Some events on their way to the cells of their keys. They go together, in passes over all of
/// them: one finds the keys, the next their cells, the next where in the cell they go. So the
/// processor waits for the memory of many keys at once, and not of one after another: most keys
/// are not in its caches.
/// </summary>
internal sealed class EventBlock(PartialTable partials, int dimensionCount)
{
    private const int EventsMax = 64;

    private readonly int[] dimensions = new int[EventsMax * dimensionCount];
    private readonly long[] panes = new long[EventsMax];
    private readonly long[] rows = new long[EventsMax * EventRow.LengthMax];
    private readonly int[] ends = new int[EventsMax];
    private readonly KeyEntry?[] keys = new KeyEntry?[EventsMax];
    private readonly Cell[] cells = new Cell[EventsMax];
    private int count;

    /// <summary>Adds an event.</summary>
    /// <param name="symbols">Its dimensions, by ordinal.</param>
    /// <param name="timeMs">Its time.</param>
    /// <param name="values">Its values, all finite.</param>
    /// <param name="step">What it adds to the counts.</param>
    public void Add(
        ReadOnlySpan<int> symbols, long timeMs, ReadOnlySpan<MetricValue> values,
        in CountStep step)
    {
        if (count == EventsMax)
            Flush();
        symbols.CopyTo(dimensions.AsSpan(count * dimensionCount));
        partials.WillFind(symbols);
        panes[count] = partials.PaneOf(timeMs);
        int start = count == 0 ? 0 : ends[count - 1];
        Span<long> row = rows.AsSpan(start, EventRow.LengthMax);
        EventRow.Begin(row, step, values.Length);
        foreach (ref readonly MetricValue value in values)
        {
            if (value.Metric >= EventRow.MetricsEnd
                || !EventRow.TryAdd(row, value.Metric, value.Value))
                AddAlone(symbols, timeMs, value);
        }

        ends[count++] = start + EventRow.LengthOf(row[0]);
    }

    /// <summary>Brings all events to their cells.</summary>
    public void Flush()
    {
        for (int grouping = 0; grouping < partials.Groupings; grouping++)
            Flush(grouping);
        keys.AsSpan(0, count).Clear();
        cells.AsSpan(0, count).Clear();
        count = 0;
    }

    private void Flush(int grouping)
    {
        for (int i = 0; i < count; i++)
            keys[i] = partials.Find(grouping, DimensionsOf(i));
        for (int i = 0; i < count; i++)
            cells[i] = partials.CellOf(grouping, DimensionsOf(i), panes[i], keys[i]);
        for (int i = 0; i < count; i++)
            cells[i].WillAdd();
        int start = 0;
        for (int i = 0; i < count; i++)
        {
            cells[i].Add(rows.AsSpan(start, ends[i] - start));
            start = ends[i];
        }
    }

    private void AddAlone(ReadOnlySpan<int> symbols, long timeMs, in MetricValue value)
    {
        for (int grouping = 0; grouping < partials.Groupings; grouping++)
            partials.CellOf(grouping, symbols, timeMs).Add(value.Metric, value.Value);
    }

    private ReadOnlySpan<int> DimensionsOf(int index) =>
        dimensions.AsSpan(index * dimensionCount, dimensionCount);
}
