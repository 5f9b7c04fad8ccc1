using Earshot.Archive.DuckDb;
using Earshot.Archive.Files;

namespace Earshot.Archive.Sql;

/// <summary>
/// SQL over the archive: an in-memory DuckDB with the views aggregates, insights, predictions,
/// warnings, calls, late and dead (the newest revision of each row), the same names with _all
/// (every revision), and the functions of <see cref="SqlMacros"/>. One caller at a time.
/// </summary>
public sealed class ArchiveSql : IDisposable
{
    // Half the time that replaced files stay: a query has at least as long to open its files.
    private static readonly TimeSpan viewsAgeMax = TimeSpan.FromSeconds(30);

    private readonly DuckDbConnection connection;
    private readonly ArchiveViews? views;
    private readonly TimeProvider time;
    private readonly Description description;
    private long viewsMade;

    /// <summary>Opens it.</summary>
    /// <exception cref="DllNotFoundException">DuckDB's library is missing.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no archive there.</exception>
    /// <exception cref="DuckDbException">A file of the archive cannot be read.</exception>
    public ArchiveSql(ArchiveSqlOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        string? root = options.Folder is null ? null : Path.GetFullPath(options.Folder);
        if (root is not null && !Directory.Exists(root))
            throw new DirectoryNotFoundException(
                $"There is no archive at {root}: fill one with 'earshot run' or 'earshot replay', "
                + "or name another folder with --data or --archive.");
        this.time = time ?? TimeProvider.System;
        string spillParent = root is null
            ? Path.GetTempPath() : Path.Combine(root, ArchiveFolder.TemporaryName);
        string spill = Path.Combine(spillParent, $"sql-{Guid.NewGuid():N}");
        connection = DuckDbSql.Open(options.Threads, options.MemoryBytesMax, spill);
        try
        {
            BucketPercentile.Register(connection);
            connection.Execute(SqlMacros.Script);
            views = root is null ? null : new ArchiveViews(root, options.Schema, connection);
            description = new Description(root, options.Schema);
            Refresh();
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => connection.Dispose();

    /// <summary>
    /// Looks for new files. Queries do so by themselves when the last look is 30 s old.
    /// </summary>
    public void Refresh()
    {
        views?.Create();
        viewsMade = time.GetTimestamp();
    }

    /// <summary>Runs statements, separated by semicolons; the result is the last one's.</summary>
    /// <exception cref="DuckDbException">DuckDB refused one; the message is DuckDB's.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public SqlResult Query(string sql, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(sql);
        if (time.GetElapsedTime(viewsMade) > viewsAgeMax)
            Refresh();
        cancel.ThrowIfCancellationRequested();
        CancellationTokenRegistration interrupt = cancel.Register(connection.Interrupt);
        try
        {
            return new SqlResult(connection.Query(sql), interrupt, cancel);
        }
        catch (DuckDbException e)
        {
            interrupt.Dispose();
            if (cancel.IsCancellationRequested)
                throw new OperationCanceledException(e.Message, e, cancel);
            throw;
        }
    }

    /// <summary>Runs statements and prints the last one's rows.</summary>
    /// <param name="sql">Statements; a single one for Parquet.</param>
    /// <param name="format">How.</param>
    /// <param name="output">Where to; stays open.</param>
    /// <param name="widthMax">
    /// Columns of the terminal, to cut lines of a table there; null where it is no terminal.
    /// </param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Rows printed.</returns>
    /// <exception cref="DuckDbException">DuckDB refused one; the message is DuckDB's.</exception>
    public long Print(
        string sql, SqlFormat format, Stream output, int? widthMax = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (format == SqlFormat.Parquet)
            return PrintParquet(sql, output, cancel);
        using SqlResult result = Query(sql, cancel);
        return format switch
        {
            SqlFormat.Csv => CsvPrinter.Print(result, output),
            SqlFormat.Json => JsonPrinter.Print(result, output),
            _ => TablePrinter.Print(result, output, widthMax),
        };
    }

    /// <summary>Writes a query's rows to a Parquet file (zstd).</summary>
    /// <returns>Rows written.</returns>
    /// <exception cref="DuckDbException">DuckDB refused it; the message is DuckDB's.</exception>
    public long WriteParquet(string sql, string path, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentException.ThrowIfNullOrEmpty(path);
        string query = sql.TrimEnd().TrimEnd(';');
        string copy =
            $"COPY ({query}\n) TO {DuckDbSql.Literal(path)} (FORMAT parquet, COMPRESSION zstd)";
        using SqlResult result = Query(copy, cancel);
        long rows = 0;
        foreach (object?[] row in result.Rows())
            rows = row is [long count] ? count : 0;
        return rows;
    }

    /// <summary>
    /// The statement that describes a table of the archive or a Parquet file (per column: type,
    /// meaning, counts, extremes, quartiles), or, for null, all tables.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such table and no such file.</exception>
    public string DescribeStatement(string? target) => description.Statement(target, ColumnsOf);

    private IReadOnlyList<string> ColumnsOf(string relation)
    {
        using SqlResult result = Query($"SELECT * FROM {relation} LIMIT 0");
        return [.. result.Columns.Select(column => column.Name)];
    }

    private long PrintParquet(string sql, Stream output, CancellationToken cancel)
    {
        string path = Path.Combine(Path.GetTempPath(), $"earshot-{Guid.NewGuid():N}.parquet");
        try
        {
            long rows = WriteParquet(sql, path, cancel);
            using FileStream file = File.OpenRead(path);
            file.CopyTo(output);
            return rows;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
