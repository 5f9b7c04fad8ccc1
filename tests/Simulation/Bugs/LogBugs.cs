using Earshot.Log;
using Earshot.Tests.Simulation.Run;
using Earshot.Tests.Simulation.World;

namespace Earshot.Tests.Simulation.Bugs;

/// <summary>The offset is committed in a transaction of its own, before the outputs.</summary>
internal sealed class OffsetBeforeOutput : Bug
{
    public override ILog Wrap(ILog log, Life life, SimulatedRun world) => new Sabotaged(log)
    {
        Commit = static async (_, producer, what) =>
        {
            CommitResult first =
                await producer.CommitAsync(new LogTransaction([], what.Offsets), default);
            return first.Outcome == CommitOutcome.Committed && what.Appends.Count > 0
                ? await producer.CommitAsync(new LogTransaction(what.Appends, []), default)
                : first;
        },
    };
}

/// <summary>
/// After a lost answer the outputs are sent again without looking whether they were written.
/// </summary>
internal sealed class BlindResend : Bug
{
    public override ILog Wrap(ILog log, Life life, SimulatedRun world) => new Sabotaged(log)
    {
        Commit = static async (open, producer, what) =>
        {
            CommitResult first = await producer.CommitAsync(what, default);
            if (first.Outcome != CommitOutcome.Unknown)
                return first;
            ILogProducer again = await open();
            return await again.CommitAsync(what, default);
        },
    };
}

/// <summary>
/// A new owner reads the committed offset while a transaction that moves it is undecided.
/// </summary>
internal sealed class UnstableOffset : Bug
{
    public override ILog Wrap(ILog log, Life life, SimulatedRun world) => new Sabotaged(log)
    {
        ReadCommitted = world.Broker.CommittedOf,
    };
}

/// <summary>A group that lets a member of an old generation commit.</summary>
internal sealed class OldGeneration : Bug
{
    public override void Prepare(SimulatedRun world) => world.Broker.ChecksGeneration = false;
}

/// <summary>A log with single calls done wrong.</summary>
internal sealed class Sabotaged(ILog log) : ILog
{
    public Func<Func<Task<ILogProducer>>, ILogProducer, LogTransaction, Task<CommitResult>>?
        Commit { get; init; }

    public Func<string, TopicPartition, long?>? ReadCommitted { get; init; }

    public ValueTask EnsureTopicsAsync(
        IReadOnlyList<TopicSpec> topics, CancellationToken cancel) =>
        log.EnsureTopicsAsync(topics, cancel);

    public ValueTask<int?> ReadPartitionCountAsync(string topic, CancellationToken cancel) =>
        log.ReadPartitionCountAsync(topic, cancel);

    public ValueTask<ILogGroup> JoinGroupAsync(
        string group, IReadOnlyList<TopicSpec> topics, IGroupListener listener,
        CancellationToken cancel) => log.JoinGroupAsync(group, topics, listener, cancel);

    public ValueTask<OffsetRange> ReadRangeAsync(
        TopicPartition source, CancellationToken cancel) => log.ReadRangeAsync(source, cancel);

    public ValueTask<long?> ReadCommittedAsync(
        string group, TopicPartition source, CancellationToken cancel) =>
        ReadCommitted is { } read
            ? new ValueTask<long?>(read(group, source))
            : log.ReadCommittedAsync(group, source, cancel);

    public ILogReader OpenReader(TopicPartition source, long from) =>
        log.OpenReader(source, from);

    public async ValueTask<ILogProducer> OpenProducerAsync(
        string transactionalId, CancellationToken cancel)
    {
        ILogProducer producer = await log.OpenProducerAsync(transactionalId, cancel);
        return Commit is null ? producer
            : new Producer(
                producer,
                what => Commit(
                    () => log.OpenProducerAsync(transactionalId, default).AsTask(), producer,
                    what));
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();

    private sealed class Producer(
        ILogProducer producer, Func<LogTransaction, Task<CommitResult>> commit) : ILogProducer
    {
        public ValueTask<CommitResult> CommitAsync(
            LogTransaction transaction, CancellationToken cancel) => new(commit(transaction));

        public ValueTask DisposeAsync() => producer.DisposeAsync();
    }
}
