using System.Globalization;
using System.Text;

namespace Earshot.Archive.DuckDb;

/// <summary>Pieces of SQL, and how the archive's databases are set up.</summary>
internal static class DuckDbSql
{
    /// <summary>A text as a literal.</summary>
    internal static string Literal(string text) => "'" + text.Replace("'", "''") + "'";

    /// <summary>Files as an argument of read_parquet: by name, not as patterns.</summary>
    internal static string FileList(IEnumerable<string> paths) =>
        "[" + string.Join(", ", paths.Select(path => Literal(EscapePattern(path)))) + "]";

    /// <summary>Whether DuckDB says that the disk is full or not writable.</summary>
    internal static bool IsDiskError(Exception error) =>
        error is DuckDbException
        && error.Message.StartsWith("IO Error", StringComparison.Ordinal);

    /// <summary>Opens a database for an archive in UTC, with limits.</summary>
    /// <param name="threads">Threads, 1 or more.</param>
    /// <param name="memoryBytesMax">Memory before spilling, bytes.</param>
    /// <param name="spillFolder">Where to spill; made when needed.</param>
    internal static DuckDbConnection Open(int threads, long memoryBytesMax, string spillFolder)
    {
        DuckDbConnection connection = new(
        [
            ("threads", threads.ToString(CultureInfo.InvariantCulture)),
            ("memory_limit", $"{(memoryBytesMax >> 20).ToString(CultureInfo.InvariantCulture)}MiB"),
            ("temp_directory", spillFolder),
            ("autoinstall_known_extensions", "false"),
            ("autoload_known_extensions", "false"),
        ]);
        connection.Execute("SET TimeZone = 'UTC'");
        return connection;
    }

    private static string EscapePattern(string path)
    {
        if (path.AsSpan().IndexOfAny('[', '*', '?') < 0)
            return path;
        StringBuilder escaped = new();
        foreach (char c in path)
        {
            if (c is '[' or '*' or '?')
                escaped.Append('[').Append(c).Append(']');
            else
                escaped.Append(c);
        }

        return escaped.ToString();
    }
}
