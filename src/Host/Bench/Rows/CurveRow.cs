using System.Globalization;
using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Host.Bench.Rows;

/// <summary>What grows along a curve.</summary>
internal enum CurveOf
{
    /// <summary>The input's length; windows of a minute close.</summary>
    Events,

    /// <summary>The number of keys; one window of a day, which does not close.</summary>
    Keys,

    /// <summary>
    /// The number of keys; windows of a minute close. With more keys an event gives out more rows:
    /// there are more windows.
    /// </summary>
    Windows,
}

/// <summary>
/// Cost per event of both stages fused, with ids and epochs, as something grows. Time of making the
/// events is left out.
/// </summary>
internal sealed class CurveRow(CurveOf grows) : IBenchRow
{
    private const int ChunkEvents = 50_000;
    private const int KeysUsual = 10_000;
    private const double StepMs = 1;

    /// <inheritdoc/>
    public string Name => grows switch
    {
        CurveOf.Events => "curve-events",
        CurveOf.Keys => "curve-keys",
        _ => "curve-windows",
    };

    /// <inheritdoc/>
    public string What => "ns per event of both stages fused, " + grows switch
    {
        CurveOf.Events => "from 10,000 to 10,000,000 events, 10,000 keys, rows of closing windows "
            + "included; the dearest over the shortest",
        CurveOf.Keys => "from 1,000 to 1,000,000 keys, one window; the dearest over the fewest",
        _ => "from 1,000 to 1,000,000 keys, rows of closing windows included: more keys, more rows",
    };

    /// <inheritdoc/>
    public double Share => 1;

    /// <inheritdoc/>
    public Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        // Compiles everything.
        _ = Measure(KeysUsual, 0, 200_000, cancel);
        int[] sizes = grows == CurveOf.Events
            ? [10_000, 100_000, 1_000_000, 10_000_000]
            : [1_000, 10_000, 100_000, 1_000_000];
        List<BenchPoint> points = [];
        List<string> rows = [];
        foreach (int size in sizes)
        {
            (double ns, double rowsPerEvent) = grows == CurveOf.Events
                ? Measure(KeysUsual, KeysUsual, size, cancel)
                : Measure(size, size, scope.Events, cancel);
            points.Add(new BenchPoint(size, ns));
            rows.Add(rowsPerEvent.ToString("F1", CultureInfo.InvariantCulture));
        }

        double ratio = points.Max(point => point.NsPerEvent) / points[0].NsPerEvent;
        return Task.FromResult(new BenchResult
        {
            Name = Name,
            What = What,
            Unit = BenchUnits.Times,
            Value = new Spread(ratio, ratio, ratio),
            Target = grows switch
            {
                CurveOf.Events => new BenchTarget(1.5, AtMost: true),
                CurveOf.Keys => new BenchTarget(5, AtMost: true),
                _ => null,
            },
            Curve = points,
            Notes = [$"rows given out per event: {string.Join(", ", rows)}"],
        });
    }

    /// <summary>
    /// Processor time per event, ns, and rows per event, after some events that do not count.
    /// </summary>
    private (double Ns, double Rows) Measure(
        int keys, int before, int events, CancellationToken cancel)
    {
        PipelineOptions pipeline = new() { Keys = GroupingSet.ParseAll(Workload.Keys) };
        if (grows == CurveOf.Keys)
        {
            pipeline = pipeline with
            {
                Windows = [WindowSpec.Parse("1d")], FutureLimitMs = WindowSpec.LengthMsMax,
            };
        }

        FusedStage stage = new(pipeline, 0, new EnvelopeDecoder());
        EpochOutputs outputs = new(pipeline.Topics, 0);
        Workload workload = new(new WorkloadOptions { Keys = keys, StepMs = StepMs });
        _ = Run(stage, outputs, workload, before, cancel);
        (double seconds, long rows) = Run(stage, outputs, workload, events, cancel);
        return (seconds * 1e9 / events, (double)rows / events);
    }

    private static (double Seconds, long Rows) Run(
        FusedStage stage, EpochOutputs outputs, Workload workload, int events,
        CancellationToken cancel)
    {
        double seconds = 0;
        long rows = 0;
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
            IReadOnlyList<RecordAppend> appends = outputs.Take();
            rows += appends.Sum(append => (long)append.Records.Count);
            RecordAppend.Release(appends);

            seconds += (Environment.CpuUsage.TotalTime - begun).TotalSeconds;
            left -= count;
        }

        return (seconds, rows);
    }
}
