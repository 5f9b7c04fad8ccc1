using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Log.Memory;
using Earshot.Snapshots;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// A partition on a log in memory, on one thread: read, apply, cut epochs, commit. What a
/// partition actor does, without its mailbox. Snapshots are not written.
/// </summary>
internal sealed class MachineLoop : IPartitionEffects, IAsyncDisposable
{
    private readonly PartitionMachine machine;
    private readonly MemoryLog log;
    private readonly TopicPartition source;
    private readonly IReadOnlyList<TopicSpec> written;
    private readonly ILogReader reader;
    private readonly ILogProducer producer;
    private EpochCommit? due;

    private MachineLoop(
        IStage stage, PipelineOptions pipeline, MemoryLog log, TopicPartition source,
        ILogProducer producer, string group)
    {
        this.log = log;
        this.source = source;
        this.producer = producer;
        Stage = stage;
        written = pipeline.Topics.Written(pipeline.Partitions);
        reader = log.OpenReader(source, 0);
        machine = new PartitionMachine(
            stage, pipeline, source, group, this);
        machine.Recover(
            new RecoveryPoint(null, null, 0, new Dictionary<long, string>(), null), 0);
    }

    /// <summary>The stage.</summary>
    public IStage Stage { get; }

    /// <summary>The next offset.</summary>
    public long Position => machine.Position;

    /// <summary>Opens it at the beginning of its input.</summary>
    /// <param name="stage">A fresh stage.</param>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="log">Holds the input.</param>
    /// <param name="source">The input.</param>
    /// <param name="name">Not used before on this log.</param>
    public static async Task<MachineLoop> OpenAsync(
        IStage stage, PipelineOptions pipeline, MemoryLog log, TopicPartition source, string name)
    {
        ILogProducer producer = await log.OpenProducerAsync(name, CancellationToken.None);
        return new MachineLoop(stage, pipeline, log, source, producer, name);
    }

    /// <summary>Goes on to an offset and ends the epoch there.</summary>
    /// <returns>How many records that were.</returns>
    public async Task<long> RunAsync(long to)
    {
        long from = Position;
        while (Position < to)
        {
            int most = (int)Math.Min(Workload.BatchRecords, to - Position);
            RecordBatch? batch = await reader.ReadAsync(most, CancellationToken.None);
            machine.Apply(batch!);
            await CommitDueAsync();
        }

        machine.Tick(0);
        await CommitDueAsync();
        return Position - from;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        await producer.DisposeAsync();
    }

    void IPartitionEffects.Commit(EpochCommit epoch) => due = epoch;

    void IPartitionEffects.SaveSnapshot(SnapshotChange change) =>
        machine.SnapshotSaved(change.Offset, saved: true);

    void IPartitionEffects.Finished()
    {
    }

    private async Task CommitDueAsync()
    {
        while (due is { } epoch)
        {
            due = null;
            CommitResult result = await producer.CommitAsync(
                epoch.Transaction, CancellationToken.None);
            if (result.Outcome != CommitOutcome.Committed)
                throw new InvalidOperationException($"{source}: {result.Outcome} {result.Error}");
            machine.Committed(epoch.Number);
        }

        // Nobody reads the outputs: what they hold would only fill the memory.
        foreach (TopicSpec topic in written)
        {
            TopicPartition target = new(topic.Name, source.Partition);
            OffsetRange range = await log.ReadRangeAsync(target, CancellationToken.None);
            if (range.End > range.Begin)
                await log.TrimAsync(target, range.End, CancellationToken.None);
        }
    }
}
