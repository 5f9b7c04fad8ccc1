using System.Text;
using Earshot.Actors.Keys;
using Earshot.Analytics;
using V1 = Earshot.Schemas.V1.Bundle;

namespace Earshot.Actors.Wire;

/// <summary>
/// The columns of a chunk being filled: what proto/earshot/v1/bundle.proto describes, each packed
/// as its bytes are on the wire. Used again for chunk after chunk.
/// </summary>
internal sealed class BundleColumns
{
    // By field number, as far as they are packed columns.
    private readonly ProtoBytes[] packed =
        [.. Enumerable.Range(0, V1.RowsFieldNumber + 1).Select(_ => new ProtoBytes())];

    private readonly ProtoBytes symbols = new();
    private readonly Dictionary<string, int> symbolOf = new(StringComparer.Ordinal);
    private readonly List<BucketCount> buckets = [];
    private GroupingKey? lastKey;
    private int keyCount;

    // By the metric's symbol in the pipeline; 0: not in the chunk yet.
    private int[] metricSymbols = new int[64];

    /// <summary>About how long the chunk is so far, bytes.</summary>
    public int SizeBytes { get; private set; }

    /// <summary>Adds a partial aggregate that is nothing but the rows of its events.</summary>
    public void Add(Partial partial, ReadOnlySpan<long> rows)
    {
        Of(V1.RowKeyFieldNumber).Packed(KeyOf(partial.Key));
        Of(V1.RowPaneFieldNumber).PackedSigned(partial.PaneMs);
        Of(V1.RowNumbersFieldNumber).Packed(rows.Length);
        Of(V1.RowsFieldNumber).PackedFixed(rows);
        SizeBytes += 12 + (sizeof(long) * rows.Length);
    }

    /// <summary>Adds the counts of a partial aggregate.</summary>
    public void Add(Partial partial, CallCounts counts)
    {
        Of(V1.CallKeyFieldNumber).Packed(KeyOf(partial.Key));
        Of(V1.CallPaneFieldNumber).PackedSigned(partial.PaneMs);
        for (int field = 0; field < CallCounts.Width; field++)
            Of(V1.CallCountsFieldNumber).Packed(counts[field]);
        SizeBytes += 12 + (2 * CallCounts.Width);
    }

    /// <summary>Adds what a partial aggregate has of one metric.</summary>
    /// <param name="partial">The partial aggregate.</param>
    /// <param name="metric">The metric's symbol.</param>
    /// <param name="name">The metric's name.</param>
    /// <param name="aggregate">What it has of the metric.</param>
    public void Add(Partial partial, int metric, string name, Aggregate aggregate)
    {
        Of(V1.MetricKeyFieldNumber).Packed(KeyOf(partial.Key));
        Of(V1.MetricPaneFieldNumber).PackedSigned(partial.PaneMs);
        Of(V1.MetricNameFieldNumber).Packed(SymbolOf(metric, name));
        Of(V1.MetricCountFieldNumber).Packed(aggregate.Count);
        SizeBytes += 16;
        if (aggregate.Count <= Aggregate.RawMax)
        {
            foreach (double value in aggregate.RawValues)
                Of(V1.RawFieldNumber).Packed(value);
            SizeBytes += sizeof(double) * aggregate.RawValues.Length;
            return;
        }

        Moments moments = aggregate.Moments;
        Of(V1.SumFieldNumber).Packed(moments.Sum);
        Of(V1.M2FieldNumber).Packed(moments.M2);
        Of(V1.MinFieldNumber).Packed(moments.Min);
        Of(V1.MaxFieldNumber).Packed(moments.Max);
        buckets.Clear();
        aggregate.CopyBuckets(buckets);
        Of(V1.BucketEntriesFieldNumber).Packed(buckets.Count);
        foreach (BucketCount bucket in buckets)
        {
            Of(V1.BucketIndexFieldNumber).PackedSigned(bucket.Index);
            Of(V1.BucketCountFieldNumber).Packed(bucket.Count);
        }

        SizeBytes += 34 + (5 * buckets.Count);
    }

    /// <summary>Moves everything into a message, and begins anew.</summary>
    public void MoveTo(ProtoBytes message)
    {
        message.Append(symbols.Written);
        symbols.Clear();
        for (int field = 0; field < packed.Length; field++)
        {
            if (packed[field].Written.IsEmpty)
                continue;
            message.Message(field, packed[field].Written);
            packed[field].Clear();
        }

        symbolOf.Clear();
        lastKey = null;
        keyCount = 0;
        Array.Clear(metricSymbols);
        SizeBytes = 0;
    }

    private ProtoBytes Of(int field) => packed[field];

    // The entries of one key come one after another, for the most part; where they do not, it is
    // there twice.
    private int KeyOf(GroupingKey key)
    {
        if (!ReferenceEquals(key, lastKey))
            AddKey(key);
        lastKey = key;
        return keyCount - 1;
    }

    private void AddKey(GroupingKey key)
    {
        keyCount++;
        Of(V1.KeyGroupingFieldNumber).Packed(key.Grouping);
        foreach (string? value in key.Values)
            Of(V1.KeyDimensionsFieldNumber).Packed(value is null ? 0 : SymbolOf(value));
        Of(V1.KeyWidthFieldNumber).Packed(key.Values.Count);
        SizeBytes += 1 + (2 * key.Values.Count);
    }

    private int SymbolOf(int metric, string name)
    {
        if (metric >= metricSymbols.Length)
            Array.Resize(ref metricSymbols, Math.Max(metric + 1, 2 * metricSymbols.Length));
        if (metricSymbols[metric] == 0)
            metricSymbols[metric] = SymbolOf(name);
        return metricSymbols[metric];
    }

    private int SymbolOf(string text)
    {
        if (symbolOf.TryGetValue(text, out int symbol))
            return symbol;
        symbols.Element(V1.SymbolsFieldNumber, text);
        symbol = symbolOf.Count + 1;
        symbolOf.Add(text, symbol);
        SizeBytes += Encoding.UTF8.GetByteCount(text) + 3;
        return symbol;
    }
}
