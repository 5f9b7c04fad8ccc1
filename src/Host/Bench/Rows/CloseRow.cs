using System.Globalization;
using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// What the core leaves out: closing a window of every key, with percentiles, insights and
/// predictions, each row written as a message. Costs a key and window, not an event.
/// </summary>
internal sealed class CloseRow : IBenchRow
{
    private readonly PipelineOptions pipeline = new()
    {
        Keys = GroupingSet.ParseAll(Workload.Keys),
        Windows = [WindowSpec.Parse("1d")],
        FutureLimitMs = WindowSpec.LengthMsMax,
    };

    /// <inheritdoc/>
    public string Name => "close";

    /// <inheritdoc/>
    public string What => "close one window of 50,000 keys: percentiles, insight and predictions "
        + "of each, as rows";

    /// <inheritdoc/>
    public double Share => 0.06;

    /// <inheritdoc/>
    public async Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        int events = Math.Max(100_000, scope.Events / 4);
        RecordBatch[] batches = new Workload(new WorkloadOptions()).Batches(events);
        FusedStage stage = null!;
        EpochOutputs outputs = null!;
        long rows = 0;
        BenchResult result = await scope.MeasureCoreAsync(
            this,
            [
                Lap.Of(Name, () =>
                {
                    stage.EndInput(outputs);
                    stage.EndEpoch(events, events, idle: false, outputs);
                    return rows = CountAndRelease(outputs.Take());
                }) with
                {
                    Prepare = () =>
                    {
                        (stage, outputs) = Fill(batches);
                        return Task.CompletedTask;
                    },
                },
            ],
            cancel);
        return result with
        {
            Unit = BenchUnits.RowsPerSecond,
            Notes = [string.Create(
                CultureInfo.InvariantCulture,
                $"{rows:N0} rows of {stage.Progress.Keys:N0} keys after {events:N0} events")],
        };
    }

    private static long CountAndRelease(IReadOnlyList<RecordAppend> appends)
    {
        long count = appends.Sum(append => (long)append.Records.Count);
        RecordAppend.Release(appends);
        return count;
    }

    private (FusedStage Stage, EpochOutputs Outputs) Fill(RecordBatch[] batches)
    {
        FusedStage stage = new(pipeline, 0, new EnvelopeDecoder());
        EpochOutputs outputs = new(pipeline.Topics, 0);
        foreach (RecordBatch batch in batches)
        {
            for (int i = 0; i < batch.Count; i++)
                stage.Apply(batch, i, outputs);
        }

        stage.EndEpoch(0, batches[^1].To, idle: false, outputs);
        return (stage, outputs);
    }
}
