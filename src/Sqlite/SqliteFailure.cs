using Microsoft.Data.Sqlite;

namespace Earshot.Sqlite;

/// <summary>What SQLite's result codes mean for us, and what a person can do about them.</summary>
public static class SqliteFailure
{
    // Primary result codes, https://www.sqlite.org/rescode.html
    private const int Perm = 3;
    private const int Busy = 5;
    private const int Locked = 6;
    private const int NoMemory = 7;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    /// <summary>Explains a failure of a statement before COMMIT: nothing was written.</summary>
    public static SqliteFileException Explain(SqliteException error, string path) => new(
        Describe(error, path), error)
    {
        Code = error.SqliteErrorCode,
        IsTransient = IsTransient(error.SqliteErrorCode),
    };

    /// <summary>Explains a failure of COMMIT.</summary>
    /// <remarks>
    /// FULL, BUSY, LOCKED and NOMEM come before the commit frame is complete: rolled back. Any
    /// other code (a failed fsync, say) leaves it open.
    /// </remarks>
    public static SqliteFileException ExplainCommit(SqliteException error, string path) => new(
        Describe(error, path), error)
    {
        Code = error.SqliteErrorCode,
        IsTransient = IsTransient(error.SqliteErrorCode),
        MayBeWritten = error.SqliteErrorCode is not (Full or Busy or Locked or NoMemory),
    };

    private static bool IsTransient(int code) =>
        code is Full or Busy or Locked or NoMemory or InputOutput;

    private static string Describe(
        SqliteException error, string path) => error.SqliteErrorCode switch
    {
        Full => $"No space left for {path}: free disk space, shorten the retention, or raise the "
            + "size limit of the file. Nothing is half-written.",
        Busy or Locked => $"{path} is in use by another program that does not let go: stop the "
            + "other program (one process at a time may write).",
        NoMemory => $"SQLite got no memory for {path}: free memory or shrink the batches.",
        ReadOnly => $"{path} cannot be written: make the file, its -wal and -shm files and their "
            + "folder writable for this user, or choose another folder with --data.",
        InputOutput => $"The disk failed while using {path} (SQLite result "
            + $"{error.SqliteExtendedErrorCode}): check the disk and the system log.",
        Corrupt or NotADatabase => $"{path} is damaged or no SQLite database: keep a copy, then "
            + $"restore a backup, try `sqlite3 {path} .recover`, or start anew in another --data.",
        CannotOpen or Perm => $"{path} cannot be opened: check that the folder exists and that "
            + "this user may read and write in it.",
        _ => $"SQLite failed on {path}: {error.Message}",
    };
}
