using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Earshot.Snapshots.Postgres;

/// <summary>
/// One save, over as many attempts as it takes. Each attempt is one transaction that first locks
/// the owner's head. So an attempt whose answer was lost cannot mislead the next: that one waits
/// until the other's end, and then sees by <c>save_id</c> whether it took effect.
/// </summary>
internal sealed class PostgresSave(string pipelineId, SnapshotChange change, ulong settings)
{
    // A statement takes this much at most: large enough to cost little, small enough for memory.
    private const int ChunkParts = 5000;
    private const int ChunkBytes = 8 * 1024 * 1024;
    private const int RemovalsMax = 500;

    private readonly Guid saveId = Guid.NewGuid();

    // Of parts named twice the last counts.
    private readonly Dictionary<string, byte[]?> parts = Distinct(change.Parts);

    // Set while the answer to a COMMIT is missing: what its attempt found stored.
    private Doubt? doubt;

    /// <summary>True when a COMMIT was sent and its answer did not come.</summary>
    public bool InDoubt => doubt is not null;

    /// <summary>Tries once. After a transient failure it may be called again.</summary>
    /// <returns>As <see cref="ISnapshotStore.SaveAsync"/>.</returns>
    public async Task<bool> TryAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using NpgsqlTransaction transaction =
            await connection.BeginTransactionAsync(cancel);
        await LockAsync(connection, cancel);
        (SnapshotHead? stored, Guid storedBy) = await ReadHeadAsync(connection, cancel);
        if (storedBy == saveId)
            return true;
        if (doubt is { } open && open.Before != storedBy)
        {
            throw new SnapshotException(
                $"Whether the snapshot of {change.Owner.Stage} partition "
                + $"{change.Owner.Partition} at {change.Offset} was written cannot be told: the "
                + "answer was lost, and meanwhile another owner has written one.");
        }

        doubt = null;
        if (SnapshotHead.Admit(stored, change, settings) is not { } header)
            return false;
        long count = header.PartCount + await WriteAsync(connection, cancel);
        await WriteHeadAsync(connection, header with { PartCount = count }, cancel);
        doubt = new Doubt(storedBy);
        // Not to be cancelled: once it is sent, the answer is wanted.
        await transaction.CommitAsync(CancellationToken.None);
        doubt = null;
        return true;
    }

    // Limits that hold for this transaction alone: one that hangs must not keep others waiting
    // for ever. A commit that is answered is on disk, whatever the server's default.
    private async Task LockAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using NpgsqlCommand limits = new(
            """
            SELECT set_config('lock_timeout', '10s', true),
                set_config('idle_in_transaction_session_timeout', '60s', true),
                CASE WHEN current_setting('synchronous_commit') = 'off'
                    THEN set_config('synchronous_commit', 'on', true) END
            """,
            connection);
        await limits.ExecuteNonQueryAsync(cancel);

        // There may be no head yet to lock a row of.
        await using NpgsqlCommand turn = new(
            """
            SELECT pg_advisory_xact_lock(hashtextextended(
                'earshot.snapshots ' || $1 || ' ' || $2 || ' ' || $3, 0))
            """,
            connection);
        AddOwner(turn);
        await turn.ExecuteNonQueryAsync(cancel);
    }

    private async Task<(SnapshotHead?, Guid)> ReadHeadAsync(
        NpgsqlConnection connection, CancellationToken cancel)
    {
        await using NpgsqlCommand command = new(
            """
            SELECT "offset", header, save_id FROM earshot.snapshot_heads
            WHERE pipeline = $1 AND stage = $2 AND partition = $3
            FOR UPDATE
            """,
            connection);
        AddOwner(command);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancel);
        if (!await row.ReadAsync(cancel))
            return (null, Guid.Empty);
        SnapshotHead head = new(row.GetInt64(0), row.GetFieldValue<byte[]>(1));
        return (head, row.GetGuid(2));
    }

    private async Task WriteHeadAsync(
        NpgsqlConnection connection, SnapshotHeader header, CancellationToken cancel)
    {
        await using NpgsqlCommand command = new(
            """
            INSERT INTO earshot.snapshot_heads VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (pipeline, stage, partition) DO UPDATE SET
                "offset" = excluded."offset", header = excluded.header,
                save_id = excluded.save_id, saved_at = now()
            """,
            connection);
        AddOwner(command);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = change.Offset });
        command.Parameters.Add(new NpgsqlParameter<byte[]>
        {
            TypedValue = SnapshotFormat.EncodeHeader(change.Owner, change.Offset, header),
        });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = saveId });
        await command.ExecuteNonQueryAsync(cancel);
    }

    // Returns by how much the number of parts changed, or how many there are of a whole state.
    private async Task<long> WriteAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        long more = 0;
        if (change.Base is null)
        {
            await using NpgsqlCommand clear = new(
                """
                DELETE FROM earshot.snapshot_parts
                WHERE pipeline = $1 AND stage = $2 AND partition = $3
                    AND ($4 OR substring(key FOR 5) <> 'cold/')
                """,
                connection);
            AddOwner(clear);
            clear.Parameters.Add(
                new NpgsqlParameter<bool> { TypedValue = change.ColdOf is null });
            await clear.ExecuteNonQueryAsync(cancel);
            more = await PostgresSnapshotStore.CountColdAsync(
                connection, pipelineId, change.Owner, cancel);
        }

        Chunk written = new();
        List<string> removed = [];
        foreach ((string key, byte[]? value) in parts)
        {
            if (value is null)
                removed.Add(key);
            else
                written.Add(key, SnapshotFormat.EncodePart(change.Owner, key, value));
            if (written.IsFull)
                more += await PutAsync(connection, written, cancel);
            if (removed.Count == RemovalsMax)
                more -= await RemoveAsync(connection, removed, cancel);
        }

        more += await PutAsync(connection, written, cancel);
        return more - await RemoveAsync(connection, removed, cancel);
    }

    // Returns how many of the parts are new. No joins: tables that change so much have no
    // statistics to plan them by.
    private async Task<long> PutAsync(
        NpgsqlConnection connection, Chunk chunk, CancellationToken cancel)
    {
        if (chunk.Keys.Count == 0)
            return 0;
        await using NpgsqlCommand command = new(
            """
            WITH put AS (
                INSERT INTO earshot.snapshot_parts AS p (pipeline, stage, partition, key, value)
                SELECT $1, $2, $3, key, value FROM unnest($4, $5) AS c(key, value)
                ON CONFLICT (pipeline, stage, partition, digest)
                    DO UPDATE SET value = excluded.value, changes = p.changes + 1
                RETURNING changes)
            SELECT count(*) FROM put WHERE changes = 0
            """,
            connection);
        AddOwner(command);
        AddArray(command, chunk.Keys);
        AddArray(command, chunk.Values);
        chunk.Clear();
        return (long)(await command.ExecuteScalarAsync(cancel))!;
    }

    // One by one, in one exchange: of a statement with a list PostgreSQL may think that going
    // through all parts with it is best.
    private async Task<long> RemoveAsync(
        NpgsqlConnection connection, List<string> keys, CancellationToken cancel)
    {
        if (keys.Count == 0)
            return 0;
        await using NpgsqlBatch batch = new(connection);
        foreach (string key in keys)
        {
            NpgsqlBatchCommand command = new(
                """
                DELETE FROM earshot.snapshot_parts
                WHERE pipeline = $1 AND stage = $2 AND partition = $3 AND digest = sha256($4)
                """);
            PostgresSnapshotStore.AddOwner(command.Parameters, pipelineId, change.Owner);
            command.Parameters.Add(new NpgsqlParameter<byte[]>
            {
                TypedValue = Encoding.UTF8.GetBytes(key),
            });
            batch.BatchCommands.Add(command);
        }

        keys.Clear();
        return await batch.ExecuteNonQueryAsync(cancel);
    }

    private void AddOwner(NpgsqlCommand command) =>
        PostgresSnapshotStore.AddOwner(command.Parameters, pipelineId, change.Owner);

    private static void AddArray(NpgsqlCommand command, List<byte[]> values) =>
        command.Parameters.Add(new NpgsqlParameter<byte[][]>
        {
            TypedValue = [.. values],
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
        });

    private static Dictionary<string, byte[]?> Distinct(IReadOnlyList<SnapshotPart> changed)
    {
        Dictionary<string, byte[]?> distinct = new(changed.Count, StringComparer.Ordinal);
        foreach ((string key, byte[]? value) in changed)
            distinct[key] = value;
        return distinct;
    }

    /// <summary>What was stored before the attempt in doubt; empty for nothing.</summary>
    private readonly record struct Doubt(Guid Before);

    /// <summary>Rows on their way into one statement.</summary>
    private sealed class Chunk
    {
        private long bytes;

        public List<byte[]> Keys { get; } = [];

        public List<byte[]> Values { get; } = [];

        public bool IsFull => Keys.Count >= ChunkParts || bytes >= ChunkBytes;

        public void Add(string key, byte[] value)
        {
            Keys.Add(Encoding.UTF8.GetBytes(key));
            Values.Add(value);
            bytes += Keys[^1].Length + value.Length;
        }

        public void Clear()
        {
            Keys.Clear();
            Values.Clear();
            bytes = 0;
        }
    }
}
