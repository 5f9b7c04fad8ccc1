using Npgsql;

namespace Earshot.Snapshots.Postgres;

/// <summary>
/// The tables of <see cref="PostgresSnapshotStore"/>: made when they are missing, refused when
/// they are of a newer program.
/// </summary>
internal static class PostgresTables
{
    /// <summary>The version of the tables that this program makes and knows.</summary>
    public const int Version = 1;

    // Keys may be longer than PostgreSQL lets an index entry be (2,704 bytes): the primary key
    // has a digest in their place. They are bytes, since text here may hold no zero. Changes tell
    // parts that are new from those that were there.
    private const string Create =
        """
        CREATE TABLE earshot.snapshot_heads(
            pipeline text COLLATE "C" NOT NULL,
            stage text COLLATE "C" NOT NULL,
            partition integer NOT NULL,
            "offset" bigint NOT NULL,
            header bytea NOT NULL,
            save_id uuid NOT NULL,
            saved_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (pipeline, stage, partition));
        CREATE TABLE earshot.snapshot_parts(
            pipeline text COLLATE "C" NOT NULL,
            stage text COLLATE "C" NOT NULL,
            partition integer NOT NULL,
            digest bytea GENERATED ALWAYS AS (sha256(key)) STORED,
            changes integer NOT NULL DEFAULT 0,
            key bytea NOT NULL,
            value bytea NOT NULL,
            PRIMARY KEY (pipeline, stage, partition, digest));
        """;

    /// <summary>Makes the tables if they are missing; checks that they can be used.</summary>
    /// <exception cref="SnapshotException">Newer, or this user may not use them.</exception>
    /// <exception cref="NpgsqlException">The server refused.</exception>
    public static async Task EnsureAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        long version = await ReadVersionAsync(connection, cancel)
            ?? await CreateAsync(connection, cancel);
        if (version > Version)
        {
            throw new SnapshotException(
                "The snapshot tables in schema earshot were made by a newer version of this "
                + $"program: they have version {version}, this program knows version {Version}. "
                + "Run the newer program, or use another database.");
        }
        await RequireUsableAsync(connection, cancel);
    }

    // Null when there are no tables of snapshots.
    private static async Task<long?> ReadVersionAsync(
        NpgsqlConnection connection, CancellationToken cancel)
    {
        // Not to_regclass: it may answer from a cache of before the wait for the lock.
        await using NpgsqlCommand find = new(
            """
            SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'earshot' AND c.relname = 'meta'
            """,
            connection);
        if (await find.ExecuteScalarAsync(cancel) is not 1L)
            return null;
        await using NpgsqlCommand read = new(
            "SELECT value FROM earshot.meta WHERE name = 'schema.snapshots'", connection);
        return (long?)await read.ExecuteScalarAsync(cancel);
    }

    private static async Task<long> CreateAsync(
        NpgsqlConnection connection, CancellationToken cancel)
    {
        await using NpgsqlTransaction transaction =
            await connection.BeginTransactionAsync(cancel);
        // Several processes may start at once: one makes the tables, the others find them.
        await RunAsync("SELECT pg_advisory_xact_lock(hashtextextended('earshot.meta', 0))");
        long? found = await ReadVersionAsync(connection, cancel);
        if (found is null)
        {
            // IF NOT EXISTS would ask for the right to make schemas even where there is one.
            await using NpgsqlCommand find = new(
                "SELECT count(*) FROM pg_namespace WHERE nspname = 'earshot'", connection);
            if (await find.ExecuteScalarAsync(cancel) is 0L)
                await RunAsync("CREATE SCHEMA earshot");
            await RunAsync(
                """
                CREATE TABLE IF NOT EXISTS earshot.meta(
                    name text COLLATE "C" PRIMARY KEY,
                    value bigint NOT NULL)
                """);
            await RunAsync(Create);
            await RunAsync($"INSERT INTO earshot.meta VALUES ('schema.snapshots', {Version})");
        }
        await transaction.CommitAsync(cancel);
        return found ?? Version;

        async Task RunAsync(string sql)
        {
            // Constants, all of them.
#pragma warning disable CA2100
            await using NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(cancel);
        }
    }

    private static async Task RequireUsableAsync(
        NpgsqlConnection connection, CancellationToken cancel)
    {
        await using NpgsqlCommand command = new(
            """
            SELECT current_user::text,
                bool_and(has_table_privilege(t, p)),
                current_setting('transaction_read_only') = 'on'
            FROM unnest(ARRAY['earshot.snapshot_heads', 'earshot.snapshot_parts']) t,
                unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
            """,
            connection);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancel);
        await row.ReadAsync(cancel);
        if (!row.GetBoolean(1))
        {
            throw new SnapshotException(
                $"PostgreSQL user {row.GetString(0)} may not read and write the snapshot tables. "
                + "Let their owner run: GRANT USAGE ON SCHEMA earshot TO " + row.GetString(0)
                + "; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA earshot TO "
                + row.GetString(0) + ";");
        }
        if (row.GetBoolean(2))
        {
            throw new SnapshotException(PostgresFailure.ReadOnlyMessage) { IsTransient = true };
        }
    }
}
