using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// Cost per event of both stages fused, with ids, epochs and closing windows, as the input gets
/// longer, or as there are more keys. Time of making the events is left out.
/// </summary>
internal sealed class CurveRow : IBenchRow
{
    private const int ChunkEvents = 50_000;
    private const int KeysUsual = 10_000;
    private const double StepMs = 1;

    private readonly bool overKeys;

    /// <summary>Creates the row.</summary>
    /// <param name="overKeys">True: more keys; false: more events.</param>
    public CurveRow(bool overKeys) => this.overKeys = overKeys;

    /// <inheritdoc/>
    public string Name => overKeys ? "curve-keys" : "curve-events";

    /// <inheritdoc/>
    public string What => overKeys
        ? "ns per event of both stages fused from 1,000 to 1,000,000 keys; the dearest over the "
            + "fewest"
        : "ns per event of both stages fused from 10,000 to 10,000,000 events, 10,000 keys; the "
            + "dearest over the shortest";

    /// <inheritdoc/>
    public double Share => 1;

    /// <inheritdoc/>
    public Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        // Compiles everything.
        _ = NsPerEvent(KeysUsual, 0, 200_000, cancel);
        int[] sizes = overKeys
            ? [1_000, 10_000, 100_000, 1_000_000]
            : [10_000, 100_000, 1_000_000, 10_000_000];
        List<BenchPoint> points = [];
        foreach (int size in sizes)
        {
            double ns = overKeys
                ? NsPerEvent(size, size, scope.Events, cancel)
                : NsPerEvent(KeysUsual, KeysUsual, size, cancel);
            points.Add(new BenchPoint(size, ns));
        }

        double ratio = points.Max(point => point.NsPerEvent) / points[0].NsPerEvent;
        return Task.FromResult(new BenchResult
        {
            Name = Name,
            What = What,
            Unit = BenchUnits.Times,
            Value = new Spread(ratio, ratio, ratio),
            Target = new BenchTarget(overKeys ? 5 : 1.5, AtMost: true),
            Curve = points,
        });
    }

    /// <summary>Processor time per event, after some that are not timed.</summary>
    private static double NsPerEvent(int keys, int before, int events, CancellationToken cancel)
    {
        PipelineOptions pipeline = new() { Keys = GroupingSet.ParseAll(Workload.Keys) };
        FusedStage stage = new(pipeline, 0, new EnvelopeDecoder());
        EpochOutputs outputs = new(pipeline.Topics, 0);
        Workload workload = new(new WorkloadOptions { Keys = keys, StepMs = StepMs });
        _ = Run(stage, outputs, workload, before, cancel);
        return Run(stage, outputs, workload, events, cancel) * 1e9 / events;
    }

    private static double Run(
        FusedStage stage, EpochOutputs outputs, Workload workload, int events,
        CancellationToken cancel)
    {
        double seconds = 0;
        for (int left = events; left > 0;)
        {
            cancel.ThrowIfCancellationRequested();
            long from = workload.Count;
            int count = Math.Min(left, ChunkEvents);
            RecordBatch[] batches = workload.Batches(count);
            TimeSpan begun = Environment.CpuUsage.TotalTime;
            foreach (RecordBatch batch in batches)
            {
                for (int i = 0; i < batch.Count; i++)
                    stage.Apply(batch, i, outputs);
            }

            stage.EndEpoch(from, workload.Count, idle: false, outputs);
            _ = outputs.Take();
            seconds += (Environment.CpuUsage.TotalTime - begun).TotalSeconds;
            left -= count;
        }

        return seconds;
    }
}
