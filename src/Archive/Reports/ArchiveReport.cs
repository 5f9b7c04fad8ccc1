using System.Globalization;
using Earshot.Analytics;
using Earshot.Archive.Sql;

namespace Earshot.Archive.Reports;

/// <summary>
/// A report over the archive: call counts, ratios, tags and percentiles of any range of time and
/// any coarser key, merged from the rows of one grouping set and one kind of window.
/// </summary>
public sealed class ArchiveReport
{
    private ArchiveReport(ReportPlan plan, string statement, long windows, long openRows) =>
        (Plan, Statement, Windows, OpenRows) = (plan, statement, windows, openRows);

    /// <summary>Which rows it is made of.</summary>
    public ReportPlan Plan { get; }

    /// <summary>The query that makes it.</summary>
    public string Statement { get; }

    /// <summary>How many windows have rows in it; 0: it is empty.</summary>
    public long Windows { get; }

    /// <summary>Of how many rows in it the window is still open: these may grow.</summary>
    public long OpenRows { get; }

    /// <summary>Prepares a report; null when the archive has no rows yet.</summary>
    /// <exception cref="ArgumentException">
    /// The archive does not have what is asked for; the message says what it has.
    /// </exception>
    public static ArchiveReport? Prepare(
        ArchiveSql sql, ReportRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(request);
        List<WindowExtent> extents = ReadExtents(sql, cancel);
        if (extents.Count == 0)
            return null;
        ReportPlan plan = ReportPlan.Of(request, extents);
        ReportStatement statement = new(plan);
        using SqlResult result = sql.Query(statement.Coverage, cancel);
        object?[] coverage = result.Rows().Single();
        return new ArchiveReport(
            plan, statement.Text, Number(coverage[0]), Number(coverage[1]));
    }

    private static List<WindowExtent> ReadExtents(ArchiveSql sql, CancellationToken cancel)
    {
        using SqlResult result = sql.Query(
            """
            SELECT "grouping", "window", epoch_ms(min(window_start)), epoch_ms(max(window_end))
            FROM insights GROUP BY ALL ORDER BY ALL
            """,
            cancel);
        return
        [
            .. result.Rows().Select(row => new WindowExtent(
                (string)row[0]!, WindowSpec.Parse((string)row[1]!), Number(row[2]),
                Number(row[3]))),
        ];
    }

    private static long Number(object? value) =>
        Convert.ToInt64(value, CultureInfo.InvariantCulture);
}
