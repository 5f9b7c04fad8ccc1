using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Earshot.Sqlite;

/// <summary>One database file: where it is, how it is opened, what schema it carries.</summary>
/// <param name="Path">Path of the file; it and its folder are created when missing.</param>
public sealed record SqliteFile(string Path)
{
    // Larger than SQLite's 4096: rows are batches of some 100 KB, and a page costs a WAL frame.
    private const int PageBytes = 8192;

    // A checkpoint every 32 MiB of WAL: each costs two fsyncs.
    private const int CheckpointPages = 32 * 1024 * 1024 / PageBytes;

    // After a burst the WAL file is cut back to this size.
    private const int JournalBytesMax = 64 * 1024 * 1024;

    /// <summary>Most bytes the file may grow to; 0 for no limit but the disk's.</summary>
    public long MaxBytes { get; init; }

    /// <summary>
    /// How long a transaction waits for another process to let go. The provider itself tries for
    /// 1 s at least. Default 5 s.
    /// </summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Opens a connection in WAL mode with synchronous=FULL.</summary>
    /// <exception cref="SqliteFileException">It cannot be opened.</exception>
    public SqliteSession Open()
    {
        SqliteNative.Load();
        if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path)) is { } folder)
            CreateFolder(folder);
        // The pool is off so that closing closes: files can be moved, failed connections are gone.
        SqliteConnectionStringBuilder settings = new()
        {
            DataSource = Path,
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = 1,
        };
        SqliteConnection connection = new(settings.ConnectionString);
        try
        {
            connection.Open();
            SqliteSession session = new(connection);
            Configure(session);
            return session;
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw SqliteFailure.Explain(error, Path);
        }
    }

    /// <summary>
    /// Creates the tables of one user of the file, in the transaction of <paramref name="session"/>,
    /// or checks that those there are of a version this program knows.
    /// </summary>
    /// <param name="session">An open transaction on this file.</param>
    /// <param name="user">Who owns the tables: "log", "snapshots".</param>
    /// <param name="version">The schema version this program writes, from 1.</param>
    /// <param name="create">SQL that creates the tables.</param>
    /// <exception cref="SqliteFileException">The file was written by a newer program.</exception>
    public void EnsureSchema(SqliteSession session, string user, int version, string create)
    {
        session.Execute("CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER)");
        string name = $"schema.{user}";
        long? found = session.ReadLong("SELECT value FROM meta WHERE name = $1", name);
        if (found is null)
        {
            session.Script(create);
            session.Execute("INSERT INTO meta(name, value) VALUES ($1, $2)", name, (long)version);
        }
        else if (found > version)
        {
            throw new SqliteFileException(
                $"{Path} was written by a newer version of this program: its {user} tables have "
                + $"version {found}, this program knows version {version}. Run the newer program, "
                + "or start anew with another --data folder.");
        }
    }

    private static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SqliteFileException(
                $"The folder {folder} cannot be created: {error.Message}", error);
        }
    }

    private void Configure(SqliteSession session)
    {
        // busy_timeout first: switching to WAL takes a lock. Page size and vacuum mode take
        // effect only on a file without tables, so they come before WAL.
        session.Script(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            PRAGMA busy_timeout = {(int)BusyTimeout.TotalMilliseconds};
            PRAGMA page_size = {PageBytes};
            PRAGMA auto_vacuum = INCREMENTAL;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = {CheckpointPages};
            PRAGMA journal_size_limit = {JournalBytesMax};
            """));
        if (MaxBytes > 0)
        {
            long pages = Math.Max(1, MaxBytes / session.ReadLong("PRAGMA page_size")!.Value);
            session.Script(string.Create(
                CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}"));
        }
    }
}
