namespace Earshot.Archive.DuckDb;

/// <summary>DuckDB refused a statement; the message is DuckDB's own.</summary>
public sealed class DuckDbException : Exception
{
    /// <summary>Creates one.</summary>
    public DuckDbException(string message) : base(message)
    {
    }

    /// <summary>Creates one with its cause.</summary>
    public DuckDbException(string message, Exception inner) : base(message, inner)
    {
    }
}
