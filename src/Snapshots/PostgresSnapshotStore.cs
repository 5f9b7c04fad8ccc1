using System.Diagnostics;
using System.Text;
using Earshot.Snapshots.Postgres;
using Npgsql;

namespace Earshot.Snapshots;

/// <summary>
/// Snapshots in PostgreSQL (12 or newer), for pipelines of several processes. Many pipelines may
/// share a database.
/// </summary>
/// <remarks>
/// The tables are in schema <c>earshot</c>, made at the first start; a user that may not make
/// them needs USAGE on the schema, and SELECT, INSERT, UPDATE and DELETE on its tables.
/// <list type="table">
/// <item><term><c>meta</c></term><description>
/// <c>name</c>, <c>value</c>: row <c>schema.snapshots</c> has the version of the two tables below.
/// </description></item>
/// <item><term><c>snapshot_heads</c></term><description>
/// A row per <c>pipeline</c>, <c>stage</c> and <c>partition</c>. <c>offset</c>: every input record
/// before it is in the state. <c>header</c>: format version, number of parts, fingerprint of the
/// settings, checksum. <c>save_id</c>: of the save that wrote it last. <c>saved_at</c>: when.
/// </description></item>
/// <item><term><c>snapshot_parts</c></term><description>
/// The state, a row per part: <c>key</c> (its name, UTF-8: <c>convert_from(key, 'UTF8')</c>),
/// <c>digest</c> (SHA-256 of the key, by which it is found), <c>changes</c> (how often it was
/// written over), <c>value</c> (version, checksum, bytes).
/// </description></item>
/// </list>
/// Looking at them does no harm. Remove a pipeline by deleting its rows from both, in one
/// transaction, while none of its processes runs. Change nothing else: checksums would not match.
/// </remarks>
public sealed class PostgresSnapshotStore : ISnapshotStore
{
    /// <summary>
    /// Most connections a store opens: more would not make a server write faster, and processes
    /// share its limit.
    /// </summary>
    public const int ConnectionsMax = 8;

    /// <summary>Longest a statement may take, s, unless the connection string says.</summary>
    private const int CommandTimeoutSeconds = 120;

    // Waits between attempts, doubled each time.
    private static readonly TimeSpan BackoffMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BackoffMax = TimeSpan.FromSeconds(2);

    private readonly NpgsqlDataSource source;
    private readonly PostgresFailure failure;
    private readonly string pipelineId;
    private readonly ulong settings;
    private readonly TimeSpan patience;

    // Held by whoever has a connection, so that nobody times out waiting for one.
    private readonly SemaphoreSlim turns;

    private PostgresSnapshotStore(
        NpgsqlConnectionStringBuilder address, string pipelineId, ulong settings,
        TimeSpan patience)
    {
        turns = new SemaphoreSlim(address.MaxPoolSize);
        failure = new PostgresFailure(address);
        source = CreateSource(address);
        this.pipelineId = pipelineId;
        this.settings = settings;
        this.patience = patience;
    }

    /// <summary>Opens the store of a pipeline; creates what is missing.</summary>
    /// <param name="connectionString">
    /// As Npgsql reads it: "Host=…;Port=…;Database=…;Username=…". The password may stand in it, in
    /// PGPASSWORD, or in a password file (PGPASSFILE, or "Passfile=…"). It is never printed.
    /// </param>
    /// <param name="pipelineId">Whose snapshots.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <param name="settings">
    /// Fingerprint of the settings that shape results: snapshots made under another one are
    /// refused. 0: not known, matches any.
    /// </param>
    /// <param name="patience">
    /// How long opening, loads and saves try again when the server is out of reach or restarting;
    /// default 10 s.
    /// </param>
    /// <exception cref="SnapshotException">
    /// Wrong connection string, no server, wrong password, missing database, missing rights, or
    /// tables of a newer program; the message says which, and what to do.
    /// </exception>
    public static async ValueTask<PostgresSnapshotStore> OpenAsync(
        string connectionString, string pipelineId, CancellationToken cancel,
        ulong settings = 0, TimeSpan? patience = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(pipelineId);
        if (pipelineId.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("A pipeline id has no zero character", nameof(pipelineId));
        PostgresSnapshotStore store = new(
            ReadAddress(connectionString), pipelineId, settings,
            patience ?? TimeSpan.FromSeconds(10));
        try
        {
            await store.RunAsync(
                async connection =>
                {
                    await PostgresTables.EnsureAsync(connection, cancel);
                    return true;
                },
                cancel);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoredSnapshot?> LoadAsync(
        SnapshotOwner owner, CancellationToken cancel) =>
        await RunAsync(connection => LoadAsync(connection, owner, cancel), cancel);

    /// <inheritdoc/>
    /// <remarks>
    /// What fails before its end is tried again, and so is what has lost its answer, once it is
    /// known that it did not take effect.
    /// </remarks>
    public async ValueTask<bool> SaveAsync(SnapshotChange change, CancellationToken cancel)
    {
        PostgresSave save = new(pipelineId, change, settings);
        try
        {
            return await RunAsync(connection => save.TryAsync(connection, cancel), cancel);
        }
        catch (SnapshotException error) when (error.IsTransient && save.InDoubt)
        {
            throw new SnapshotException(
                $"{error.Message} Whether the snapshot of {change.Owner.Stage} partition "
                + $"{change.Owner.Partition} at {change.Offset} was written is not known yet: it "
                + "shows when it is loaded.", error)
            {
                IsTransient = true,
            };
        }
    }

    /// <inheritdoc/>
    public byte[] ReadCold(SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets)
    {
        (long? standsAt, byte[]? stored) = RunAsync(
            connection => ReadColdAsync(connection, owner, key), CancellationToken.None)
            .GetAwaiter().GetResult();
        return SnapshotHead.RequireCold(owner, key, offsets, standsAt, stored);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await source.DisposeAsync();
        turns.Dispose();
    }

    /// <summary>How many parts of an owner are cold.</summary>
    internal static async Task<long> CountColdAsync(
        NpgsqlConnection connection, string pipelineId, SnapshotOwner owner,
        CancellationToken cancel)
    {
        await using NpgsqlCommand command = new(
            """
            SELECT count(*) FROM earshot.snapshot_parts
            WHERE pipeline = $1 AND stage = $2 AND partition = $3
                AND substring(key FOR 5) = 'cold/'
            """,
            connection);
        AddOwner(command.Parameters, pipelineId, owner);
        return (long)(await command.ExecuteScalarAsync(cancel))!;
    }

    internal static void AddOwner(
        NpgsqlParameterCollection parameters, string pipelineId, SnapshotOwner owner)
    {
        parameters.Add(new NpgsqlParameter<string> { TypedValue = pipelineId });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = owner.Stage });
        parameters.Add(new NpgsqlParameter<int> { TypedValue = owner.Partition });
    }

    // The cause is left out: it may quote the connection string.
    private static NpgsqlConnectionStringBuilder ReadAddress(string connectionString)
    {
        NpgsqlConnectionStringBuilder address;
        try
        {
            address = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception error) when (error is ArgumentException or FormatException
            or InvalidCastException or OverflowException or KeyNotFoundException)
        {
            throw new SnapshotException(
                "The PostgreSQL connection string cannot be read (it is not shown, since it may "
                + "have a password). Write Name=Value pairs with ; between them, such as "
                + "Host=db1;Database=earshot;Username=earshot, and values with ; or = in quotes; "
                + "an address like postgresql://… is not understood.");
        }

        if (string.IsNullOrWhiteSpace(address.Host))
            throw new SnapshotException("The PostgreSQL connection string names no Host.");
        address.ApplicationName ??= "earshot";
        address.MaxPoolSize = Math.Clamp(address.MaxPoolSize, 1, ConnectionsMax);
        address.MinPoolSize = Math.Min(address.MinPoolSize, address.MaxPoolSize);
        if (!address.ShouldSerialize("Command Timeout"))
            address.CommandTimeout = CommandTimeoutSeconds;
        return address;
    }

    private static NpgsqlDataSource CreateSource(NpgsqlConnectionStringBuilder address)
    {
        try
        {
            return new NpgsqlDataSourceBuilder(address.ConnectionString).Build();
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException
            or InvalidOperationException)
        {
            throw new SnapshotException(
                $"The PostgreSQL connection string cannot be used: {error.Message}", error);
        }
    }

    // Runs until it succeeds, fails for good, or patience ends.
    private async Task<T> RunAsync<T>(
        Func<NpgsqlConnection, Task<T>> body, CancellationToken cancel)
    {
        long began = Stopwatch.GetTimestamp();
        TimeSpan backoff = BackoffMin;
        while (true)
        {
            try
            {
                return await RunOnceAsync(body, cancel);
            }
            catch (SnapshotException error) when (error.IsTransient
                && Stopwatch.GetElapsedTime(began) + backoff <= patience)
            {
                // Again, below.
            }

            await Task.Delay(backoff, cancel);
            backoff = backoff * 2 < BackoffMax ? backoff * 2 : BackoffMax;
        }
    }

    private async Task<T> RunOnceAsync<T>(
        Func<NpgsqlConnection, Task<T>> body, CancellationToken cancel)
    {
        await turns.WaitAsync(cancel);
        try
        {
            await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancel);
            return await body(connection);
        }
        catch (Exception error) when (PostgresFailure.Covers(error))
        {
            throw failure.Explain(error);
        }
        finally
        {
            turns.Release();
        }
    }

    private async Task<StoredSnapshot?> LoadAsync(
        NpgsqlConnection connection, SnapshotOwner owner, CancellationToken cancel)
    {
        // Head and parts as of one moment, whoever saves meanwhile.
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead, cancel);
        if (await ReadHeadAsync(connection, owner, cancel) is not { } head)
            return null;
        long count = head.Open(owner, settings).PartCount;
        Dictionary<string, byte[]> parts = new(StringComparer.Ordinal);
        await using NpgsqlCommand command = new(
            """
            SELECT key, value FROM earshot.snapshot_parts
            WHERE pipeline = $1 AND stage = $2 AND partition = $3
                AND substring(key FOR 5) <> 'cold/'
            """,
            connection);
        AddOwner(command.Parameters, pipelineId, owner);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancel);
        while (await row.ReadAsync(cancel))
        {
            string key = Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(0));
            byte[] value = SnapshotFormat.DecodePart(owner, key, row.GetFieldValue<byte[]>(1));
            parts.Add(key, value);
        }
        await row.DisposeAsync();
        long found = parts.Count + await CountColdAsync(connection, pipelineId, owner, cancel);
        return found == count
            ? new StoredSnapshot(head.Offset, parts)
            : throw SnapshotFormat.Damaged(owner, $"it has {found} parts, not {count}");
    }

    // One statement, so that offset and part are of one moment.
    private async Task<(long?, byte[]?)> ReadColdAsync(
        NpgsqlConnection connection, SnapshotOwner owner, string key)
    {
        await using NpgsqlCommand command = new(
            """
            SELECT h."offset", p.value FROM earshot.snapshot_heads h
            LEFT JOIN earshot.snapshot_parts p ON p.pipeline = h.pipeline AND p.stage = h.stage
                AND p.partition = h.partition AND p.digest = sha256($4)
            WHERE h.pipeline = $1 AND h.stage = $2 AND h.partition = $3
            """,
            connection);
        AddOwner(command.Parameters, pipelineId, owner);
        command.Parameters.Add(
            new NpgsqlParameter<byte[]> { TypedValue = Encoding.UTF8.GetBytes(key) });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        if (!await row.ReadAsync())
            return (null, null);
        return (row.GetInt64(0), row.IsDBNull(1) ? null : row.GetFieldValue<byte[]>(1));
    }

    private async Task<SnapshotHead?> ReadHeadAsync(
        NpgsqlConnection connection, SnapshotOwner owner, CancellationToken cancel)
    {
        await using NpgsqlCommand command = new(
            """
            SELECT "offset", header FROM earshot.snapshot_heads
            WHERE pipeline = $1 AND stage = $2 AND partition = $3
            """,
            connection);
        AddOwner(command.Parameters, pipelineId, owner);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancel);
        return await row.ReadAsync(cancel)
            ? new SnapshotHead(row.GetInt64(0), row.GetFieldValue<byte[]>(1))
            : null;
    }
}
