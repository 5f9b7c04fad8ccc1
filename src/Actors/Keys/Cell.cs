using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// The statistics of one key over one stretch of event time (a pane, or a window): an aggregate
/// per metric, and the counts of calls and reports. A monoid: cells merge in any order.
/// </summary>
public sealed class Cell
{
    private Aggregate?[] metrics = new Aggregate?[Schemas.Metrics.End];

    /// <summary>Metric symbols are 1 to this - 1.</summary>
    public int MetricEnd => metrics.Length;

    /// <summary>Calls and reports.</summary>
    public CallCounts Counts { get; } = new();

    /// <summary>The aggregate of a metric symbol; null when there is no value.</summary>
    public Aggregate? this[int metric] =>
        metric < metrics.Length && metrics[metric] is { Count: > 0 } found ? found : null;

    /// <summary>Adds one finite value.</summary>
    public void Add(int metric, double value) => Of(metric).Add(value);

    /// <summary>Merges an aggregate of one metric.</summary>
    public void Merge(int metric, Aggregate other) => Of(metric).Merge(other);

    /// <summary>Merges a whole cell whose metric symbols mean the same.</summary>
    public void Merge(Cell other)
    {
        for (int metric = 1; metric < other.MetricEnd; metric++)
        {
            if (other[metric] is { } aggregate)
                Merge(metric, aggregate);
        }

        Counts.Merge(other.Counts);
    }

    /// <summary>Empties the cell; its memory is kept for the next use.</summary>
    public void Reset()
    {
        foreach (Aggregate? aggregate in metrics)
            aggregate?.Reset();
        Counts.Reset();
    }

    /// <summary>Writes it for a snapshot; metrics by name.</summary>
    public void Write(BinaryWriter writer, SymbolTable names)
    {
        ReadOnlySpan<long> fields = Counts.Fields;
        writer.Write7BitEncodedInt(fields.Length);
        foreach (long field in fields)
            writer.Write7BitEncodedInt64(field);
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
    public static Cell Read(BinaryReader reader, SymbolTable names)
    {
        Cell cell = new();
        Span<long> fields = cell.Counts.Fields;
        int width = reader.Read7BitEncodedInt();
        for (int i = 0; i < width; i++)
            fields[i] = reader.Read7BitEncodedInt64();
        int count = reader.Read7BitEncodedInt();
        for (int i = 0; i < count; i++)
        {
            int metric = names.Intern(reader.ReadString());
            cell.Put(metric, Aggregate.Read(reader));
        }

        return cell;
    }

    private Aggregate Of(int metric)
    {
        if (metric >= metrics.Length)
            Array.Resize(ref metrics, Math.Max(metric + 1, metrics.Length * 2));
        return metrics[metric] ??= new Aggregate();
    }

    private void Put(int metric, Aggregate aggregate)
    {
        Of(metric);
        metrics[metric] = aggregate;
    }
}
