using System.Diagnostics;
using System.Globalization;
using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Log.Memory;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// From an event's append to the window update that has it, in mode update, on two partitions in
/// memory, at half of the rate that the same pipeline reaches flat out. Probes with an account of
/// their own come in between: the first row of that account ends the probe. Their time begins
/// when they were due, so that a producer that is late hides nothing.
/// </summary>
internal sealed class LatencyRow : IBenchRow
{
    private const int Partitions = 2;
    private const int Keys = 5_000;
    private const double EpochMs = 500;
    private const double AllowedMs = 200;
    private const int TickMs = 10;

    /// <summary>Time at half load, s: a probe a tick gives a thousand of them.</summary>
    private const int PacedSeconds = 10;

    // Event time then goes about as fast as the clock, as it does live. Rates differ between
    // machines, the bytes do not.
    private const double StepMs = 0.005;

    private readonly PipelineOptions pipeline = new()
    {
        Keys = GroupingSet.ParseAll(Workload.Keys),
        Mode = OutputMode.Update,
        Partitions = Partitions,
        EpochLength = TimeSpan.FromMilliseconds(EpochMs),
    };

    /// <inheritdoc/>
    public string Name => "latency";

    /// <inheritdoc/>
    public string What => "append of an event to its window update readable, mode update, two "
        + "partitions in memory, 5,000 keys, half load: 99th percentile";

    /// <inheritdoc/>
    public double Share => 0.16;

    /// <inheritdoc/>
    public async Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        Workload workload = new(new WorkloadOptions { Keys = Keys, StepMs = StepMs });
        double capacity = await CapacityAsync(workload.Batches(scope.Events), cancel);
        double rate = capacity / 2;
        await using MemoryLog log = await MemoryStores.CreateLogAsync(pipeline);
        await using Pipeline running = await Pipeline.StartAsync(
            pipeline, MemoryStores.WorldOf(log, pipeline), cancel);
        Probes probes = new(PacedSeconds * 1000 / TickMs);
        using CancellationTokenSource end =
            CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] watching = [.. Enumerable.Range(0, Partitions).Select(partition => Task.Run(
            () => WatchAsync(log, partition, probes, end.Token), CancellationToken.None))];
        long appended = await Task.Run(
            () => new PacedInput(log, pipeline, workload, rate, TickMs).RunAsync(probes, cancel),
            cancel);
        await probes.AllSeen.WaitAsync(TimeSpan.FromMinutes(1), cancel);
        await end.CancelAsync();
        await Task.WhenAll(watching);
        double[] ms = [.. probes.LatenciesMs.Order()];
        return ToResult(ms, capacity, appended / (double)PacedSeconds);
    }

    private BenchResult ToResult(double[] ms, double capacity, double rate)
    {
        double p99 = ms[Math.Min(ms.Length * 99 / 100, ms.Length - 1)];
        return new BenchResult
        {
            Name = Name,
            What = What,
            Unit = BenchUnits.Milliseconds,
            Value = new Spread(p99, ms[0], ms[^1]),
            LatencyP50Ms = ms[ms.Length / 2],
            LatencyP99Ms = p99,
            Target = new BenchTarget(EpochMs + AllowedMs, AtMost: true),
            Notes = [string.Create(
                CultureInfo.InvariantCulture,
                $"{ms.Length:N0} probes at {rate / 1000:F0} k/s, flat out it makes "
                + $"{capacity / 1000:F0} k/s; epochs of {EpochMs:F0} ms; the spread is from the "
                + $"quickest probe to the slowest")],
        };
    }

    /// <summary>Events per second flat out, until the last epoch is committed.</summary>
    private async Task<double> CapacityAsync(RecordBatch[] batches, CancellationToken cancel)
    {
        await using MemoryLog log = await MemoryStores.CreateLogAsync(pipeline);
        SpreadRecords spread = new(log, pipeline);
        foreach (RecordBatch batch in batches)
            spread.Append(batch, batch.AppendTimeMs);
        spread.Complete();
        await using Pipeline running = await Pipeline.StartAsync(
            pipeline, MemoryStores.WorldOf(log, pipeline), cancel);
        long begun = Stopwatch.GetTimestamp();
        await running.CompleteAsync(cancel);
        return batches.Sum(batch => (long)batch.Count)
            / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private async Task WatchAsync(
        MemoryLog log, int partition, Probes probes, CancellationToken cancel)
    {
        TopicPartition source = new(pipeline.Topics.Insights, partition);
        await using ILogReader reader = log.OpenReader(source, 0);
        try
        {
            while (await reader.ReadAsync(Workload.BatchRecords, cancel) is { } batch)
            {
                long now = Stopwatch.GetTimestamp();
                for (int i = 0; i < batch.Count; i++)
                    probes.Seen(batch[i].Key, now);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The last probe was seen.
        }
    }
}
