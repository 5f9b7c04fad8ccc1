using System.Runtime.InteropServices;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using V1 = Earshot.Schemas.V1.Bundle;

namespace Earshot.Actors.Wire;

/// <summary>
/// Puts an epoch's bundle on the wire: one record a chunk, each below Kafka's usual 1 MB. What it
/// needs it keeps for the next epoch.
/// </summary>
internal sealed class BundleWriter(int targets)
{
    /// <summary>A chunk is closed when its estimated size reaches this.</summary>
    private const int ChunkBytes = 600_000;

    /// <summary>The newest form a bundle has; see <c>format</c> in bundle.proto.</summary>
    public const int Format = ShortRowsFormat;

    /// <summary>The first one with short rows.</summary>
    public const int ShortRowsFormat = 2;

    private readonly Target[] byTarget =
        [.. Enumerable.Range(0, targets).Select(_ => new Target())];

    private readonly Aggregate scratch = new();
    private readonly long[] few = new long[CellRows.CountMax * EventRow.LengthMax];

    /// <summary>
    /// Adds an epoch's bundle to the bundles topic: partials by target, a mark to each.
    /// </summary>
    public void Write(Bundle bundle, EpochOutputs outputs)
    {
        foreach (Partial partial in bundle.Partials)
            Add(bundle, partial, byTarget[partial.Key.PartitionOf(targets)]);
        for (int i = 0; i < targets; i++)
        {
            Target target = byTarget[i];
            target.CloseChunk(bundle);
            ReadOnlySpan<ProtoBytes> chunks = target.TakeChunks();
            for (int chunk = 0; chunk < chunks.Length; chunk++)
            {
                chunks[chunk].Int(V1.ChunkFieldNumber, chunk);
                chunks[chunk].Int(V1.ChunksFieldNumber, chunks.Length);
                outputs.Add(
                    new TopicPartition(outputs.Topics.Bundles, i), [], chunks[chunk].Written);
            }
        }
    }

    // A cell may go on in the next chunk: the aggregator merges both.
    private void Add(Bundle bundle, in Partial partial, Target to)
    {
        if (partial.TryCopyRows(Metrics.End, few, out int length))
        {
            if (length > 0)
                to.WithRoom(bundle).Add(partial, few.AsSpan(0, length));
            return;
        }

        Cell cell = partial.Cell;
        if (cell.TryGetRows(Metrics.End, out ReadOnlySpan<long> rows))
        {
            if (!rows.IsEmpty)
                to.WithRoom(bundle).Add(partial, rows);
            return;
        }

        int metricEnd = cell.MetricEnd;
        for (int metric = 1; metric < metricEnd; metric++)
        {
            if (cell.Read(metric, scratch) is not { } aggregate)
                continue;
            to.WithRoom(bundle).Add(partial, metric, bundle.MetricNames[metric], aggregate);
        }

        if (!cell.Counts.IsEmpty)
            to.WithRoom(bundle).Add(partial, cell.Counts);
    }

    // What goes to one aggregator partition.
    private sealed class Target
    {
        private readonly BundleColumns columns = new();

        // Those behind chunkCount are for later use.
        private readonly List<ProtoBytes> chunks = [];
        private int chunkCount;

        public BundleColumns WithRoom(Bundle bundle)
        {
            if (columns.SizeBytes > ChunkBytes)
                CloseChunk(bundle);
            return columns;
        }

        public void CloseChunk(Bundle bundle)
        {
            if (chunkCount == chunks.Count)
                chunks.Add(new ProtoBytes());
            ProtoBytes chunk = chunks[chunkCount++];
            chunk.Clear();
            chunk.Int(V1.SourcePartitionFieldNumber, bundle.SourcePartition);
            chunk.Int(V1.SourcePartitionsFieldNumber, bundle.SourcePartitions);
            chunk.Int(V1.FromFieldNumber, bundle.From);
            chunk.Int(V1.ToFieldNumber, bundle.To);
            chunk.Int(V1.WatermarkFieldNumber, bundle.WatermarkMs);
            chunk.Bool(V1.IdleFieldNumber, bundle.Idle);
            chunk.Bool(V1.EndedFieldNumber, bundle.Ended);
            chunk.Int(V1.FormatFieldNumber, Format);
            columns.MoveTo(chunk);
            chunk.Int(V1.CallWidthFieldNumber, CallCounts.Width);
        }

        public ReadOnlySpan<ProtoBytes> TakeChunks()
        {
            int taken = chunkCount;
            chunkCount = 0;
            return CollectionsMarshal.AsSpan(chunks)[..taken];
        }
    }
}
