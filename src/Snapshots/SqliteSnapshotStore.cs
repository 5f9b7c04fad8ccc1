using Earshot.Sqlite;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Earshot.Snapshots;

/// <summary>
/// Snapshots in one SQLite file: the embedded default. It may be the file of the log; their
/// tables do not meet.
/// </summary>
public sealed class SqliteSnapshotStore : ISnapshotStore
{
    private const string TablesName = "snapshots";
    private const int TablesVersion = 1;

    private const string CreateTables =
        """
        CREATE TABLE heads(
            stage TEXT NOT NULL,
            partition INTEGER NOT NULL,
            "offset" INTEGER NOT NULL,
            header BLOB NOT NULL,
            PRIMARY KEY (stage, partition));
        CREATE TABLE parts(
            stage TEXT NOT NULL,
            partition INTEGER NOT NULL,
            key TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (stage, partition, key));
        """;

    // The keys that begin with the prefix: '0' follows '/'.
    private const string IsCold = "(key >= 'cold/' AND key < 'cold0')";

    // Loads and saves take turns: both are rare, and a load then sees head and parts together.
    private readonly SqliteSharedConnection connection;

    // Cold parts are read meanwhile: their readers must not wait for a long save.
    private readonly SqliteSharedConnection coldReads;

    private readonly ulong settings;

    private SqliteSnapshotStore(SqliteFile file, ulong settings)
    {
        connection = new SqliteSharedConnection(file);
        coldReads = new SqliteSharedConnection(file);
        this.settings = settings;
    }

    /// <summary>Opens the store of a file; creates what is missing.</summary>
    /// <param name="path">Path of the database file.</param>
    /// <param name="cancel">Ends the wait for another process that holds the file.</param>
    /// <param name="maxFileBytes">Most bytes the file may grow to; 0 for no limit.</param>
    /// <param name="settings">
    /// Fingerprint of the settings that shape results: snapshots made under another one are
    /// refused. 0: not known, matches any.
    /// </param>
    /// <exception cref="SnapshotException">
    /// No SQLite on this machine, the file cannot be used, or a newer program wrote it.
    /// </exception>
    public static async ValueTask<SqliteSnapshotStore> OpenAsync(
        string path, CancellationToken cancel, long maxFileBytes = 0, ulong settings = 0)
    {
        SqliteFile file = new(path) { MaxBytes = maxFileBytes };
        SqliteSnapshotStore store = new(file, settings);
        bool opened = false;
        try
        {
            await store.TransactAsync(
                session =>
                {
                    file.EnsureSchema(session, TablesName, TablesVersion, CreateTables);
                    return true;
                },
                cancel);
            opened = true;
            return store;
        }
        finally
        {
            if (!opened)
                await store.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoredSnapshot?> LoadAsync(SnapshotOwner owner, CancellationToken cancel) =>
        TransactAsync(session => Load(session, owner), cancel);

    /// <inheritdoc/>
    /// <exception cref="SnapshotException">
    /// The file cannot be written, or what is stored is newer, damaged or of other settings. A
    /// whole state may replace a damaged one.
    /// </exception>
    public ValueTask<bool> SaveAsync(SnapshotChange change, CancellationToken cancel) =>
        TransactAsync(session => Save(session, change), cancel);

    /// <inheritdoc/>
    public byte[] ReadCold(SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets)
    {
        (long? standsAt, byte[]? stored) = ExplainAsync(() => coldReads.QueryAsync(
            session => ReadCold(session, owner, key), CancellationToken.None))
            .AsTask().GetAwaiter().GetResult();
        return SnapshotHead.RequireCold(owner, key, offsets, standsAt, stored);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await coldReads.DisposeAsync();
    }

    private ValueTask<T> TransactAsync<T>(
        Func<SqliteSession, T> body, CancellationToken cancel) =>
        ExplainAsync(() => connection.TransactAsync(body, cancel));

    private static async ValueTask<T> ExplainAsync<T>(Func<ValueTask<T>> work)
    {
        try
        {
            return await work();
        }
        catch (SqliteFileException error)
        {
            string fate = error.MayBeWritten
                ? " What became of the snapshot shows when it is loaded."
                : "";
            throw new SnapshotException(error.Message + fate, error)
            {
                IsTransient = error.IsTransient,
            };
        }
    }

    private StoredSnapshot? Load(SqliteSession session, SnapshotOwner owner)
    {
        if (ReadHead(session, owner) is not { } head)
            return null;
        long count = head.Open(owner, settings).PartCount;
        Dictionary<string, byte[]> parts = new(StringComparer.Ordinal);
        using SqliteDataReader row = session.Query(
            "SELECT key, value FROM parts WHERE stage = $1 AND partition = $2 AND NOT " + IsCold,
            owner.Stage, owner.Partition);
        while (row.Read())
        {
            string key = row.GetString(0);
            // SQLite's own copy, in place: a state of many keys is hundreds of megabytes.
            byte[] value = SnapshotFormat.DecodePart(
                owner, key, raw.sqlite3_column_blob(row.Handle, 1));
            parts.Add(key, value);
        }
        row.Dispose();
        long found = parts.Count + CountCold(session, owner);
        return found == count
            ? new StoredSnapshot(head.Offset, parts)
            : throw SnapshotFormat.Damaged(owner, $"it has {found} parts, not {count}");
    }

    private bool Save(SqliteSession session, SnapshotChange change)
    {
        SnapshotOwner owner = change.Owner;
        if (SnapshotHead.Admit(ReadHead(session, owner), change, settings) is not { } header)
            return false;
        long count = header.PartCount;
        if (change.Base is null)
        {
            RemoveParts(session, owner, keepCold: change.ColdOf is not null);
            count = CountCold(session, owner);
        }

        foreach (SnapshotPart part in change.Parts)
            count += Write(session, owner, part);
        session.Execute(
            """
            INSERT INTO heads VALUES ($1, $2, $3, $4)
            ON CONFLICT (stage, partition)
                DO UPDATE SET "offset" = excluded."offset", header = excluded.header
            """,
            owner.Stage, owner.Partition, change.Offset,
            SnapshotFormat.EncodeHeader(
                owner, change.Offset, header with { PartCount = count }));
        return true;
    }

    private static void RemoveParts(SqliteSession session, SnapshotOwner owner, bool keepCold)
    {
        session.Execute(
            "DELETE FROM parts WHERE stage = $1 AND partition = $2 AND NOT " + IsCold,
            owner.Stage, owner.Partition);
        if (!keepCold)
        {
            session.Execute(
                "DELETE FROM parts WHERE stage = $1 AND partition = $2 AND " + IsCold,
                owner.Stage, owner.Partition);
        }
    }

    private static long CountCold(SqliteSession session, SnapshotOwner owner) => session.ReadLong(
        "SELECT count(*) FROM parts WHERE stage = $1 AND partition = $2 AND " + IsCold,
        owner.Stage, owner.Partition)!.Value;

    // One statement, so that offset and part are of one moment.
    private static (long?, byte[]?) ReadCold(SqliteSession session, SnapshotOwner owner, string key)
    {
        using SqliteDataReader row = session.Query(
            """
            SELECT h."offset", p.value FROM heads h LEFT JOIN parts p
                ON p.stage = h.stage AND p.partition = h.partition AND p.key = $3
            WHERE h.stage = $1 AND h.partition = $2
            """,
            owner.Stage, owner.Partition, key);
        if (!row.Read())
            return (null, null);
        return (row.GetInt64(0), row.IsDBNull(1) ? null : row.GetFieldValue<byte[]>(1));
    }

    // Returns by how much the number of parts changed.
    private static int Write(SqliteSession session, SnapshotOwner owner, SnapshotPart part)
    {
        if (part.Value is null)
        {
            return -session.Execute(
                "DELETE FROM parts WHERE stage = $1 AND partition = $2 AND key = $3",
                owner.Stage, owner.Partition, part.Key);
        }
        byte[] stored = SnapshotFormat.EncodePart(owner, part.Key, part.Value);
        // Update first: it tells new parts from changed ones, which an upsert does not.
        int updated = session.Execute(
            "UPDATE parts SET value = $1 WHERE stage = $2 AND partition = $3 AND key = $4",
            stored, owner.Stage, owner.Partition, part.Key);
        if (updated == 1)
            return 0;
        return session.Execute(
            "INSERT INTO parts VALUES ($1, $2, $3, $4)",
            owner.Stage, owner.Partition, part.Key, stored);
    }

    private static SnapshotHead? ReadHead(SqliteSession session, SnapshotOwner owner)
    {
        using SqliteDataReader row = session.Query(
            """
            SELECT "offset", header FROM heads WHERE stage = $1 AND partition = $2
            """,
            owner.Stage, owner.Partition);
        return row.Read()
            ? new SnapshotHead(row.GetInt64(0), row.GetFieldValue<byte[]>(1))
            : null;
    }
}
