using System.Buffers;
using System.Numerics;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// The statistics of one key over one stretch of event time (a pane, or a window): an aggregate
/// per metric, and the counts of calls and reports. A monoid: cells merge in any order.
/// <para>
/// What comes is buffered, an event's values and counts side by side (<see cref="CellEntry"/>):
/// adding it touches one place in memory, however many metrics it has, and small cells merge by
/// copying. When the buffer is full it is sorted by metric; a metric of more than
/// <see cref="Aggregate.RawMax"/> values gets an aggregate, which takes its values at once.
/// </para>
/// </summary>
public sealed class Cell
{
    private const int BufferFirst = 8;

    /// <summary>
    /// Fewer entries of metrics without an aggregate are not worth sorting to make room.
    /// </summary>
    private const int SortMin = 128;

    private readonly CallCounts counts = new();

    // Entries not yet counted. The first ones, up to "sorted", are values of metrics without an
    // aggregate, by metric, and those of a metric as they came.
    private CellEntry[] buffer = [];
    private int buffered;
    private int sorted;

    // Bit m: there is an aggregate of metric m. They come first, in order of the metric.
    private ulong first;

    // Behind those, the ones of metrics from CellEntry.MetricsEnd on, in the order of their symbols
    // here.
    private Aggregate[] aggregates = [];
    private int[] further = [];
    private int metricEnd = 1;

    /// <summary>Metric symbols are 1 to this - 1.</summary>
    public int MetricEnd
    {
        get
        {
            Sort();
            return metricEnd;
        }
    }

    /// <summary>Calls and reports.</summary>
    public CallCounts Counts
    {
        get
        {
            Sort();
            return counts;
        }
    }

    /// <summary>True when it holds the memory of buckets, in use or not.</summary>
    public bool HasBuckets
    {
        get
        {
            foreach (Aggregate? aggregate in aggregates)
            {
                if (aggregate is { HasBuckets: true })
                    return true;
            }

            return false;
        }
    }

    /// <summary>
    /// The aggregate of a metric symbol; null when there is no value. Valid until the next change.
    /// </summary>
    public Aggregate? this[int metric] => Read(metric, null);

    /// <summary>The same without garbage.</summary>
    /// <param name="metric">The metric's symbol.</param>
    /// <param name="scratch">Used for the aggregate of few values; null: a new one.</param>
    public Aggregate? Read(int metric, Aggregate? scratch)
    {
        Sort();
        if (PlaceOf(metric) is >= 0 and int place)
            return aggregates[place].Count > 0 ? aggregates[place] : null;
        Span<double> values = stackalloc double[Aggregate.RawMax];
        values = ValuesOf(metric, values);
        if (values.IsEmpty)
            return null;
        Aggregate few = scratch ?? new Aggregate();
        few.Reset();
        few.Add(values);
        return few;
    }

    /// <summary>Adds one finite value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is NaN or infinite.</exception>
    public void Add(int metric, double value)
    {
        if (metric < CellEntry.MetricsEnd && double.IsFinite(value))
            Add([CellEntry.Of(metric, value)]);
        else
            Of(metric).Add(value);
    }

    /// <summary>Adds what an event brings.</summary>
    internal void Add(ReadOnlySpan<CellEntry> entries)
    {
        if (buffer.Length - buffered < entries.Length)
            MakeRoom(entries.Length);
        entries.CopyTo(buffer.AsSpan(buffered));
        buffered += entries.Length;
    }

    /// <summary>Says that entries are added soon, so that their place is in the cache by then.
    /// </summary>
    internal void WillAdd()
    {
        if (buffered < buffer.Length)
            CacheLine.Fetch(ref buffer[buffered]);
    }

    /// <summary>Merges an aggregate of one metric.</summary>
    public void Merge(int metric, Aggregate other) => Of(metric).Merge(other);

    /// <summary>Merges another cell whose metric symbols mean the same.</summary>
    public void Merge(Cell other)
    {
        Add(other.buffer.AsSpan(0, other.buffered));
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
        buffered = sorted = 0;
        foreach (Aggregate? aggregate in aggregates)
            aggregate?.Reset();
        counts.Reset();
    }

    /// <summary>Writes it for a snapshot; metrics by name.</summary>
    public void Write(BinaryWriter writer, SymbolTable names)
    {
        writer.Write7BitEncodedInt(CallCounts.Width);
        for (int field = 0; field < CallCounts.Width; field++)
            writer.Write7BitEncodedInt64(Counts[field]);
        Sort();
        Span<double> values = stackalloc double[Aggregate.RawMax];
        int count = 0;
        for (int metric = 1; metric < metricEnd; metric++)
            count += Has(metric) ? 1 : 0;
        writer.Write7BitEncodedInt(count);
        for (int metric = 1; metric < metricEnd; metric++)
        {
            if (!Has(metric))
                continue;
            writer.Write(names[metric]);
            if (PlaceOf(metric) is >= 0 and int place)
                aggregates[place].Write(writer);
            else
                Aggregate.WriteRaw(writer, ValuesOf(metric, values));
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
                cell.Add(metric, value);
        }

        return cell;
    }

    private void MergeAny(int metric, Aggregate other)
    {
        if (other.Count > 0)
            Merge(metric, other);
    }

    private bool Has(int metric) =>
        PlaceOf(metric) is >= 0 and int place
            ? aggregates[place].Count > 0 : !RunOf(metric).IsEmpty;

    // Room for some more entries. A buffer of metrics that have aggregates is empty after sorting,
    // and stays as large as it is.
    private void MakeRoom(int entries)
    {
        if (buffered > SortMin || first != 0)
            Sort();
        int needed = buffered + entries;
        if (needed <= buffer.Length / 2)
            return;
        int length = Math.Max(BufferFirst, Math.Max(needed, 2 * buffered));
        if (length > buffer.Length)
            Array.Resize(ref buffer, length);
    }

    // Counts what is buffered and sorts the values by metric, those of one in order of arrival.
    // Those whose metric has an aggregate, or needs one now, are handed over to it.
    private void Sort()
    {
        if (sorted == buffered)
            return;
        Span<int> ends = stackalloc int[CellEntry.MetricsEnd];
        ends.Clear();
        ReadOnlySpan<CellEntry> entries = buffer.AsSpan(0, buffered);
        ulong present = Tally(entries, ends);
        int total = 0;
        for (ulong bits = present; bits != 0; bits &= bits - 1)
        {
            ref int end = ref ends[BitOperations.TrailingZeroCount(bits)];
            (end, total) = (total, total + end);
        }

        double[] rented = ArrayPool<double>.Shared.Rent(total);
        foreach (ref readonly CellEntry entry in entries)
        {
            if (entry.IsValue)
                rented[ends[entry.Kind]++] = entry.Value;
        }

        HandOver(present, ends, rented);
        ArrayPool<double>.Shared.Return(rented);
    }

    // How many values there are of each metric; what else there is, is counted.
    private ulong Tally(ReadOnlySpan<CellEntry> entries, Span<int> numbers)
    {
        ulong present = 0;
        foreach (ref readonly CellEntry entry in entries)
        {
            if (!entry.IsValue)
            {
                entry.AddTo(counts);
                continue;
            }

            numbers[entry.Kind]++;
            present |= 1UL << entry.Kind;
        }

        return present;
    }

    private void HandOver(ulong present, ReadOnlySpan<int> ends, ReadOnlySpan<double> values)
    {
        buffered = 0;
        int start = 0;
        for (ulong bits = present; bits != 0; bits &= bits - 1)
        {
            int metric = BitOperations.TrailingZeroCount(bits);
            ReadOnlySpan<double> run = values[start..ends[metric]];
            start = ends[metric];
            if ((first >> metric & 1) != 0 || run.Length > Aggregate.RawMax)
            {
                Of(metric).Add(run);
                continue;
            }

            foreach (double value in run)
                buffer[buffered++] = CellEntry.Of(metric, value);
        }

        sorted = buffered;
        metricEnd = Math.Max(metricEnd, 64 - BitOperations.LeadingZeroCount(present));
    }

    // The sorted values of a metric that has no aggregate.
    private ReadOnlySpan<CellEntry> RunOf(int metric)
    {
        ReadOnlySpan<CellEntry> values = buffer.AsSpan(0, sorted);
        int start = 0;
        while (start < values.Length && values[start].Kind < metric)
            start++;
        int end = start;
        while (end < values.Length && values[end].Kind == metric)
            end++;
        return values[start..end];
    }

    private Span<double> ValuesOf(int metric, Span<double> into)
    {
        int count = 0;
        foreach (ref readonly CellEntry value in RunOf(metric))
            into[count++] = value.Value;
        return into[..count];
    }

    private Aggregate Of(int metric)
    {
        int place = PlaceOf(metric);
        return place >= 0 ? aggregates[place] : Insert(metric, new Aggregate());
    }

    // Where a metric's aggregate is; -1: there is none.
    private int PlaceOf(int metric)
    {
        if (metric < CellEntry.MetricsEnd)
        {
            ulong bit = 1UL << metric;
            return (first & bit) == 0 ? -1 : BitOperations.PopCount(first & (bit - 1));
        }

        int place = Array.IndexOf(further, metric);
        return place < 0 ? -1 : BitOperations.PopCount(first) + place;
    }

    private Aggregate Insert(int metric, Aggregate aggregate)
    {
        // Its values among the sorted ones are to be handed over.
        sorted = 0;
        int firstCount = BitOperations.PopCount(first);
        int count = firstCount + further.Length;
        int place = metric < CellEntry.MetricsEnd
            ? BitOperations.PopCount(first & ((1UL << metric) - 1)) : count;
        if (count == aggregates.Length)
            Array.Resize(ref aggregates, count + 1 + (count / 2));
        Array.Copy(aggregates, place, aggregates, place + 1, count - place);
        aggregates[place] = aggregate;
        if (metric < CellEntry.MetricsEnd)
            first |= 1UL << metric;
        else
            further = [.. further, metric];
        metricEnd = Math.Max(metricEnd, metric + 1);
        return aggregate;
    }
}
