using System.Globalization;
using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Earshot.Actors.Runtime;
using Earshot.Analytics;
using Earshot.Kafka;
using Earshot.Kafka.Floors;
using Earshot.Kafka.Topics;
using Earshot.Log;
using Earshot.Schemas;
using Microsoft.Extensions.Logging.Abstractions;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// The call stages of <c>run --kafka</c>: consume four partitions, and commit bundles and offsets
/// in transactions, until all input is committed: a partition that has come to its end is stopped,
/// so that its last epoch does not wait for its time. The aggregators and the archive do not run,
/// as in a process whose partitions of those stages are elsewhere.
/// </summary>
internal sealed class KafkaRow : IBenchRow
{
    private const int Partitions = 4;

    /// <summary>
    /// Enough that most of the time the state no longer grows: with <see cref="StepMs"/> the ids
    /// of the first events are dropped after a quarter of them.
    /// </summary>
    private const int EventsFactor = 8;

    private const double StepMs = 0.3;
    private const int TransactionRecords = 50_000;

    /// <summary>Most records of a batch, as partition actors ask for.</summary>
    private const int ReadRecords = 4096;

    /// <inheritdoc/>
    public string Name => "kafka";

    /// <inheritdoc/>
    public string What => "call stages on Kafka, four partitions: consume to bundles committed, "
        + "exactly once";

    /// <inheritdoc/>
    public double Share => 0.3;

    /// <inheritdoc/>
    public async Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        if (scope.Kafka is not { } kafka)
        {
            return new BenchResult
            {
                Name = Name,
                What = What,
                Skipped = "no broker: name one with --kafka HOST:PORT, or in EARSHOT_TEST_KAFKA",
            };
        }

        string id = $"earshot-bench-{Guid.NewGuid():N}";
        PipelineOptions pipeline = new()
        {
            PipelineId = id,
            InputTopic = $"{id}.calls",
            Partitions = Partitions,
            Keys = GroupingSet.ParseAll(Workload.Keys),
        };
        KafkaOptions cluster = new(kafka.Bootstrap) { Settings = kafka.Settings };
        List<string> groups = [];
        try
        {
            await using KafkaLog log = await KafkaConnection.OpenAsync(
                kafka, pipeline, NullLogger.Instance, cancel);
            return await MeasureAsync(scope, pipeline, cluster, log, groups, cancel);
        }
        finally
        {
            await TopicRemoval.RunAsync(
                cluster,
                [pipeline.InputTopic, .. pipeline.Topics.Written(Partitions).Select(t => t.Name)],
                groups);
        }
    }

    private async Task<BenchResult> MeasureAsync(
        BenchScope scope, PipelineOptions pipeline, KafkaOptions cluster, KafkaLog log,
        List<string> groups, CancellationToken cancel)
    {
        int events = scope.Events * EventsFactor;
        await log.EnsureTopicsAsync(
            [new TopicSpec(pipeline.InputTopic, Partitions),
                .. pipeline.Topics.Written(Partitions)],
            cancel);
        await ProduceAsync(log, pipeline, events, cancel);
        TopicPartition[] sources = [.. Enumerable.Range(0, Partitions)
            .Select(partition => new TopicPartition(pipeline.InputTopic, partition))];
        BenchResult result = await scope.MeasureAsync(
            this,
            [
                new Lap(Name, async () =>
                {
                    groups.Add($"{pipeline.PipelineId}.{groups.Count}");
                    await ConsumeAsync(log, pipeline, sources, groups[^1], cancel);
                    return events;
                }),
                Lap.Of(
                    "Confluent's bare loop",
                    () => ConfluentLoop.Run(cluster, sources, events, cancel)),
                Lap.Of(
                    "bare batch loop",
                    () => NativeLoop.Run(cluster, sources, events, cancel)),
                new Lap("readers alone", async () => await ReadAsync(log, sources, cancel)),
            ],
            cancel);
        return result with
        {
            // Faster than Confluent's client doing nothing.
            Target = new BenchTarget(result.Floors[0].Rate.Median),
            Notes = [string.Create(
                CultureInfo.InvariantCulture,
                $"{events:N0} events, {pipeline.EpochLength.TotalMilliseconds:F0} ms epochs; the "
                + $"target is Confluent's bare loop, the further one 0.5 of the bare batch loop")],
        };
    }

    private static async Task ConsumeAsync(
        KafkaLog log, PipelineOptions pipeline, TopicPartition[] sources, string group,
        CancellationToken cancel)
    {
        long[] ends = new long[Partitions];
        foreach (TopicPartition source in sources)
            ends[source.Partition] = (await log.ReadRangeAsync(source, cancel)).End;
        CommitWatch watch = new(ends);
        await using EpochCommitter committer = new(
            log, group, TimeProvider.System, NullLogger.Instance);
        await using LocalRuntime runtime = new(
            TimeProvider.System, NullLogger<LocalRuntime>.Instance);
        await using NoSnapshots snapshots = new();
        // One that is parked never commits its last offset: then all the others come to their end.
        await await Task.WhenAny(
            watch.Committed, Task.WhenAll(sources.Select(source => RunToEndAsync(source))))
            .WaitAsync(cancel);

        async Task RunToEndAsync(TopicPartition source)
        {
            ActorIntent intent = new();
            IActorRef actor = Spawn(source, intent);
            await Task.WhenAny(watch.Read[source.Partition].Task, actor.Completion);
            intent.Stop = true;
            await actor.TellAsync(IntentChanged.Instance, cancel);
            await actor.Completion;
        }

        IActorRef Spawn(TopicPartition source, ActorIntent intent) => runtime.Spawn(
            $"call/{source.Partition}",
            () => new PartitionActor(
                new PartitionSetting(
                    source, pipeline.Topics, group,
                    () => new CallStage(pipeline, source.Partition, new EnvelopeDecoder()),
                    from => log.OpenReader(source, from), log,
                    static _ => ValueTask.FromResult(0L), snapshots, committer,
                    CommitWhenDrained: false, intent, watch.See),
                pipeline, new FaultMemory(), TimeProvider.System, NullLogger.Instance),
            Supervision.Default);
    }

    /// <summary>What the readers reach when nobody works on what they read.</summary>
    private static async Task<long> ReadAsync(
        KafkaLog log, TopicPartition[] sources, CancellationToken cancel)
    {
        long[] read = await Task.WhenAll(sources.Select(source => Task.Run(async () =>
        {
            long end = (await log.ReadRangeAsync(source, cancel)).End;
            long records = 0;
            await using ILogReader reader = log.OpenReader(source, 0);
            for (long to = 0; to < end;)
            {
                RecordBatch batch = await reader.ReadAsync(ReadRecords, cancel)
                    ?? throw new FailedException($"{source} ended before offset {end}");
                (to, records) = (batch.To, records + batch.Count);
                batch.Release();
            }

            return records;
        })));
        return read.Sum();
    }

    private static async Task ProduceAsync(
        KafkaLog log, PipelineOptions pipeline, int events, CancellationToken cancel)
    {
        Workload workload = new(new WorkloadOptions
        {
            StepMs = StepMs,
            DuplicateShare = 0.02,
            PartialShare = 0.25,
            DisorderMs = 5_000,
        });
        await using ILogProducer producer = await log.OpenProducerAsync(
            $"{pipeline.PipelineId}.producer", cancel);
        RecordBatchBuilder[] builders =
            [.. Enumerable.Range(0, Partitions).Select(_ => new RecordBatchBuilder())];
        for (int left = events; left > 0;)
        {
            int count = Math.Min(left, TransactionRecords);
            foreach (RecordBatch batch in workload.Batches(count))
            {
                for (int i = 0; i < batch.Count; i++)
                {
                    LogRecord record = batch[i];
                    builders[(int)(StableHash.Of(record.Key) % Partitions)]
                        .Append(record.Key, record.Value);
                }
            }

            CommitResult result = await producer.CommitAsync(
                new LogTransaction(
                    [.. builders.Select((builder, partition) => new RecordAppend(
                        new TopicPartition(pipeline.InputTopic, partition), builder.Build()))],
                    []),
                cancel);
            if (result.Outcome != CommitOutcome.Committed)
                throw new FailedException($"the input cannot be written: {result.Error}");
            left -= count;
        }
    }

    /// <summary>Sees when a partition has read, and when all have committed, the last.</summary>
    private sealed class CommitWatch(long[] ends)
    {
        private readonly long[] committed = new long[ends.Length];
        private readonly TaskCompletionSource allCommitted = NewSource();

        /// <summary>Per partition: all of it is read.</summary>
        public TaskCompletionSource[] Read { get; } = [.. ends.Select(_ => NewSource())];

        public Task Committed => allCommitted.Task;

        // From any partition's thread; each writes its own number.
        public void See(PartitionProgress progress)
        {
            if (progress.Position >= ends[progress.Partition])
                Read[progress.Partition].TrySetResult();
            Volatile.Write(ref committed[progress.Partition], progress.Committed ?? 0);
            for (int partition = 0; partition < ends.Length; partition++)
            {
                if (Volatile.Read(ref committed[partition]) < ends[partition])
                    return;
            }

            allCommitted.TrySetResult();
        }

        private static TaskCompletionSource NewSource() =>
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
