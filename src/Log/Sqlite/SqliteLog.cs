using System.Collections.Concurrent;
using Earshot.Sqlite;

namespace Earshot.Log.Sqlite;

/// <summary>
/// A durable log in one SQLite file, without a server. A transaction is an SQLite transaction
/// with synchronous=FULL; a batch is one row (large ones several). Needs the system's libsqlite3.
/// </summary>
public sealed class SqliteLog : ILog
{
    private readonly SqliteFile file;
    private readonly TimeProvider time;

    // Transactions of all producers take turns here.
    private readonly SqliteSharedConnection writes;

    // Offsets and ranges are read here, without waiting behind a commit.
    private readonly SqliteSharedConnection queries;

    // Wakes the readers of a partition.
    private readonly ConcurrentDictionary<TopicPartition, Signal> signals = [];

    // Lets waiting readers look for what other processes wrote.
    private readonly ITimer poll;

    private volatile bool disposed;

    private SqliteLog(SqliteLogOptions options, TimeProvider time)
    {
        file = new SqliteFile(options.Path)
        {
            MaxBytes = options.MaxFileBytes,
            BusyTimeout = options.BusyTimeout,
        };
        this.time = time;
        writes = new SqliteSharedConnection(file);
        queries = new SqliteSharedConnection(file);
        poll = time.CreateTimer(_ => PulseAll(), null, options.PollInterval, options.PollInterval);
    }

    /// <summary>Opens the log of a file; creates what is missing.</summary>
    /// <param name="options">Where it lies.</param>
    /// <param name="time">Gives append times and the poll interval.</param>
    /// <param name="cancel">Ends the wait for another process that holds the file.</param>
    /// <exception cref="LogException">
    /// No SQLite on this machine, the file cannot be used, or a newer program wrote it.
    /// </exception>
    public static async ValueTask<SqliteLog> OpenAsync(
        SqliteLogOptions options, TimeProvider time, CancellationToken cancel)
    {
        SqliteLog log = new(options, time);
        bool opened = false;
        try
        {
            await log.WriteAsync(
                session =>
                {
                    log.file.EnsureSchema(
                        session, LogTables.Name, LogTables.Version, LogTables.Create);
                    return true;
                },
                cancel);
            opened = true;
            return log;
        }
        finally
        {
            if (!opened)
                await log.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask EnsureTopicsAsync(
        IReadOnlyList<TopicSpec> topics, CancellationToken cancel)
    {
        LogFaults.Validate(topics);
        await WriteAsync(
            session =>
            {
                foreach (TopicSpec topic in topics)
                    LogTables.EnsureTopic(session, topic);
                return true;
            },
            cancel);
    }

    /// <inheritdoc/>
    public ValueTask<int?> ReadPartitionCountAsync(string topic, CancellationToken cancel) =>
        QueryAsync(session => LogTables.CountPartitions(session, topic), cancel);

    /// <inheritdoc/>
    public ValueTask<ILogGroup> JoinGroupAsync(
        string group, IReadOnlyList<TopicSpec> topics, IGroupListener listener,
        CancellationToken cancel) => SoleOwner.JoinAsync(topics, listener);

    /// <inheritdoc/>
    public ValueTask<OffsetRange> ReadRangeAsync(
        TopicPartition source, CancellationToken cancel) =>
        QueryAsync(session => LogTables.ReadRange(session, source), cancel);

    /// <inheritdoc/>
    public ValueTask<long?> ReadCommittedAsync(
        string group, TopicPartition source, CancellationToken cancel) =>
        QueryAsync(session => LogTables.ReadCommitted(session, group, source), cancel);

    /// <inheritdoc/>
    public ILogReader OpenReader(TopicPartition source, long from)
    {
        RequireOpen();
        return new SqliteLogReader(this, source, from);
    }

    /// <inheritdoc/>
    public async ValueTask<ILogProducer> OpenProducerAsync(
        string transactionalId, CancellationToken cancel)
    {
        long epoch = await WriteAsync(
            session =>
            {
                long next = (LogTables.ReadEpoch(session, transactionalId) ?? 0) + 1;
                LogTables.WriteEpoch(session, transactionalId, next);
                return next;
            },
            cancel);
        return new SqliteLogProducer(this, transactionalId, epoch);
    }

    /// <summary>
    /// Drops the records before an offset; the range begins there from then on. Batches go from
    /// the file once all their records may. Clamped to the range.
    /// </summary>
    /// <returns>The number of batches removed from the file.</returns>
    public ValueTask<long> TrimAsync(
        TopicPartition target, long keepFromOffset, CancellationToken cancel) =>
        SqliteRetention.TrimAsync(this, target, keepFromOffset, cancel);

    /// <summary>Removes what is too old or too much, oldest first, over all partitions.</summary>
    /// <param name="options">The limits.</param>
    /// <param name="keepFrom">
    /// Offsets that must stay readable (snapshots, committed offsets): nothing from there on
    /// goes, whatever the limits say. Partitions not in it are free to go.
    /// </param>
    /// <param name="cancel">Ends it between two transactions.</param>
    /// <returns>The number of batches removed.</returns>
    public ValueTask<long> ApplyRetentionAsync(
        RetentionOptions options, IReadOnlyDictionary<TopicPartition, long> keepFrom,
        CancellationToken cancel) =>
        SqliteRetention.ApplyAsync(this, options, keepFrom, NowMs(), cancel);

    /// <summary>Closes the file. Readers still waiting get ObjectDisposedException.</summary>
    public async ValueTask DisposeAsync()
    {
        disposed = true;
        await poll.DisposeAsync();
        PulseAll();
        await writes.DisposeAsync();
        await queries.DisposeAsync();
    }

    internal string Path => file.Path;

    internal SqliteSession OpenSession()
    {
        RequireOpen();
        try
        {
            return file.Open();
        }
        catch (SqliteFileException error)
        {
            throw new LogException(error.Message, error);
        }
    }

    internal Signal SignalOf(TopicPartition source) =>
        signals.GetOrAdd(source, static _ => new Signal());

    internal void RequireOpen() => ObjectDisposedException.ThrowIf(disposed, this);

    internal async ValueTask<CommitResult> CommitAsync(
        string transactionalId, long epoch, LogTransaction transaction, CancellationToken cancel)
    {
        RequireOpen();
        List<EncodedBlock> blocks = await Task.Run(() => Encode(transaction), cancel);
        CommitResult result;
        try
        {
            result = await writes.TransactAsync(
                session => Commit(session, transactionalId, epoch, transaction, blocks), cancel);
        }
        catch (SqliteFileException error) when (error.MayBeWritten)
        {
            result = new CommitResult(CommitOutcome.Unknown, error.Message);
        }
        catch (SqliteFileException error) when (error.IsTransient)
        {
            return new CommitResult(CommitOutcome.Aborted, error.Message);
        }
        catch (SqliteFileException error)
        {
            throw new LogException(error.Message, error);
        }
        foreach (RecordAppend append in transaction.Appends)
            SignalOf(append.Target).Pulse();
        return result;
    }

    internal ValueTask<T> WriteAsync<T>(Func<SqliteSession, T> body, CancellationToken cancel)
    {
        RequireOpen();
        return InLogWordsAsync(writes.TransactAsync(body, cancel));
    }

    /// <summary>Runs statements on the write connection, each its own transaction.</summary>
    internal ValueTask<T> MaintainAsync<T>(Func<SqliteSession, T> body, CancellationToken cancel)
    {
        RequireOpen();
        return InLogWordsAsync(writes.QueryAsync(body, cancel));
    }

    private ValueTask<T> QueryAsync<T>(Func<SqliteSession, T> body, CancellationToken cancel)
    {
        RequireOpen();
        return InLogWordsAsync(queries.QueryAsync(body, cancel));
    }

    private static async ValueTask<T> InLogWordsAsync<T>(ValueTask<T> work)
    {
        try
        {
            return await work;
        }
        catch (SqliteFileException error)
        {
            throw new LogException(error.Message, error);
        }
    }

    // Before the turn on the connection: others may commit meanwhile.
    private static List<EncodedBlock> Encode(LogTransaction transaction)
    {
        List<EncodedBlock> blocks = [];
        foreach (RecordAppend append in transaction.Appends)
        {
            foreach (RecordBatch part in BlockCodec.Split(append.Records))
                blocks.Add(new EncodedBlock(append.Target, part.Count, BlockCodec.Encode(part)));
        }
        return blocks;
    }

    private CommitResult Commit(
        SqliteSession session, string transactionalId, long epoch, LogTransaction transaction,
        List<EncodedBlock> blocks)
    {
        // Fencing comes before the first write, so a fenced transaction commits nothing.
        if (LogTables.ReadEpoch(session, transactionalId) != epoch)
        {
            return new CommitResult(
                CommitOutcome.Fenced, LogFaults.FencedProducer(transactionalId));
        }
        foreach (OffsetMove move in transaction.Offsets)
        {
            long? committed = LogTables.ReadCommitted(session, move.Group, move.Source);
            if (move.From is not null && move.From != committed)
                return new CommitResult(
                    CommitOutcome.Fenced, LogFaults.FencedOffset(move, committed));
        }
        long now = NowMs();
        foreach (EncodedBlock block in blocks)
            LogTables.Append(session, block, now);
        foreach (OffsetMove move in transaction.Offsets)
            LogTables.WriteCommitted(session, move);
        return new CommitResult(CommitOutcome.Committed);
    }

    private void PulseAll()
    {
        foreach (Signal signal in signals.Values)
            signal.Pulse();
    }

    private long NowMs() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
