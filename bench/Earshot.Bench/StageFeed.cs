using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Bench;

/// <summary>
/// Feeds a stage. What is measured is the second half of the traffic: the first one fills the
/// state, so that tables have grown and calls end as fast as they begin.
/// </summary>
internal sealed class StageFeed
{
    /// <summary>Events measured.</summary>
    public const int Count = 200_000;

    /// <summary>An epoch of the first half.</summary>
    private const int FirstEpochEvents = 50_000;

    private readonly RecordBatch[] batches = Feed.Batches(2 * Count / Feed.BatchEvents);

    /// <summary>Default keys, windows and lateness.</summary>
    public static PipelineOptions Options { get; } = new();

    /// <summary>A fresh decoder of Envelopes.</summary>
    public static IRecordDecoder Decoder => new EnvelopeDecoder();

    /// <summary>The first half.</summary>
    public void Fill(IStage stage, Action<IReadOnlyList<RecordAppend>> taken) =>
        Run(stage, 0, FirstEpochEvents, taken);

    /// <summary>The second half, in epochs of so many events.</summary>
    public void Measure(IStage stage, int epochEvents, Action<IReadOnlyList<RecordAppend>> taken) =>
        Run(stage, batches.Length / 2, epochEvents, taken);

    /// <summary>The second half without an epoch's end.</summary>
    public void Apply(IStage stage, EpochOutputs outputs)
    {
        for (int at = batches.Length / 2; at < batches.Length; at++)
        {
            RecordBatch batch = batches[at];
            for (int i = 0; i < batch.Count; i++)
                stage.Apply(batch, i, outputs);
        }
    }

    private void Run(
        IStage stage, int first, int epochEvents, Action<IReadOnlyList<RecordAppend>> taken)
    {
        EpochOutputs outputs = new(Topics.Default, 0);
        long from = batches[first].From;
        for (int at = first; at < first + (batches.Length / 2); at++)
        {
            RecordBatch batch = batches[at];
            for (int i = 0; i < batch.Count; i++)
                stage.Apply(batch, i, outputs);
            if (batch.To - from < epochEvents)
                continue;
            stage.EndEpoch(from, batch.To, idle: false, outputs);
            IReadOnlyList<RecordAppend> appends = outputs.Take();
            taken(appends);
            RecordAppend.Release(appends);
            from = batch.To;
        }
    }
}
