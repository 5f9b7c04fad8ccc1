using Earshot.Batch;
using Earshot.Schemas.V1;

namespace Earshot.Host.Verify;

/// <summary>Holds the archive's tables against the recomputed rows.</summary>
/// <param name="archive">The archive.</param>
/// <param name="extent">How far the pipeline has come.</param>
/// <param name="reach">How far the archive reaches.</param>
/// <param name="differencesMax">Most differences kept.</param>
internal sealed class RowComparison(
    ArchiveReader archive, PipelineExtent extent, ArchiveReach reach, int differencesMax)
{
    // What DuckDB's timestamps take; later ones are NULL in the archive.
    private const long TimeMsMax = 253_402_300_799_999;

    private readonly IReadOnlyDictionary<RowId, LateStatistics> late = archive.LateStatistics();
    private readonly List<Difference> differences = [];

    /// <summary>The first differences.</summary>
    public IReadOnlyList<Difference> Differences => differences;

    /// <summary>Compares every table.</summary>
    public IReadOnlyList<TableResult> Compare(BatchRows rows) =>
    [
        Compare("aggregates", rows.Aggregates, RowColumns.OfAggregates, row => row.Key,
            (id, row, values) => IsLate(id, row.Count, values, "count")),
        Compare("insights", rows.Insights, RowColumns.OfInsights, row => row.Key,
            (id, row, values) => IsLate(
                id, row.Calls + row.Reports + row.Values, values, "calls", "reports", "values")),
        Compare("predictions", rows.Predictions, RowColumns.OfPredictions, row => row.Key,
            (id, _, _) => FollowsLate(id)),
        WarningComparison.Compare(
            archive, rows.Warnings, extent.Settled,
            new TableResult("warnings", differences, differencesMax)),
        .. rows.Calls.Count > 0
            ? [CallComparison.Compare(
                archive, rows.Calls, extent.Settled,
                new TableResult("calls", differences, differencesMax))]
            : Array.Empty<TableResult>(),
        Compare("late", rows.Late),
        Compare("dead", rows.Dead),
    ];

    private TableResult Compare<T>(
        string table, IReadOnlyDictionary<RowId, T> rows, IReadOnlyList<RowColumn<T>> columns,
        Func<T, RowKey> keyOf, Func<RowId, T, IReadOnlyDictionary<string, object?>, bool> isLate)
    {
        TableResult result = new(table, differences, differencesMax);
        HashSet<RowId> found = [];
        foreach (ArchivedRow archived in
            archive.Rows(table, [.. columns.Select(column => column.Name)]))
        {
            // Of open windows a newer row may be on its way; a row that is there again counts once.
            if ((!archived.Final && !extent.Settled) || !found.Add(archived.Id))
                continue;
            if (!rows.TryGetValue(archived.Id, out T? row))
            {
                result.AddExtra(archived.Id.ToString());
                continue;
            }

            List<ColumnDifference> differing = Differing(columns, row, archived.Values);
            if (differing.Count == 0)
                result.Equal++;
            else if (isLate(archived.Id, row, Named(columns, archived.Values)))
                result.Explained++;
            else
                result.AddDifferent(archived.Id.ToString(), differing);
        }

        foreach (RowId id in archive.Repeated(table))
            result.AddRepeated(id.ToString());
        foreach ((RowId id, T row) in rows)
        {
            if (found.Contains(id))
                continue;
            if (isLate(id, row, new Dictionary<string, object?>()))
                result.Explained++;
            else if (reach.Expects(table, keyOf(row)))
                result.AddMissing(id.ToString());
            else
                result.Pending++;
        }

        return result;
    }

    private TableResult Compare(string table, IReadOnlyList<SideRecord> records)
    {
        TableResult result = new(table, differences, differencesMax);
        Dictionary<(int, long), SideRecord> expected = records.ToDictionary(
            record => (record.SourcePartition, record.SourceOffset));
        Dictionary<int, long> lastOffsets = [];
        HashSet<(int, long)> found = [];
        foreach (SideRecord archived in archive.SideRecords(table))
        {
            (int, long) id = (archived.SourcePartition, archived.SourceOffset);
            lastOffsets[archived.SourcePartition] = Math.Max(
                archived.SourceOffset, lastOffsets.GetValueOrDefault(archived.SourcePartition));
            if (!found.Add(id))
                result.AddRepeated(NameOf(archived));
            else if (!expected.TryGetValue(id, out SideRecord record))
                result.AddExtra(NameOf(archived));
            else if (Differing(record, archived) is { Count: > 0 } differing)
                result.AddDifferent(NameOf(archived), differing);
            else
                result.Equal++;
        }

        foreach (SideRecord record in records)
        {
            if (found.Contains((record.SourcePartition, record.SourceOffset)))
                continue;
            if (extent.Settled || record.SourceOffset
                < lastOffsets.GetValueOrDefault(record.SourcePartition, -1))
                result.AddMissing(NameOf(record));
            else
                result.Pending++;
        }

        return result;
    }

    /// <summary>The columns in which an archived row is not what it should be.</summary>
    internal static List<ColumnDifference> Differing<T>(
        IReadOnlyList<RowColumn<T>> columns, T row, object?[] archived)
    {
        List<ColumnDifference> differing = [];
        for (int i = 0; i < columns.Count; i++)
        {
            if (!columns[i].Holds(row, archived[i]))
                differing.Add(new(columns[i].Name, archived[i], columns[i].Value(row)));
        }

        return differing;
    }

    private static List<ColumnDifference> Differing(SideRecord record, SideRecord archived)
    {
        List<ColumnDifference> differing = [];
        void Hold(string column, object there, object here)
        {
            if (!Equals(there, here))
                differing.Add(new ColumnDifference(column, there, here));
        }

        Hold("reason", archived.Reason, record.Reason);
        Hold(
            "event_time (ms)", archived.EventTimeMs,
            record.EventTimeMs > TimeMsMax ? 0L : record.EventTimeMs);
        Hold("watermark (ms)", archived.WatermarkMs, record.WatermarkMs);
        return differing;
    }

    private static Dictionary<string, object?> Named<T>(
        IReadOnlyList<RowColumn<T>> columns, object?[] values) =>
        columns.Index().ToDictionary(c => c.Item.Name, c => values[c.Index]);

    /// <summary>
    /// True when what the archived row lacks is just what met a closed window, and is kept in the
    /// late table.
    /// </summary>
    private bool IsLate(
        RowId id, long count, IReadOnlyDictionary<string, object?> archived,
        params string[] counts) =>
        late.TryGetValue(id, out LateStatistics statistics)
        && counts.Sum(name => archived.GetValueOrDefault(name) as long? ?? 0)
            + statistics.Count == count;

    /// <summary>
    /// True when a window of this key and metric up to this one lacks what came late: the
    /// prediction rests on it.
    /// </summary>
    private bool FollowsLate(RowId id) => late.Keys.Any(
        other => other.WindowStartMs <= id.WindowStartMs
            && other == id with { WindowStartMs = other.WindowStartMs });

    private static string NameOf(SideRecord record) =>
        $"record {record.SourceOffset} of partition {record.SourcePartition}, {record.Reason}";
}
