namespace Earshot.Sqlite;

/// <summary>
/// A database file cannot be used as asked. The message says what happened and what to do; the
/// log and the snapshot store hand it on in their own exceptions.
/// </summary>
public sealed class SqliteFileException : Exception
{
    /// <summary>Creates one.</summary>
    public SqliteFileException(string message) : base(message)
    {
    }

    /// <summary>Creates one with its cause.</summary>
    public SqliteFileException(string message, Exception inner) : base(message, inner)
    {
    }

    /// <summary>SQLite's primary result code; 0 where SQLite was not reached.</summary>
    public int Code { get; init; }

    /// <summary>True when the same may succeed later: disk full, busy, an I/O error.</summary>
    public bool IsTransient { get; init; }

    /// <summary>
    /// True when COMMIT itself failed in a way that leaves open whether it took effect. False
    /// means that nothing was written.
    /// </summary>
    public bool MayBeWritten { get; init; }
}
