using System.Text;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Google.Protobuf;

namespace Earshot.Actors.Wire;

/// <summary>Bundles on the wire: one record a chunk, each below Kafka's usual 1 MB.</summary>
internal static class BundleCodec
{
    /// <summary>A chunk is closed when its estimated size reaches this.</summary>
    private const int ChunkBytes = 600_000;

    /// <summary>
    /// Adds an epoch's bundle to the bundles topic: partials by target, a mark to each.
    /// </summary>
    public static void Write(Bundle bundle, int targets, EpochOutputs outputs)
    {
        List<Partial>[] byTarget = new List<Partial>[targets];
        for (int target = 0; target < targets; target++)
            byTarget[target] = [];
        foreach (Partial partial in bundle.Partials)
            byTarget[partial.Key.PartitionOf(targets)].Add(partial);
        for (int target = 0; target < targets; target++)
        {
            List<V1Bundle> chunks = Chunks(bundle, byTarget[target]);
            for (int i = 0; i < chunks.Count; i++)
            {
                chunks[i].Message.Chunk = i;
                chunks[i].Message.Chunks = chunks.Count;
                outputs.Add(
                    new TopicPartition(outputs.Topics.Bundles, target), [],
                    chunks[i].Message.ToByteArray());
            }
        }
    }

    /// <summary>
    /// Reads one chunk; metric symbols are those of <paramref name="metricNames"/>.
    /// </summary>
    /// <exception cref="InvalidDataException">The bytes are no bundle.</exception>
    public static Bundle Read(ReadOnlySpan<byte> bytes, SymbolTable metricNames)
    {
        Schemas.V1.Bundle message = Parse(bytes);
        List<Partial> partials = new BundleReader(message, metricNames).Read();
        return new Bundle(
            message.SourcePartition, message.SourcePartitions, message.From, message.To,
            message.Watermark, message.Idle, message.Ended, partials, metricNames,
            First: message.Chunk == 0, Last: message.Chunk == message.Chunks - 1);
    }

    private static Schemas.V1.Bundle Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Schemas.V1.Bundle.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException("these bytes are no bundle: " + e.Message, e);
        }
    }

    /// <summary>A cell may go on in the next chunk: the aggregator merges both.</summary>
    private static List<V1Bundle> Chunks(Bundle bundle, List<Partial> partials)
    {
        List<V1Bundle> chunks = [new V1Bundle(bundle)];
        V1Bundle Open()
        {
            if (chunks[^1].SizeBytes > ChunkBytes)
                chunks.Add(new V1Bundle(bundle));
            return chunks[^1];
        }

        foreach (Partial partial in partials)
        {
            for (int metric = 1; metric < partial.Cell.MetricEnd; metric++)
            {
                if (partial.Cell[metric] is { } aggregate)
                    Open().Add(partial, bundle.MetricNames[metric], aggregate);
            }

            if (!partial.Cell.Counts.IsEmpty)
                Open().Add(partial, partial.Cell.Counts);
        }

        return chunks;
    }

    /// <summary>A chunk being filled.</summary>
    private sealed class V1Bundle
    {
        private readonly Dictionary<string, int> symbols = new(StringComparer.Ordinal);
        private readonly Dictionary<GroupingKey, int> keys = [];
        private readonly List<BucketCount> buckets = [];

        public V1Bundle(Bundle bundle)
        {
            Message = new Schemas.V1.Bundle
            {
                SourcePartition = bundle.SourcePartition,
                SourcePartitions = bundle.SourcePartitions,
                From = bundle.From,
                To = bundle.To,
                Watermark = bundle.WatermarkMs,
                Idle = bundle.Idle,
                Ended = bundle.Ended,
                CallWidth = CallCounts.Width,
            };
        }

        public Schemas.V1.Bundle Message { get; }

        public int SizeBytes { get; private set; }

        public void Add(Partial partial, CallCounts counts)
        {
            Message.CallKey.Add(KeyOf(partial.Key));
            Message.CallPane.Add(partial.PaneMs);
            for (int field = 0; field < CallCounts.Width; field++)
                Message.CallCounts.Add(counts[field]);
            SizeBytes += 12 + (2 * CallCounts.Width);
        }

        public void Add(Partial partial, string metric, Aggregate aggregate)
        {
            Message.MetricKey.Add(KeyOf(partial.Key));
            Message.MetricPane.Add(partial.PaneMs);
            Message.MetricName.Add(SymbolOf(metric));
            Message.MetricCount.Add(aggregate.Count);
            SizeBytes += 16;
            if (aggregate.Count <= Aggregate.RawMax)
            {
                foreach (double value in aggregate.RawValues)
                    Message.Raw.Add(value);
                SizeBytes += 8 * aggregate.RawValues.Length;
                return;
            }

            Message.Sum.Add(aggregate.Sum);
            Message.M2.Add(aggregate.M2);
            Message.Min.Add(aggregate.Min);
            Message.Max.Add(aggregate.Max);
            buckets.Clear();
            aggregate.CopyBuckets(buckets);
            Message.BucketEntries.Add(buckets.Count);
            foreach (BucketCount bucket in buckets)
            {
                Message.BucketIndex.Add(bucket.Index);
                Message.BucketCount.Add(bucket.Count);
            }

            SizeBytes += 34 + (5 * buckets.Count);
        }

        private int KeyOf(GroupingKey key)
        {
            if (keys.TryGetValue(key, out int index))
                return index;
            index = keys.Count;
            keys.Add(key, index);
            Message.KeyGrouping.Add(key.Grouping);
            Message.KeyWidth.Add(key.Values.Count);
            foreach (string? value in key.Values)
                Message.KeyDimensions.Add(value is null ? 0 : SymbolOf(value));
            SizeBytes += 1 + (2 * key.Values.Count);
            return index;
        }

        private int SymbolOf(string text)
        {
            if (symbols.TryGetValue(text, out int symbol))
                return symbol;
            Message.Symbols.Add(text);
            symbol = Message.Symbols.Count;
            symbols.Add(text, symbol);
            SizeBytes += Encoding.UTF8.GetByteCount(text) + 3;
            return symbol;
        }
    }
}
