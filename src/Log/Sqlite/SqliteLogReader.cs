using System.Diagnostics;
using Earshot.Sqlite;
using Microsoft.Data.Sqlite;

namespace Earshot.Log.Sqlite;

/// <summary>
/// Reads one partition of an <see cref="SqliteLog"/> on a connection of its own. Reading happens
/// on the caller's thread: it mostly hits the page cache.
/// </summary>
internal sealed class SqliteLogReader : ILogReader
{
    private readonly SqliteLog log;
    private readonly TopicPartition source;
    private readonly Signal changed;

    // Null before the first read and after a failure.
    private SqliteSession? session;

    // The batch last fetched, when not all of it was handed out.
    private RecordBatch? rest;

    // The next offset to hand out.
    private long position;

    private bool disposed;

    public SqliteLogReader(SqliteLog log, TopicPartition source, long from)
    {
        this.log = log;
        this.source = source;
        changed = log.SignalOf(source);
        position = from;
    }

    public async ValueTask<RecordBatch?> ReadAsync(int maxRecords, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(disposed, this);
            log.RequireOpen();
            Task next = changed.Next;
            rest ??= Fetch();
            if (rest is not null)
                return Take(maxRecords);
            await next.WaitAsync(cancel);
        }
    }

    public ValueTask DisposeAsync()
    {
        disposed = true;
        session?.Dispose();
        session = null;
        return ValueTask.CompletedTask;
    }

    private RecordBatch Take(int maxRecords)
    {
        Debug.Assert(rest is not null && rest.From == position && rest.Count > 0);
        RecordBatch taken = rest.Slice(0, Math.Min(maxRecords, rest.Count));
        rest = taken.Count == rest.Count
            ? null
            : rest.Slice(taken.Count, rest.Count - taken.Count);
        position = taken.To;
        return taken;
    }

    // Records from position on; null when there are none yet.
    private RecordBatch? Fetch()
    {
        StoredBlock block = ReadBlock();
        if (position < block.Range.Begin)
            throw LogFaults.Trimmed(source, position, block.Range);
        if (position > block.Range.End)
            throw LogFaults.PastEnd(source, position, block.Range);
        if (position == block.Range.End)
            return null;
        if (block.Data is null)
            throw LogTables.Damaged(log.Path, source, position, "it is missing");
        RecordBatch whole = Decode(block, block.Data);
        int start = (int)(position - block.From);
        return whole.Slice(start, whole.Count - start);
    }

    private StoredBlock ReadBlock()
    {
        session ??= log.OpenSession();
        try
        {
            return LogTables.ReadBlock(session, source, position);
        }
        catch (SqliteException error)
        {
            session.Dispose();
            session = null;
            SqliteFileException explained = SqliteFailure.Explain(error, log.Path);
            throw new LogException(explained.Message, error);
        }
    }

    private RecordBatch Decode(StoredBlock block, byte[] data)
    {
        try
        {
            return BlockCodec.Decode(data, source, block.From, block.Count, block.AppendTimeMs);
        }
        catch (InvalidDataException error)
        {
            throw LogTables.Damaged(log.Path, source, block.From, error.Message, error);
        }
    }
}
