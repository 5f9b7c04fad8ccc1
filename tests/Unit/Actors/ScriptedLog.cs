using System.Text;
using Earshot.Log;

namespace Earshot.Tests.Unit.Actors;

/// <summary>What becomes of a commit.</summary>
internal enum Fate
{
    Written,
    UnknownButWritten,
    UnknownAndLost,
    UnknownAndMoved,
    UnknownButWrittenAndPartition1MovedOn,
    ThrowsButWritten,
    WrittenWithoutAnswer,
}

/// <summary>A log whose commits end as the test says; written ones when it says nothing.</summary>
internal sealed class ScriptedLog : ILog
{
    private readonly TaskCompletionSource arrived =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int markers;

    public Queue<Fate> Script { get; } = [];

    public Dictionary<int, long> Committed { get; } = [];

    public List<LogTransaction> Sent { get; } = [];

    /// <summary>The records written, by target partition.</summary>
    public List<(int Partition, string Text)> Records { get; } = [];

    public Task BeforeCommit { get; set; } = Task.CompletedTask;

    /// <summary>Completes when the first commit has come.</summary>
    public Task Arrived => arrived.Task;

    public int Opened { get; private set; }

    /// <summary>How often opening a producer fails from now on.</summary>
    public int OpenFailures { get; set; }

    /// <summary>
    /// Transaction markers a lost commit leaves after the last record: the end lies beyond it.
    /// </summary>
    public int MarkersOfLost { get; set; }

    /// <summary>False: readers wait at markers, as if nothing were there.</summary>
    public bool GivesMarkers { get; set; } = true;

    /// <summary>False: like Kafka, it does not look where an offset moves from.</summary>
    public bool ChecksFrom { get; set; } = true;

    public ValueTask EnsureTopicsAsync(IReadOnlyList<TopicSpec> topics, CancellationToken cancel) =>
        ValueTask.CompletedTask;

    public ValueTask<int?> ReadPartitionCountAsync(string topic, CancellationToken cancel) =>
        throw new NotSupportedException();

    public ValueTask<ILogGroup> JoinGroupAsync(
        string group, IReadOnlyList<TopicSpec> topics, IGroupListener listener,
        CancellationToken cancel) => SoleOwner.JoinAsync(topics, listener);

    public ValueTask<OffsetRange> ReadRangeAsync(TopicPartition source, CancellationToken cancel) =>
        ValueTask.FromResult(new OffsetRange(0, Of(source).Count + markers));

    public ValueTask<long?> ReadCommittedAsync(
        string group, TopicPartition source, CancellationToken cancel) =>
        ValueTask.FromResult<long?>(
            Committed.TryGetValue(source.Partition, out long offset) ? offset : null);

    public ILogReader OpenReader(TopicPartition source, long from) =>
        new Reader(this, source, from);

    public ValueTask<ILogProducer> OpenProducerAsync(
        string transactionalId, CancellationToken cancel)
    {
        Opened++;
        if (OpenFailures-- > 0)
            throw new LogException("no broker answers");
        return ValueTask.FromResult<ILogProducer>(new Producer(this));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private List<string> Of(TopicPartition source) =>
        [.. Records.Where(record => record.Partition == source.Partition).Select(r => r.Text)];

    private async ValueTask<CommitResult> CommitAsync(LogTransaction transaction)
    {
        Sent.Add(transaction);
        arrived.TrySetResult();
        await BeforeCommit;
        Fate fate = Script.TryDequeue(out Fate next) ? next : Fate.Written;
        if (fate == Fate.UnknownAndMoved)
            Committed[transaction.Offsets[0].Source.Partition] = 99;
        if (fate == Fate.UnknownAndLost)
            markers += MarkersOfLost;
        if (fate is Fate.UnknownAndMoved or Fate.UnknownAndLost)
            return new CommitResult(CommitOutcome.Unknown, "no answer");
        foreach (OffsetMove move in transaction.Offsets)
        {
            long? now = await ReadCommittedAsync(move.Group, move.Source, default);
            if (ChecksFrom && move.From is not null && move.From != now)
                return new CommitResult(CommitOutcome.Fenced, "moved");
        }

        Write(transaction);
        if (fate == Fate.UnknownButWrittenAndPartition1MovedOn)
            Committed[1] = 99;
        return fate switch
        {
            Fate.Written => new CommitResult(CommitOutcome.Committed),
            Fate.ThrowsButWritten => throw new TimeoutException("no answer"),
            Fate.WrittenWithoutAnswer => await new TaskCompletionSource<CommitResult>().Task,
            _ => new CommitResult(CommitOutcome.Unknown, "no answer"),
        };
    }

    private void Write(LogTransaction transaction)
    {
        foreach (OffsetMove move in transaction.Offsets)
            Committed[move.Source.Partition] = move.To;
        foreach (RecordAppend append in transaction.Appends)
        {
            for (int i = 0; i < append.Records.Count; i++)
            {
                Records.Add((
                    append.Target.Partition, Encoding.UTF8.GetString(append.Records[i].Value)));
            }
        }
    }

    private sealed class Producer(ScriptedLog log) : ILogProducer
    {
        public ValueTask<CommitResult> CommitAsync(
            LogTransaction transaction, CancellationToken cancel) => log.CommitAsync(transaction);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Reader(ScriptedLog log, TopicPartition source, long from) : ILogReader
    {
        public async ValueTask<RecordBatch?> ReadAsync(int maxRecords, CancellationToken cancel)
        {
            List<string> all = log.Of(source);
            if (from >= all.Count && !log.GivesMarkers)
                await new TaskCompletionSource().Task.WaitAsync(cancel);
            RecordBatchBuilder builder = new();
            for (long offset = from; offset < all.Count; offset++)
                builder.Add(offset, [], Encoding.UTF8.GetBytes(all[(int)offset]));
            long end = from >= all.Count ? all.Count + log.markers : all.Count;
            (long start, from) = (from, end);
            return end == start ? null : builder.Build(source, start, end, 0);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
