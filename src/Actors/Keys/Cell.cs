using System.Numerics;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// The statistics of one key over one stretch of event time (a pane, or a window): an aggregate
/// per metric, and the counts of calls and reports. A monoid: cells merge in any order.
/// <para>
/// Few events are kept as the rows they came in (<see cref="CellRows"/>). Of more there is an
/// aggregate for each metric; then the rows are a buffer, and the values of a metric go to its
/// aggregate together when it is full, or read.
/// </para>
/// </summary>
public sealed class Cell
{
    private readonly CallCounts counts = new();
    private CellRows rows;

    // Whether an aggregate has got values.
    private bool isAggregated;

    // Bit m: there is an aggregate of metric m. They come first, in order of the metric.
    private ulong first;

    // Behind those, the ones of metrics from EventRow.MetricsEnd on, in the order of their symbols
    // here.
    private Aggregate[] aggregates = [];
    private int[] further = [];

    /// <summary>Metric symbols are 1 to this - 1.</summary>
    public int MetricEnd
    {
        get
        {
            int end = Math.Max(1, 64 - BitOperations.LeadingZeroCount(rows.Metrics | first));
            foreach (int metric in further)
                end = Math.Max(end, metric + 1);
            return end;
        }
    }

    /// <summary>Calls and reports.</summary>
    public CallCounts Counts
    {
        get
        {
            rows.CountInto(counts);
            return counts;
        }
    }

    /// <summary>True when it holds the memory of buckets, in use or not.</summary>
    public bool HasBuckets =>
        Array.Exists(aggregates, static aggregate => aggregate is { HasBuckets: true });

    /// <summary>
    /// The aggregate of a metric symbol; null when there is no value. Valid until the next change.
    /// </summary>
    public Aggregate? this[int metric] => Read(metric, null);

    /// <summary>The same without garbage.</summary>
    /// <param name="metric">The metric's symbol.</param>
    /// <param name="scratch">Used for the aggregate of few values; null: a new one.</param>
    public Aggregate? Read(int metric, Aggregate? scratch)
    {
        Span<double> few = stackalloc double[CellRows.CountMax];
        if (Read(metric, few, out int count) is { } aggregate)
            return aggregate;
        if (count == 0)
            return null;
        aggregate = scratch ?? new Aggregate();
        aggregate.Reset();
        aggregate.Add(few[..count]);
        return aggregate;
    }

    /// <summary>Adds one finite value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is NaN or infinite.</exception>
    public void Add(int metric, double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(
                nameof(value), value, "A value must be finite.");
        }

        if (metric >= EventRow.MetricsEnd)
        {
            Of(metric).Add(value);
            return;
        }

        Span<long> row = stackalloc long[EventRow.LengthMax];
        EventRow.Begin(row);
        _ = EventRow.TryAdd(row, metric, value);
        Add(row[..EventRow.LengthOf(row[0])]);
    }

    /// <summary>Adds what an event brings.</summary>
    internal void Add(ReadOnlySpan<long> row)
    {
        if (EventRow.IsFurther(row))
        {
            (int metric, double value) = EventRow.FurtherOf(row);
            Of(metric).Add(value);
            return;
        }

        if (!rows.HasRoom(1))
            Spill();
        rows.Add(row);
    }

    /// <summary>Says that something is added soon.</summary>
    internal void WillAdd() => rows.WillAdd();

    /// <summary>Adds what some events bring, at most <see cref="CellRows.CountMax"/>.</summary>
    /// <param name="some">Their rows, one after another.</param>
    /// <param name="count">How many they are.</param>
    internal void AddRows(ReadOnlySpan<long> some, int count)
    {
        if (!rows.HasRoom(count))
            Spill();
        rows.AddAll(some);
    }

    /// <summary>
    /// Adds what some events of an epoch bring, at most <see cref="CellRows.CountMax"/>.
    /// </summary>
    /// <param name="from">Their rows.</param>
    /// <param name="run">Where these are.</param>
    /// <param name="ahead">Where others are that are read soon, no more than these.</param>
    internal void Add(
        EpochRows from, ReadOnlySpan<EventPlace> run, ReadOnlySpan<EventPlace> ahead)
    {
        if (run.Length == RowColumns.RowsMax)
        {
            AddMany(from, run, ahead);
            return;
        }

        if (!rows.HasRoom(run.Length))
            Spill();
        for (int i = 0; i < run.Length; i++)
            Add(from.Read(run[i].Row, i, ahead));
    }

    /// <summary>Merges an aggregate of one metric.</summary>
    public void Merge(int metric, Aggregate other) => Of(metric).Merge(other);

    /// <summary>Merges another cell whose metric symbols mean the same.</summary>
    public void Merge(Cell other)
    {
        if (!other.isAggregated)
        {
            MergeRows(other);
            counts.Merge(other.counts);
            return;
        }

        other.Spill();
        int place = 0;
        for (ulong bits = other.first; bits != 0; bits &= bits - 1)
            MergeAny(BitOperations.TrailingZeroCount(bits), other.aggregates[place++]);
        foreach (int metric in other.further)
            MergeAny(metric, other.aggregates[place++]);
        counts.Merge(other.counts);
    }

    /// <summary>Empties the cell; its memory is kept for the next use.</summary>
    public void Reset()
    {
        rows.Clear();
        counts.Reset();
        if (!isAggregated)
            return;
        isAggregated = false;
        foreach (Aggregate? aggregate in aggregates)
            aggregate?.Reset();
    }

    /// <summary>Writes it for a snapshot; metrics by name.</summary>
    public void Write(BinaryWriter writer, SymbolTable names)
    {
        writer.Write7BitEncodedInt(CallCounts.Width);
        CallCounts all = Counts;
        for (int field = 0; field < CallCounts.Width; field++)
            writer.Write7BitEncodedInt64(all[field]);
        Span<double> few = stackalloc double[CellRows.CountMax];
        int metricEnd = MetricEnd, used = 0;
        for (int metric = 1; metric < metricEnd; metric++)
            used += Has(metric) ? 1 : 0;
        writer.Write7BitEncodedInt(used);
        for (int metric = 1; metric < metricEnd; metric++)
        {
            Aggregate? aggregate = Read(metric, few, out int count);
            if (aggregate is null && count == 0)
                continue;
            writer.Write(names[metric]);
            if (aggregate is not null)
                aggregate.Write(writer);
            else
                Aggregate.WriteRaw(writer, few[..count]);
        }
    }

    /// <summary>
    /// Reads what <see cref="Write"/> wrote, also by an older version with fewer counts.
    /// </summary>
    internal static Cell Read(PageReader reader, SymbolTable names)
    {
        Cell cell = new();
        int width = reader.Read7BitEncodedInt();
        for (int i = 0; i < width; i++)
            cell.counts[i] = reader.Read7BitEncodedInt64();
        int count = reader.Read7BitEncodedInt();
        Span<double> few = stackalloc double[Aggregate.RawMax];
        for (int i = 0; i < count; i++)
        {
            int metric = reader.ReadSymbol(names);
            if (Aggregate.Read(reader, few, out int values) is { } aggregate)
                cell.Insert(metric, aggregate);
            foreach (double value in few[..values])
            {
                if (metric < EventRow.MetricsEnd)
                    reader.Rows.Add(metric, value);
                else
                    cell.Add(metric, value);
            }
        }

        reader.Rows.MoveTo(cell);
        return cell;
    }

    /// <summary>
    /// The aggregate of a metric; null: there is none, and its values, where it has any, are
    /// written to a place for <see cref="CellRows.CountMax"/>.
    /// </summary>
    internal Aggregate? Read(int metric, Span<double> few, out int count)
    {
        count = 0;
        if (!isAggregated)
        {
            if (metric < EventRow.MetricsEnd)
                count = rows.Column(metric, few).Length;
            return null;
        }

        Spill();
        return PlaceOf(metric) is >= 0 and int place && aggregates[place].Count > 0
            ? aggregates[place] : null;
    }

    /// <summary>
    /// Its rows, where it is nothing but rows of metrics below a number; empty where they say
    /// nothing. Valid until the next change.
    /// </summary>
    internal bool TryGetRows(int metricsEnd, out ReadOnlySpan<long> all)
    {
        all = rows.SayNothing ? [] : rows.All;
        return !isAggregated && !rows.IsCounted && rows.Metrics >> metricsEnd == 0
            && counts.IsEmpty;
    }

    private void MergeRows(Cell other)
    {
        if (!rows.HasRoom(other.rows.Count))
            Spill();
        if (!rows.IsCounted && !other.rows.IsCounted)
        {
            rows.Add(other.rows);
            return;
        }

        rows.CountInto(counts);
        other.rows.CountInto(other.counts);
        rows.Add(other.rows);
        rows.SetCounted();
    }

    private void MergeAny(int metric, Aggregate other)
    {
        if (other.Count > 0)
            Merge(metric, other);
    }

    private bool Has(int metric) =>
        (isAggregated && PlaceOf(metric) is >= 0 and int place && aggregates[place].Count > 0)
        || (metric < EventRow.MetricsEnd && (rows.Metrics >> metric & 1) != 0);

    // Counts the rows and hands their values over to the aggregates of the metrics.
    private void Spill()
    {
        if (rows.Count == 0)
            return;
        rows.CountInto(counts);
        ulong metrics = rows.Metrics;
        int number = BitOperations.PopCount(metrics);
        RowColumns columns = new(
            metrics, stackalloc double[number * RowColumns.RowsMax], stackalloc int[number]);
        rows.CopyTo(ref columns);
        AddColumns(metrics, columns);
        rows.Clear();
    }

    // Rows from elsewhere, as many as a buffer has, go to the aggregates without a stay in it.
    private void AddMany(
        EpochRows from, ReadOnlySpan<EventPlace> run, ReadOnlySpan<EventPlace> ahead)
    {
        ulong metrics = 0;
        foreach (EventPlace place in run)
            metrics |= EventRow.MetricsOf(from[place.Row][0]);
        int number = BitOperations.PopCount(metrics);
        RowColumns columns = new(
            metrics, stackalloc double[number * RowColumns.RowsMax], stackalloc int[number]);
        for (int i = 0; i < run.Length; i++)
        {
            ReadOnlySpan<long> row = from.Read(run[i].Row, i, ahead);
            if (EventRow.IsFurther(row))
            {
                Add(row);
                continue;
            }

            columns.Add(row);
            columns.Count(row);
        }

        AddColumns(metrics, columns);
        columns.CountInto(counts);
    }

    private void AddColumns(ulong metrics, in RowColumns columns)
    {
        int column = 0;
        for (ulong bits = metrics; bits != 0; bits &= bits - 1, column++)
        {
            ReadOnlySpan<double> values = columns.Of(column);
            if (!values.IsEmpty)
                Of(BitOperations.TrailingZeroCount(bits)).Add(values);
        }
    }

    private Aggregate Of(int metric)
    {
        isAggregated = true;
        int place = PlaceOf(metric);
        return place >= 0 ? aggregates[place] : Insert(metric, new Aggregate());
    }

    // Where a metric's aggregate is; -1: there is none.
    private int PlaceOf(int metric)
    {
        if (metric < EventRow.MetricsEnd)
        {
            ulong bit = 1UL << metric;
            return (first & bit) == 0 ? -1 : BitOperations.PopCount(first & (bit - 1));
        }

        int place = Array.IndexOf(further, metric);
        return place < 0 ? -1 : BitOperations.PopCount(first) + place;
    }

    private Aggregate Insert(int metric, Aggregate aggregate)
    {
        isAggregated = true;
        int firstCount = BitOperations.PopCount(first);
        int count = firstCount + further.Length;
        int place = metric < EventRow.MetricsEnd
            ? BitOperations.PopCount(first & ((1UL << metric) - 1)) : count;
        if (count == aggregates.Length)
            Array.Resize(ref aggregates, count + 1 + (count / 2));
        Array.Copy(aggregates, place, aggregates, place + 1, count - place);
        aggregates[place] = aggregate;
        if (metric < EventRow.MetricsEnd)
            first |= 1UL << metric;
        else
            further = [.. further, metric];
        return aggregate;
    }
}
