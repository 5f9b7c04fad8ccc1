using Earshot.Sqlite;

namespace Earshot.Log.Sqlite;

/// <summary>
/// Removes old batches in short transactions, so that producers get their turn in between, and
/// gives space back to the file system when much of the file is free.
/// </summary>
internal static class SqliteRetention
{
    // Limits of one transaction: deleting a batch touches every page it lies on.
    private const int BatchesPerTurn = 256;
    private const long BytesPerTurn = 32 * 1024 * 1024;

    // Free pages are reused by later batches; only more than this share of the file goes back.
    private const int FreeShareKept = 4;
    private const int PagesPerTurn = 4096;

    public static async ValueTask<long> TrimAsync(
        SqliteLog log, TopicPartition target, long keepFrom, CancellationToken cancel)
    {
        long removed = await log.WriteAsync(
            session =>
            {
                // Asked for first, because it knows whether there is such a partition.
                OffsetRange range = LogTables.ReadRange(session, target);
                LogTables.MoveBegin(session, target, Math.Min(keepFrom, range.End));
                return 0L;
            },
            cancel);
        while (true)
        {
            long count = await log.WriteAsync(session => DeleteDead(session, target), cancel);
            removed += count;
            if (count == 0)
                break;
        }
        await ReleaseAsync(log, cancel);
        return removed;
    }

    public static async ValueTask<long> ApplyAsync(
        SqliteLog log, RetentionOptions options, IReadOnlyDictionary<TopicPartition, long> keepFrom,
        long nowMs, CancellationToken cancel)
    {
        long appendedBefore = options.MaxAge is { } age
            ? nowMs - (long)age.TotalMilliseconds
            : long.MinValue;
        long bytesMax = options.MaxBytes ?? long.MaxValue;
        long removed = 0;
        while (true)
        {
            long count = await log.WriteAsync(
                session => DeleteOldest(session, appendedBefore, bytesMax, keepFrom), cancel);
            removed += count;
            if (count == 0)
                break;
        }
        await ReleaseAsync(log, cancel);
        return removed;
    }

    // Deletes batches that lie before the begin of their partition.
    private static long DeleteDead(SqliteSession session, TopicPartition target)
    {
        long begin = LogTables.ReadRange(session, target).Begin;
        long count = 0;
        long bytes = 0;
        while (count < BatchesPerTurn && bytes < BytesPerTurn
            && LogTables.ReadOldest(session, target, 0) is { } batch && batch.To <= begin)
        {
            LogTables.Delete(session, batch);
            count++;
            bytes += batch.Bytes;
        }
        return count;
    }

    // Deletes the oldest batches of all partitions that are too old or too much.
    private static long DeleteOldest(
        SqliteSession session, long appendedBefore, long bytesMax,
        IReadOnlyDictionary<TopicPartition, long> keepFrom)
    {
        PriorityQueue<OldBatch, long> oldest = new();
        long total = 0;
        foreach (PartitionUse use in LogTables.ReadUse(session))
        {
            total += use.Bytes;
            Enqueue(session, oldest, use.Source, 0, keepFrom);
        }
        long count = 0;
        long bytes = 0;
        while (count < BatchesPerTurn && bytes < BytesPerTurn
            && oldest.TryDequeue(out OldBatch batch, out long appended)
            && (appended < appendedBefore || total > bytesMax))
        {
            LogTables.MoveBegin(session, batch.Source, batch.To);
            LogTables.Delete(session, batch);
            count++;
            bytes += batch.Bytes;
            total -= batch.Bytes;
            Enqueue(session, oldest, batch.Source, batch.To, keepFrom);
        }
        return count;
    }

    private static void Enqueue(
        SqliteSession session, PriorityQueue<OldBatch, long> oldest, TopicPartition source,
        long from, IReadOnlyDictionary<TopicPartition, long> keepFrom)
    {
        long floor = keepFrom.GetValueOrDefault(source, long.MaxValue);
        if (LogTables.ReadOldest(session, source, from) is { } batch && batch.To <= floor)
            oldest.Enqueue(batch, batch.AppendTimeMs);
    }

    private static async ValueTask ReleaseAsync(SqliteLog log, CancellationToken cancel)
    {
        while (await log.MaintainAsync(ReleaseSome, cancel))
        {
        }
    }

    // True when it gave something back and there may be more.
    private static bool ReleaseSome(SqliteSession session)
    {
        long free = session.ReadLong("PRAGMA freelist_count")!.Value;
        long all = session.ReadLong("PRAGMA page_count")!.Value;
        if (free <= all / FreeShareKept)
            return false;
        session.ReleasePages(PagesPerTurn);
        return session.ReadLong("PRAGMA freelist_count")!.Value < free;
    }
}
