namespace Earshot.Log.Memory;

/// <summary>A log in memory, for tests and simulation: nothing outlives the process.</summary>
public sealed class MemoryLog : ILog
{
    private readonly TimeProvider time;

    // Guards all state below; held for moments, never across an await.
    private readonly Lock guard = new();

    // Topics and their partitions.
    private readonly Dictionary<string, MemoryPartition[]> topics = [];

    // The epoch of the newest producer of each transactional id.
    private readonly Dictionary<string, long> epochs = [];

    // Committed offsets.
    private readonly Dictionary<(string Group, TopicPartition Source), long> offsets = [];

    private bool disposed;

    /// <summary>Creates an empty log.</summary>
    /// <param name="time">Gives the append times.</param>
    public MemoryLog(TimeProvider time) => this.time = time;

    /// <inheritdoc/>
    public ValueTask EnsureTopicsAsync(
        IReadOnlyList<TopicSpec> topics, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        LogFaults.Validate(topics);
        lock (guard)
        {
            RequireOpen();
            foreach (TopicSpec topic in topics)
                RequireSameCount(topic);
            foreach (TopicSpec topic in topics)
                this.topics.TryAdd(topic.Name, Create(topic));
        }
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<int?> ReadPartitionCountAsync(string topic, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        lock (guard)
        {
            RequireOpen();
            return ValueTask.FromResult<int?>(
                topics.TryGetValue(topic, out MemoryPartition[]? found) ? found.Length : null);
        }
    }

    /// <inheritdoc/>
    public ValueTask<ILogGroup> JoinGroupAsync(
        string group, IReadOnlyList<TopicSpec> topics, IGroupListener listener,
        CancellationToken cancel) => SoleOwner.JoinAsync(topics, listener);

    /// <inheritdoc/>
    public ValueTask<OffsetRange> ReadRangeAsync(TopicPartition source, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        lock (guard)
            return ValueTask.FromResult(Find(source).Range);
    }

    /// <inheritdoc/>
    public ValueTask<long?> ReadCommittedAsync(
        string group, TopicPartition source, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        lock (guard)
        {
            RequireOpen();
            return ValueTask.FromResult(CommittedOf(group, source));
        }
    }

    /// <inheritdoc/>
    public ILogReader OpenReader(TopicPartition source, long from)
    {
        lock (guard)
            return new MemoryLogReader(this, Find(source), from);
    }

    /// <inheritdoc/>
    public ValueTask<ILogProducer> OpenProducerAsync(
        string transactionalId, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        lock (guard)
        {
            RequireOpen();
            long epoch = epochs.GetValueOrDefault(transactionalId) + 1;
            epochs[transactionalId] = epoch;
            return ValueTask.FromResult<ILogProducer>(
                new MemoryLogProducer(this, transactionalId, epoch));
        }
    }

    /// <summary>Appends input without a producer, at once and visible.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="records">The records.</param>
    /// <param name="appendTimeMs">Append time, ms since the epoch; null for now.</param>
    /// <returns>The offset the first record got.</returns>
    /// <exception cref="LogException">No such partition, or it is complete.</exception>
    public long Append(TopicPartition target, RecordBatch records, long? appendTimeMs = null)
    {
        MemoryPartition partition;
        long from;
        lock (guard)
        {
            partition = Find(target);
            partition.RequireOpen();
            from = partition.Range.End;
            partition.Append(records, appendTimeMs ?? NowMs());
        }
        partition.Changed.Pulse();
        return from;
    }

    /// <summary>Makes a partition finite: its readers get null after its last record.</summary>
    public void Complete(TopicPartition target)
    {
        MemoryPartition partition;
        lock (guard)
        {
            partition = Find(target);
            partition.Complete();
        }
        partition.Changed.Pulse();
    }

    /// <summary>Drops the records before an offset; those at or past the end cannot be.</summary>
    public ValueTask TrimAsync(
        TopicPartition target, long keepFromOffset, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        lock (guard)
            Find(target).Trim(keepFromOffset);
        return ValueTask.CompletedTask;
    }

    /// <summary>Ends the log: whoever waits or calls gets ObjectDisposedException.</summary>
    public ValueTask DisposeAsync()
    {
        List<MemoryPartition> all;
        lock (guard)
        {
            disposed = true;
            all = [.. topics.Values.SelectMany(partitions => partitions)];
        }
        foreach (MemoryPartition partition in all)
            partition.Changed.Pulse();
        return ValueTask.CompletedTask;
    }

    /// <summary>What a reader finds: records, or null and whether more may come.</summary>
    internal RecordBatch? Read(MemoryPartition partition, long offset, int max, out bool ended)
    {
        lock (guard)
        {
            RequireOpen();
            RecordBatch? records = partition.Read(offset, max);
            ended = records is null && partition.IsComplete;
            return records;
        }
    }

    internal CommitResult Commit(string transactionalId, long epoch, LogTransaction transaction)
    {
        List<MemoryPartition> changed = [];
        lock (guard)
        {
            RequireOpen();
            if (FindFence(transactionalId, epoch, transaction) is { } reason)
                return new CommitResult(CommitOutcome.Fenced, reason);
            // Everything that can fail comes before the first change: all or nothing.
            foreach (RecordAppend append in transaction.Appends)
            {
                MemoryPartition partition = Find(append.Target);
                partition.RequireOpen();
                changed.Add(partition);
            }
            long now = NowMs();
            for (int index = 0; index < changed.Count; index++)
                changed[index].Append(transaction.Appends[index].Records, now);
            foreach (OffsetMove move in transaction.Offsets)
                offsets[(move.Group, move.Source)] = move.To;
        }
        foreach (MemoryPartition partition in changed)
            partition.Changed.Pulse();
        return new CommitResult(CommitOutcome.Committed);
    }

    private static MemoryPartition[] Create(TopicSpec topic) =>
        [.. Enumerable.Range(0, topic.Partitions)
            .Select(number => new MemoryPartition(new TopicPartition(topic.Name, number)))];

    private string? FindFence(string transactionalId, long epoch, LogTransaction transaction)
    {
        if (epochs[transactionalId] != epoch)
            return LogFaults.FencedProducer(transactionalId);
        foreach (OffsetMove move in transaction.Offsets)
        {
            long? committed = CommittedOf(move.Group, move.Source);
            if (move.From is not null && move.From != committed)
                return LogFaults.FencedOffset(move, committed);
        }
        return null;
    }

    private long? CommittedOf(string group, TopicPartition source) =>
        offsets.TryGetValue((group, source), out long offset) ? offset : null;

    private MemoryPartition Find(TopicPartition source)
    {
        RequireOpen();
        return topics.TryGetValue(source.Topic, out MemoryPartition[]? partitions)
            && (uint)source.Partition < (uint)partitions.Length
                ? partitions[source.Partition]
                : throw LogFaults.UnknownPartition(source);
    }

    private void RequireSameCount(TopicSpec topic)
    {
        if (topics.TryGetValue(topic.Name, out MemoryPartition[]? existing)
            && existing.Length != topic.Partitions)
        {
            throw LogFaults.OtherPartitionCount(topic, existing.Length);
        }
    }

    private void RequireOpen() => ObjectDisposedException.ThrowIf(disposed, this);

    private long NowMs() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
