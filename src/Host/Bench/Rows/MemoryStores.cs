using System.Collections.Concurrent;
using Earshot.Actors;
using Earshot.Actors.Ports;
using Earshot.Actors.Runtime;
using Earshot.Log;
using Earshot.Log.Memory;
using Earshot.Schemas;
using Earshot.Snapshots;
using Microsoft.Extensions.Logging.Abstractions;

namespace Earshot.Host.Bench.Rows;

/// <summary>A pipeline with its log in memory, whose snapshots and files are thrown away.</summary>
internal static class MemoryStores
{
    /// <summary>Creates a log with the pipeline's topics, its input among them.</summary>
    public static async Task<MemoryLog> CreateLogAsync(PipelineOptions pipeline)
    {
        MemoryLog log = new(TimeProvider.System);
        await log.EnsureTopicsAsync(
            [
                new TopicSpec(pipeline.InputTopic, pipeline.Partitions),
                .. pipeline.Topics.Written(pipeline.Partitions),
            ],
            CancellationToken.None);
        return log;
    }

    /// <summary>What a pipeline on that log runs on.</summary>
    public static PipelineWorld WorldOf(ILog log, PipelineOptions pipeline) => new(
        log,
        (partition, from) => log.OpenReader(
            new TopicPartition(pipeline.InputTopic, partition), from),
        static () => new EnvelopeDecoder(), new NoSnapshots(), new NoArchive(),
        new LocalRuntime(TimeProvider.System, NullLogger<LocalRuntime>.Instance),
        TimeProvider.System, NullLoggerFactory.Instance);
}

/// <summary>Takes snapshots and forgets them, but for what is in memory nowhere else.</summary>
internal sealed class NoSnapshots : ISnapshotStore
{
    private readonly ConcurrentDictionary<(SnapshotOwner Owner, string Key), byte[]> cold = [];

    public ValueTask<StoredSnapshot?> LoadAsync(SnapshotOwner owner, CancellationToken cancel) =>
        ValueTask.FromResult<StoredSnapshot?>(null);

    public byte[] ReadCold(
        SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets) => cold[(owner, key)];

    public ValueTask<bool> SaveAsync(SnapshotChange change, CancellationToken cancel)
    {
        foreach (SnapshotPart part in change.Parts.Where(part => part.IsCold))
        {
            if (part.Value is { } value)
                cold[(change.Owner, part.Key)] = value;
            else
                cold.TryRemove((change.Owner, part.Key), out _);
        }

        return ValueTask.FromResult(true);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Takes rows and forgets them.</summary>
internal sealed class NoArchive : IArchive
{
    public ValueTask RecoverAsync(
        string table, int partition, long committed, CancellationToken cancel) =>
        ValueTask.CompletedTask;

    public ValueTask WriteAsync(
        string table, int partition, IReadOnlyList<RecordBatch> batches,
        CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask ReleaseAsync(string table, int partition, CancellationToken cancel) =>
        ValueTask.CompletedTask;

    public ValueTask CompactAsync(CancellationToken cancel) => ValueTask.CompletedTask;
}
