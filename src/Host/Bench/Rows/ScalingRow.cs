using System.Globalization;
using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Log.Memory;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// The whole pipeline in memory over the same events, from the first one read to the last row
/// archived: as one partition, fused as it is by default, and as two, whose bundles go through
/// the log.
/// </summary>
internal sealed class ScalingRow : IBenchRow
{
    private const double TargetRatio = 1.6;
    private const double SpanMs = 900_000;

    /// <inheritdoc/>
    public string Name => "scaling";

    /// <inheritdoc/>
    public string What => "the whole pipeline in memory on two partitions, over the same on one: "
        + "events per second as a ratio";

    /// <inheritdoc/>
    public double Share => 0.15;

    /// <inheritdoc/>
    public async Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        RecordBatch[] batches = new Workload(new WorkloadOptions
        {
            StepMs = SpanMs / scope.Events,
            DuplicateShare = 0.02,
            PartialShare = 0.25,
            DisorderMs = 5_000,
        }).Batches(scope.Events);
        IReadOnlyList<LapTime>[] times = await new Rounds(scope.Rounds, scope.Seconds)
            .RunAsync([LapOf(batches, 1), LapOf(batches, 2)], cancel);
        Spread one = Spread.Of(times[0].Select(time => time.Rate));
        Spread two = Spread.Of(times[1].Select(time => time.Rate));
        return new BenchResult
        {
            Name = Name,
            What = What,
            Unit = BenchUnits.Times,
            Value = Spread.Of(times[0].Zip(times[1], (a, b) => b.Rate / a.Rate)),
            Cores = Spread.Of(times[1].Select(time => time.CpuSeconds / time.Seconds)).Median,
            Target = new BenchTarget(TargetRatio),
            Notes = [string.Create(
                CultureInfo.InvariantCulture,
                $"one partition {one.Median / 1000:F0} k/s, two {two.Median / 1000:F0} k/s; "
                + $"{Environment.ProcessorCount} cores")],
        };
    }

    private static Lap LapOf(RecordBatch[] batches, int partitions)
    {
        PipelineOptions pipeline = new()
        {
            Keys = GroupingSet.ParseAll(Workload.Keys),
            Partitions = partitions,
        };
        MemoryLog? log = null;
        return new Lap(
            string.Create(CultureInfo.InvariantCulture, $"{partitions} partitions"),
            async () =>
            {
                await using Pipeline running = await Pipeline.StartAsync(
                    pipeline, MemoryStores.WorldOf(log!, pipeline), CancellationToken.None);
                await running.CompleteAsync(CancellationToken.None);
                return running.Progress.Sum(part => part.Books.Read);
            })
        {
            Prepare = async () =>
            {
                if (log is not null)
                    await log.DisposeAsync();
                log = await MemoryStores.CreateLogAsync(pipeline);
                SpreadRecords spread = new(log, pipeline);
                foreach (RecordBatch batch in batches)
                    spread.Append(batch, batch.AppendTimeMs);
                spread.Complete();
            },
        };
    }
}
