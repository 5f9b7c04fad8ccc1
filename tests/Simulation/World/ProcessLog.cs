using Earshot.Log;

namespace Earshot.Tests.Simulation.World;

/// <summary>What may happen to a commit on its way, each as a chance in 1,000 per step.</summary>
/// <param name="Lost">The answer is lost: unknown.</param>
/// <param name="Silent">No answer ever comes.</param>
/// <param name="Aborted">The server aborts.</param>
/// <param name="SlowIn">The server takes so many steps on average for each of its own.</param>
internal sealed record CommitFaults(int Lost, int Silent, int Aborted, int SlowIn)
{
    public static readonly CommitFaults None = new(0, 0, 0, 1);
}

/// <summary>The log as one life of a process sees it.</summary>
internal sealed class ProcessLog(
    Broker broker, Network network, Life life, Func<CommitFaults> faults) : ILog
{
    public ValueTask EnsureTopicsAsync(
        IReadOnlyList<TopicSpec> topics, CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask<int?> ReadPartitionCountAsync(string topic, CancellationToken cancel) =>
        new(broker.Partitions);

    public ValueTask<ILogGroup> JoinGroupAsync(
        string group, IReadOnlyList<TopicSpec> topics, IGroupListener listener,
        CancellationToken cancel) =>
        throw new NotSupportedException("the run plays the group's coordinator");

    public ValueTask<OffsetRange> ReadRangeAsync(
        TopicPartition source, CancellationToken cancel) =>
        new(network.Ask(life, (out OffsetRange range) =>
        {
            range = new OffsetRange(0, broker.EndOf(source));
            return true;
        }));

    public ValueTask<long?> ReadCommittedAsync(
        string group, TopicPartition source, CancellationToken cancel) =>
        new(network.Ask(
            life, (out long? offset) => broker.TryReadCommitted(group, source, out offset)));

    public ILogReader OpenReader(TopicPartition source, long from) =>
        new Reader(broker, source, from);

    public ValueTask<ILogProducer> OpenProducerAsync(
        string transactionalId, CancellationToken cancel) =>
        new(network.Ask<ILogProducer>(life, (out ILogProducer producer) =>
        {
            producer = new Producer(this, transactionalId, broker.OpenProducer(transactionalId));
            return true;
        }));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask<CommitResult> CommitAsync(
        string id, int epoch, LogTransaction transaction)
    {
        // Group metadata and what is owned are captured together: an epoch of a partition that
        // was taken away must not go out under the generation that followed.
        if (transaction.Offsets.Any(move => !life.Owned.Contains((move.Group, move.Source))))
        {
            return new ValueTask<CommitResult>(
                new CommitResult(CommitOutcome.Fenced, "not ours any more"));
        }

        CommitCall call = new(life, broker, faults, id, epoch, transaction);
        network.Add(call, atOnce: false);
        return new ValueTask<CommitResult>(call.Answer);
    }

    private sealed class Producer(ProcessLog log, string id, int epoch) : ILogProducer
    {
        public ValueTask<CommitResult> CommitAsync(
            LogTransaction transaction, CancellationToken cancel) =>
            log.CommitAsync(id, epoch, transaction);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Reader(Broker broker, TopicPartition source, long from) : ILogReader
    {
        private long position = from;

        public ValueTask<RecordBatch?> ReadAsync(int maxRecords, CancellationToken cancel)
        {
            RecordBatch? batch = broker.Read(source, position, maxRecords);
            Assert.True(batch is not null, $"a read past the end of {source} would wait for ever");
            position = batch.To;
            return new ValueTask<RecordBatch?>(batch);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>A commit on its way: sent, asked to commit, decided, answered.</summary>
    private sealed class CommitCall(
        Life life, Broker broker, Func<CommitFaults> faults, string id, int epoch,
        LogTransaction what) : Network.Call(life)
    {
        private readonly TaskCompletionSource<CommitResult> answer = new();
        private readonly int generation = life.Generation;
        private Broker.Transaction? transaction;
        private bool prepared;

        public Task<CommitResult> Answer => answer.Task;

        public override bool Step(Random random)
        {
            if (!answer.Task.IsCompleted && !Abandoned)
            {
                if (random.Next(1000) < faults().Silent)
                    Abandoned = true;
                else if (random.Next(1000) < faults().Lost)
                    Reply(new CommitResult(CommitOutcome.Unknown, "the answer is lost"));
            }

            if (transaction is null)
                return Begin(random);
            if (broker.Kafka && random.Next(faults().SlowIn) != 0)
                return false;
            if (!prepared && !transaction.Decided && random.Next(1000) < faults().Aborted)
                broker.Decide(transaction, commit: false);
            if (!prepared)
            {
                prepared = broker.Prepare(id, epoch, transaction);
                return !prepared && Reply(new CommitResult(CommitOutcome.Aborted, "aborted"));
            }

            if (!transaction.Decided)
            {
                broker.Decide(transaction, commit: true);
                return false;
            }

            return Reply(new CommitResult(CommitOutcome.Committed));
        }

        public override string ToString() => $"commit of {Life} by {id}";

        private bool Begin(Random random)
        {
            transaction = broker.Begin(id, epoch, generation, what, out CommitResult refusal);
            if (transaction is null)
                return Reply(refusal);
            if (broker.Kafka)
                return false;

            // The embedded logs write in one step, or not at all.
            broker.Decide(transaction, commit: random.Next(1000) >= faults().Aborted);
            prepared = transaction.Committed;
            return !prepared && Reply(new CommitResult(CommitOutcome.Aborted, "aborted"));
        }

        private bool Reply(CommitResult result)
        {
            if (!Abandoned)
                answer.TrySetResult(result);
            return true;
        }
    }
}
