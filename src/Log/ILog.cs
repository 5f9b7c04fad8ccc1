namespace Earshot.Log;

/// <summary>One partition of one topic.</summary>
/// <param name="Topic">Topic name.</param>
/// <param name="Partition">Partition number, from 0.</param>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Topic}[{Partition}]";
}

/// <summary>A topic the pipeline needs, and how many partitions it should have.</summary>
/// <param name="Name">Topic name.</param>
/// <param name="Partitions">Partition count, 1 or more.</param>
public readonly record struct TopicSpec(string Name, int Partitions)
{
    /// <summary>
    /// How long its records are kept, where a broker looks after that;
    /// <see cref="Timeout.InfiniteTimeSpan"/>: for ever. Null: as the broker does by itself.
    /// </summary>
    public TimeSpan? Retention { get; init; }
}

/// <summary>The offsets a partition holds: from Begin up to, not including, End.</summary>
/// <param name="Begin">Smallest offset still kept.</param>
/// <param name="End">The offset the next record will get.</param>
public readonly record struct OffsetRange(long Begin, long End);

/// <summary>
/// A partitioned, append-only, transactional log. Three kinds: Kafka, SQLite and in-memory; a
/// replayed file is a fourth one that can only be read. All pass one conformance suite.
/// </summary>
public interface ILog : IAsyncDisposable
{
    /// <summary>Creates the topics that are missing. Existing ones keep their partitions.</summary>
    /// <exception cref="LogException">A topic exists with another partition count.</exception>
    ValueTask EnsureTopicsAsync(IReadOnlyList<TopicSpec> topics, CancellationToken cancel);

    /// <summary>How many partitions a topic has; null when there is no such topic.</summary>
    ValueTask<int?> ReadPartitionCountAsync(string topic, CancellationToken cancel);

    /// <summary>
    /// Becomes a member of a consumer group, which decides who owns which partitions. The
    /// embedded logs give all of them to whoever joins.
    /// </summary>
    /// <param name="group">Pipeline and stage; its offsets are committed for it.</param>
    /// <param name="topics">What the group reads.</param>
    /// <param name="listener">Told what it owns, from now on until the member leaves.</param>
    /// <param name="cancel">Ends the attempt to join.</param>
    ValueTask<ILogGroup> JoinGroupAsync(
        string group, IReadOnlyList<TopicSpec> topics, IGroupListener listener,
        CancellationToken cancel);

    /// <summary>The offsets kept of one partition, committed ones only.</summary>
    ValueTask<OffsetRange> ReadRangeAsync(TopicPartition source, CancellationToken cancel);

    /// <summary>
    /// The offset a group has committed for one partition: the next record it has not finished.
    /// Null when it never committed.
    /// </summary>
    ValueTask<long?> ReadCommittedAsync(
        string group, TopicPartition source, CancellationToken cancel);

    /// <summary>Opens a reader of committed records from <paramref name="from"/> on.</summary>
    ILogReader OpenReader(TopicPartition source, long from);

    /// <summary>
    /// Opens the producer of a transactional id. Whoever opens it last owns it: earlier producers
    /// of the same id are fenced.
    /// </summary>
    ValueTask<ILogProducer> OpenProducerAsync(string transactionalId, CancellationToken cancel);
}

/// <summary>Reads one partition in offset order. One caller at a time.</summary>
public interface ILogReader : IAsyncDisposable
{
    /// <summary>
    /// The next committed records. Waits until there are some; a log with gaps (Kafka's transaction
    /// markers) may also answer with an empty batch that only moves on. Null when the input is
    /// finite and at its end.
    /// </summary>
    /// <param name="maxRecords">Most records wanted, 1 or more. A log may return fewer.</param>
    /// <param name="cancel">Ends the wait.</param>
    ValueTask<RecordBatch?> ReadAsync(int maxRecords, CancellationToken cancel);
}

/// <summary>Writes transactions. One caller at a time.</summary>
public interface ILogProducer : IAsyncDisposable
{
    /// <summary>
    /// Appends all outputs and moves all offsets in one transaction: all or nothing.
    /// </summary>
    /// <returns>
    /// What became of it. After <see cref="CommitOutcome.Unknown"/> the caller opens a new
    /// producer and reads the committed offsets to find out.
    /// </returns>
    ValueTask<CommitResult> CommitAsync(LogTransaction transaction, CancellationToken cancel);
}

/// <summary>What became of a transaction.</summary>
public enum CommitOutcome
{
    /// <summary>Everything is written and visible to readers.</summary>
    Committed,

    /// <summary>Nothing is written; sending the same again may succeed.</summary>
    Aborted,

    /// <summary>No answer: it may or may not be written.</summary>
    Unknown,

    /// <summary>Nothing is written: another producer of this id, or owner, took over.</summary>
    Fenced,
}

/// <summary>The answer to a commit.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Error">In words, what went wrong; null when committed.</param>
public readonly record struct CommitResult(CommitOutcome Outcome, string? Error = null);

/// <summary>One transaction: appends and offset moves that happen together or not at all.</summary>
/// <param name="Appends">Records to append, in order; a partition may come several times.</param>
/// <param name="Offsets">Offsets to move.</param>
public sealed record LogTransaction(
    IReadOnlyList<RecordAppend> Appends,
    IReadOnlyList<OffsetMove> Offsets);

/// <summary>Records to append to one partition. Offsets in the batch are ignored.</summary>
/// <param name="Target">Where to.</param>
/// <param name="Records">The records, in order.</param>
public readonly record struct RecordAppend(TopicPartition Target, RecordBatch Records)
{
    /// <summary>Most bytes given back at once: the memory of a burst must not be held for long.
    /// </summary>
    private const long ReleasedBytesMax = 256 << 20;

    /// <summary>
    /// Gives back the memory of records that nobody needs any more; of very many, some of it: the
    /// rest is the collector's.
    /// </summary>
    public static void Release(IReadOnlyList<RecordAppend> appends)
    {
        long bytes = 0;
        for (int i = 0; i < appends.Count && bytes < ReleasedBytesMax; i++)
        {
            bytes += appends[i].Records.SizeBytes;
            appends[i].Records.Release();
        }
    }
}

/// <summary>Moves a group's committed offset.</summary>
/// <param name="Group">Group (pipeline and stage).</param>
/// <param name="Source">Input partition.</param>
/// <param name="From">
/// The committed offset this move starts from. The embedded logs refuse (fence) a move whose
/// <paramref name="From"/> is not the committed offset; null skips the check (first commit).
/// </param>
/// <param name="To">The new committed offset.</param>
public readonly record struct OffsetMove(string Group, TopicPartition Source, long? From, long To);

/// <summary>The log cannot do what was asked; the message says what to do.</summary>
public sealed class LogException : Exception
{
    /// <summary>Creates one.</summary>
    public LogException(string message) : base(message)
    {
    }

    /// <summary>Creates one with its cause.</summary>
    public LogException(string message, Exception inner) : base(message, inner)
    {
    }
}
