using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// A fused stage whose decoder leaves the ids out, so that neither the duplicate filter nor the
/// joining of calls has anything to do. Given the same events again, they happen a span later.
/// </summary>
internal sealed class CoreLoop
{
    private readonly ShiftedDecoder decoder = new();
    private readonly FusedStage stage;
    private readonly EpochOutputs outputs;
    private readonly int spanMs;
    private long to;
    private long epochFrom;

    /// <summary>Creates the stage.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="spanMs">Event time that the events of one <see cref="Run"/> take.</param>
    public CoreLoop(PipelineOptions pipeline, int spanMs)
    {
        this.spanMs = spanMs;
        stage = new FusedStage(pipeline, 0, decoder);
        outputs = new EpochOutputs(pipeline.Topics, 0);
    }

    /// <summary>Keys held.</summary>
    public long Keys => stage.Progress.Keys;

    /// <summary>Takes in some events; an epoch ends at their end at the latest.</summary>
    /// <returns>How many there were.</returns>
    public long Run(RecordBatch[] batches)
    {
        long from = to;
        foreach (RecordBatch batch in batches)
        {
            for (int i = 0; i < batch.Count; i++)
                stage.Apply(batch, i, outputs);
            to += batch.Count;
            if (to - epochFrom >= CoreRow.EpochEvents)
                EndEpoch();
        }

        if (to > epochFrom)
            EndEpoch();
        decoder.ShiftMs += spanMs;
        return to - from;
    }

    /// <summary>Fails where the stage did not count every event.</summary>
    public void RequireCounted()
    {
        StageProgress books = stage.Progress;
        if (books.Aggregated != to)
            throw new InvalidOperationException($"of {to} events {books.Aggregated} counted");
    }

    private void EndEpoch()
    {
        stage.EndEpoch(epochFrom, to, idle: false, outputs);
        epochFrom = to;
    }

    private sealed class ShiftedDecoder : IRecordDecoder
    {
        private readonly EnvelopeDecoder inner = new();

        /// <summary>Added to event times, ms.</summary>
        public long ShiftMs { get; set; }

        public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
        {
            DecodeResult result = inner.Decode(record, into);
            into.EventId = into.CallId = 0;
            into.EventTimeMs += ShiftMs;
            return result;
        }

        public ulong RoutingHash(ReadOnlySpan<byte> record) => inner.RoutingHash(record);
    }
}
