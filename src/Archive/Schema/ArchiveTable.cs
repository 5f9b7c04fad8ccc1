using Earshot.Archive.DuckDb;
using Earshot.Log;

namespace Earshot.Archive.Schema;

/// <summary>A table of the archive.</summary>
public abstract class ArchiveTable
{
    private protected ArchiveTable(string name, string description)
    {
        Name = name;
        Description = description;
    }

    /// <summary>Table name: the archive's folder and the SQL view.</summary>
    public string Name { get; }

    /// <summary>What one row is.</summary>
    public string Description { get; }

    /// <summary>The columns, in order; the last two are log_partition and log_offset.</summary>
    public abstract IReadOnlyList<ArchiveColumn> Columns { get; }

    /// <summary>Columns the rows of a file are sorted by.</summary>
    public required IReadOnlyList<string> SortColumns { get; init; }

    /// <summary>
    /// Columns that together say which row this is: rows equal in them are revisions of one row.
    /// Empty where rows have no revisions.
    /// </summary>
    public IReadOnlyList<string> IdentityColumns { get; init; } = [];

    /// <summary>
    /// Rows carry "final": a day with final rows alone holds each row once, so that its revisions
    /// need no comparing.
    /// </summary>
    internal bool HasFinal { get; init; }

    /// <summary>
    /// Decodes records and appends them; the appender's table has <see cref="Columns"/> and then
    /// a column of the row's day (days since 1970-01-01, UTC).
    /// </summary>
    /// <returns>The days met.</returns>
    internal abstract IReadOnlySet<int> Append(
        DuckDbAppender appender, int partition, IReadOnlyList<RecordBatch> batches,
        CancellationToken cancel);
}
