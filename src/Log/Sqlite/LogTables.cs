using System.Globalization;
using Earshot.Sqlite;
using Microsoft.Data.Sqlite;

namespace Earshot.Log.Sqlite;

/// <summary>The tables of an SQLite log and the statements on them. Holds no state.</summary>
internal static class LogTables
{
    public const string Name = "log";

    public const int Version = 1;

    // partitions.begin_offset may lie inside the first batch: a batch goes when all of it may.
    // partitions.bytes is the sum of its batches' data. offsets.topic may be a topic of another
    // log (a replayed file).
    public const string Create =
        """
        CREATE TABLE topics(
            name TEXT PRIMARY KEY,
            partitions INTEGER NOT NULL);
        CREATE TABLE partitions(
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            begin_offset INTEGER NOT NULL,
            end_offset INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            PRIMARY KEY (topic, partition));
        CREATE TABLE batches(
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            base_offset INTEGER NOT NULL,
            count INTEGER NOT NULL,
            append_time_ms INTEGER NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (topic, partition, base_offset));
        CREATE TABLE producers(
            id TEXT PRIMARY KEY,
            epoch INTEGER NOT NULL);
        CREATE TABLE offsets(
            "group" TEXT NOT NULL,
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            "offset" INTEGER NOT NULL,
            PRIMARY KEY ("group", topic, partition));
        """;

    public static void EnsureTopic(SqliteSession session, TopicSpec topic)
    {
        if (CountPartitions(session, topic.Name) is { } count)
        {
            if (count != topic.Partitions)
                throw LogFaults.OtherPartitionCount(topic, count);
            return;
        }
        session.Execute("INSERT INTO topics VALUES ($1, $2)", topic.Name, topic.Partitions);
        for (int number = 0; number < topic.Partitions; number++)
            session.Execute("INSERT INTO partitions VALUES ($1, $2, 0, 0, 0)", topic.Name, number);
    }

    public static int? CountPartitions(SqliteSession session, string topic) =>
        (int?)session.ReadLong("SELECT partitions FROM topics WHERE name = $1", topic);

    public static OffsetRange ReadRange(SqliteSession session, TopicPartition source)
    {
        using SqliteDataReader row = session.Query(
            "SELECT begin_offset, end_offset FROM partitions WHERE topic = $1 AND partition = $2",
            source.Topic, source.Partition);
        return row.Read()
            ? new OffsetRange(row.GetInt64(0), row.GetInt64(1))
            : throw LogFaults.UnknownPartition(source);
    }

    public static long? ReadCommitted(SqliteSession session, string group, TopicPartition source) =>
        session.ReadLong(
            """
            SELECT "offset" FROM offsets WHERE "group" = $1 AND topic = $2 AND partition = $3
            """,
            group, source.Topic, source.Partition);

    public static void WriteCommitted(SqliteSession session, OffsetMove move) => session.Execute(
        """
        INSERT INTO offsets VALUES ($1, $2, $3, $4)
        ON CONFLICT ("group", topic, partition) DO UPDATE SET "offset" = excluded."offset"
        """,
        move.Group, move.Source.Topic, move.Source.Partition, move.To);

    public static long? ReadEpoch(SqliteSession session, string transactionalId) =>
        session.ReadLong("SELECT epoch FROM producers WHERE id = $1", transactionalId);

    public static void WriteEpoch(SqliteSession session, string transactionalId, long epoch) =>
        session.Execute(
            """
            INSERT INTO producers VALUES ($1, $2)
            ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch
            """,
            transactionalId, epoch);

    /// <summary>Adds a batch at the end of its partition.</summary>
    public static void Append(SqliteSession session, EncodedBlock block, long nowMs)
    {
        TopicPartition target = block.Target;
        long from = ReadRange(session, target).End;
        session.Execute(
            "INSERT INTO batches VALUES ($1, $2, $3, $4, $5, $6)",
            target.Topic, target.Partition, from, block.Count, nowMs, block.Data);
        session.Execute(
            """
            UPDATE partitions SET end_offset = end_offset + $1, bytes = bytes + $2
            WHERE topic = $3 AND partition = $4
            """,
            block.Count, block.Data.Length, target.Topic, target.Partition);
    }

    /// <summary>
    /// The range of a partition and the batch around an offset, seen at one moment; the batch is
    /// null when there is none.
    /// </summary>
    public static StoredBlock ReadBlock(SqliteSession session, TopicPartition source, long offset)
    {
        using SqliteDataReader row = session.Query(
            """
            SELECT p.begin_offset, p.end_offset, b.base_offset, b.count, b.append_time_ms, b.data
            FROM partitions p LEFT JOIN batches b
                ON b.topic = p.topic AND b.partition = p.partition AND b.base_offset = (
                    SELECT max(base_offset) FROM batches
                    WHERE topic = $1 AND partition = $2 AND base_offset <= $3)
            WHERE p.topic = $1 AND p.partition = $2
            """,
            source.Topic, source.Partition, offset);
        if (!row.Read())
            throw LogFaults.UnknownPartition(source);
        OffsetRange range = new(row.GetInt64(0), row.GetInt64(1));
        // The data is fetched only when wanted: at the end of the log the last batch is found.
        if (row.IsDBNull(2) || row.GetInt64(2) + row.GetInt64(3) <= offset)
            return new StoredBlock(range, 0, 0, 0, null);
        return new StoredBlock(
            range, row.GetInt64(2), row.GetInt32(3), row.GetInt64(4), row.GetFieldValue<byte[]>(5));
    }

    /// <summary>Every partition with its range and bytes.</summary>
    public static List<PartitionUse> ReadUse(SqliteSession session)
    {
        List<PartitionUse> found = [];
        using SqliteDataReader row = session.Query(
            "SELECT topic, partition, begin_offset, end_offset, bytes FROM partitions");
        while (row.Read())
        {
            TopicPartition source = new(row.GetString(0), row.GetInt32(1));
            OffsetRange range = new(row.GetInt64(2), row.GetInt64(3));
            found.Add(new PartitionUse(source, range, row.GetInt64(4)));
        }
        return found;
    }

    /// <summary>The first batch of a partition that begins at an offset or later, if any.</summary>
    public static OldBatch? ReadOldest(SqliteSession session, TopicPartition source, long from)
    {
        using SqliteDataReader row = session.Query(
            """
            SELECT base_offset, count, append_time_ms, length(data) FROM batches
            WHERE topic = $1 AND partition = $2 AND base_offset >= $3
            ORDER BY base_offset LIMIT 1
            """,
            source.Topic, source.Partition, from);
        return row.Read()
            ? new OldBatch(
                source, row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3))
            : null;
    }

    /// <summary>Moves the begin of a partition forward, within its range.</summary>
    public static void MoveBegin(SqliteSession session, TopicPartition source, long begin) =>
        session.Execute(
            """
            UPDATE partitions SET begin_offset = min(max(begin_offset, $1), end_offset)
            WHERE topic = $2 AND partition = $3
            """,
            begin, source.Topic, source.Partition);

    public static void Delete(SqliteSession session, OldBatch batch)
    {
        TopicPartition source = batch.Source;
        session.Execute(
            "DELETE FROM batches WHERE topic = $1 AND partition = $2 AND base_offset = $3",
            source.Topic, source.Partition, batch.From);
        session.Execute(
            "UPDATE partitions SET bytes = bytes - $1 WHERE topic = $2 AND partition = $3",
            batch.Bytes, source.Topic, source.Partition);
    }

    /// <summary>Says which batch is damaged, how, and what to do.</summary>
    public static LogException Damaged(
        string path, TopicPartition source, long offset, string how, Exception? cause = null)
    {
        string message = string.Create(
            CultureInfo.InvariantCulture,
            $"The batch of {source} around offset {offset} in {path} is damaged: {how}. Restore a "
            + $"backup of the file, or start anew with another --data folder.");
        return cause is null ? new LogException(message) : new LogException(message, cause);
    }
}

/// <summary>A batch ready to be written.</summary>
internal readonly record struct EncodedBlock(TopicPartition Target, int Count, byte[] Data);

/// <summary>A batch as it lies in the table; <paramref name="Data"/> is null for none.</summary>
internal readonly record struct StoredBlock(
    OffsetRange Range, long From, int Count, long AppendTimeMs, byte[]? Data);

/// <summary>What a partition holds.</summary>
internal readonly record struct PartitionUse(TopicPartition Source, OffsetRange Range, long Bytes);

/// <summary>A batch that may have to go.</summary>
internal readonly record struct OldBatch(
    TopicPartition Source, long From, long Count, long AppendTimeMs, long Bytes)
{
    public long To => From + Count;
}
