namespace Earshot.Actors.Keys;

/// <summary>
/// Makes rows of values that come metric by metric, as snapshots and bundles have them: the first
/// of each metric are one row, the second ones the next. Used again for cell after cell.
/// </summary>
internal sealed class RowZip
{
    private readonly long[] row = new long[EventRow.LongHead + EventRow.MetricsEnd];
    private double[] values = new double[CellRows.CountMax];
    private int count;

    // Of each metric the end of its values.
    private readonly List<(int Metric, int End)> columns = [];

    /// <summary>Adds the next value.</summary>
    /// <param name="metric">Its metric, below <see cref="EventRow.MetricsEnd"/>.</param>
    /// <param name="value">The value, finite.</param>
    public void Add(int metric, double value)
    {
        if (count == values.Length)
            Array.Resize(ref values, 2 * count);
        values[count++] = value;
        if (columns.Count > 0 && columns[^1].Metric == metric)
            columns[^1] = (metric, count);
        else
            columns.Add((metric, count));
    }

    /// <summary>Gives all values to a cell.</summary>
    public void MoveTo(Cell cell)
    {
        for (int i = 0; TryMakeRow(i, cell); i++)
            cell.Add(row.AsSpan(0, EventRow.LengthOf(row[0])));
        Clear();
    }

    /// <summary>Forgets what was added.</summary>
    public void Clear()
    {
        columns.Clear();
        count = 0;
    }

    // Of the values at a place in their metric. False: there are none.
    private bool TryMakeRow(int index, Cell cell)
    {
        EventRow.Begin(row);
        int start = 0;
        foreach ((int metric, int end) in columns)
        {
            // A metric that comes in two places is no fault.
            if (start + index < end && !EventRow.TryAdd(row, metric, values[start + index]))
                cell.Add(metric, values[start + index]);
            start = end;
        }

        return EventRow.MetricsOf(row[0]) != 0;
    }
}
