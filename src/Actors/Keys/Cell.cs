using System.Numerics;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// The statistics of one key over one stretch of event time (a pane, or a window): an aggregate
/// per metric, and the counts of calls and reports. A monoid: cells merge in any order.
/// </summary>
public sealed class Cell
{
    /// <summary>Symbols below this are found by a bit each; there are few beyond.</summary>
    private const int BitEnd = 64;

    // Bit m: there is an aggregate of metric m. They come first, in order of the metric.
    private ulong first;

    // Behind those, the ones of metrics from BitEnd on, in the order of their symbols here.
    private Aggregate[] aggregates = [];
    private int[] further = [];

    /// <summary>Metric symbols are 1 to this - 1.</summary>
    public int MetricEnd { get; private set; } = 1;

    /// <summary>Calls and reports.</summary>
    public CallCounts Counts { get; } = new();

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

    /// <summary>The aggregate of a metric symbol; null when there is no value.</summary>
    public Aggregate? this[int metric] =>
        PlaceOf(metric) is >= 0 and int place && aggregates[place].Count > 0
            ? aggregates[place] : null;

    /// <summary>Adds one finite value.</summary>
    public void Add(int metric, double value) => Of(metric).Add(value);

    /// <summary>Merges an aggregate of one metric.</summary>
    public void Merge(int metric, Aggregate other) => Of(metric).Merge(other);

    /// <summary>Merges a whole cell whose metric symbols mean the same.</summary>
    public void Merge(Cell other)
    {
        int place = 0;
        for (ulong bits = other.first; bits != 0; bits &= bits - 1)
            MergeAny(BitOperations.TrailingZeroCount(bits), other.aggregates[place++]);
        foreach (int metric in other.further)
            MergeAny(metric, other.aggregates[place++]);
        Counts.Merge(other.Counts);
    }

    /// <summary>Empties the cell; its memory is kept for the next use.</summary>
    public void Reset()
    {
        foreach (Aggregate? aggregate in aggregates)
            aggregate?.Reset();
        Counts.Reset();
    }

    /// <summary>Writes it for a snapshot; metrics by name.</summary>
    public void Write(BinaryWriter writer, SymbolTable names)
    {
        writer.Write7BitEncodedInt(CallCounts.Width);
        for (int field = 0; field < CallCounts.Width; field++)
            writer.Write7BitEncodedInt64(Counts[field]);
        int count = 0;
        for (int metric = 1; metric < MetricEnd; metric++)
            count += this[metric] is null ? 0 : 1;
        writer.Write7BitEncodedInt(count);
        for (int metric = 1; metric < MetricEnd; metric++)
        {
            if (this[metric] is not { } aggregate)
                continue;
            writer.Write(names[metric]);
            aggregate.Write(writer);
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
            cell.Counts[i] = reader.Read7BitEncodedInt64();
        int count = reader.Read7BitEncodedInt();
        cell.aggregates = count == 0 ? [] : new Aggregate[count];
        for (int i = 0; i < count; i++)
        {
            int metric = reader.ReadSymbol(names);
            cell.Insert(metric, Aggregate.Read(reader));
        }

        return cell;
    }

    private void MergeAny(int metric, Aggregate other)
    {
        if (other.Count > 0)
            Merge(metric, other);
    }

    private Aggregate Of(int metric)
    {
        int place = PlaceOf(metric);
        return place >= 0 ? aggregates[place] : Insert(metric, new Aggregate());
    }

    // Where a metric's aggregate is; -1: there is none.
    private int PlaceOf(int metric)
    {
        if (metric < BitEnd)
        {
            ulong bit = 1UL << metric;
            return (first & bit) == 0 ? -1 : BitOperations.PopCount(first & (bit - 1));
        }

        int place = Array.IndexOf(further, metric);
        return place < 0 ? -1 : BitOperations.PopCount(first) + place;
    }

    private Aggregate Insert(int metric, Aggregate aggregate)
    {
        int firstCount = BitOperations.PopCount(first);
        int count = firstCount + further.Length;
        int place = metric < BitEnd
            ? BitOperations.PopCount(first & ((1UL << metric) - 1)) : count;
        if (count == aggregates.Length)
            Array.Resize(ref aggregates, count + 1 + (count / 2));
        Array.Copy(aggregates, place, aggregates, place + 1, count - place);
        aggregates[place] = aggregate;
        if (metric < BitEnd)
            first |= 1UL << metric;
        else
            further = [.. further, metric];
        MetricEnd = Math.Max(MetricEnd, metric + 1);
        return aggregate;
    }
}
