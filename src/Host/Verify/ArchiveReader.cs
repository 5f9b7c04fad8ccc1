using System.Globalization;
using Earshot.Archive.DuckDb;
using Earshot.Archive.Schema;
using Earshot.Archive.Sql;
using Earshot.Batch;

namespace Earshot.Host.Verify;

/// <summary>
/// Reads the archive's views as far as the pipeline had committed when the check began: files that
/// come meanwhile are left out.
/// </summary>
internal sealed class ArchiveReader : IDisposable
{
    private const string Key = "log_partition, log_offset, epoch_ms(window_start), "
        + "epoch_ms(window_end), \"window\", \"grouping\", ";

    private readonly ArchiveSql sql;
    private readonly string[] dimensions;
    private readonly PipelineExtent extent;
    private readonly CancellationToken cancel;

    /// <summary>Opens it.</summary>
    /// <exception cref="FailedException">It cannot be read.</exception>
    public ArchiveReader(
        string folder, IEnumerable<string> extraDimensions, PipelineExtent extent,
        CancellationToken cancel)
    {
        ArchiveSchema schema = new(extraDimensions);
        dimensions = [.. schema.Dimensions];
        this.extent = extent;
        this.cancel = cancel;
        sql = Guarded(() => new ArchiveSql(
            new ArchiveSqlOptions { Folder = folder, Schema = schema }));
    }

    /// <inheritdoc/>
    public void Dispose() => sql.Dispose();

    /// <summary>The newest revision of each row of a table with keys and windows.</summary>
    /// <param name="table">aggregates, insights or predictions.</param>
    /// <param name="columns">Columns to read; "final" the last one, where there is one.</param>
    public IEnumerable<ArchivedRow> Rows(string table, IReadOnlyList<string> columns)
    {
        bool hasMetric = table != "insights";
        bool hasFinal = columns[^1] == "final";
        string names = string.Join(", ", dimensions
            .Concat(hasMetric ? ["metric"] : Array.Empty<string>())
            .Concat(columns)
            .Select(Quoted));
        int first = 6 + dimensions.Length + (hasMetric ? 1 : 0);
        foreach (object?[] row in Query(table, $"SELECT {Key}{names} FROM {table}"))
        {
            object?[] values = row[first..];
            for (int i = 0; i < values.Length; i++)
                values[i] = values[i] is object?[] list ? BucketsOf(list) : values[i];
            yield return new ArchivedRow(
                IdOf(row, hasMetric), !hasFinal || values[^1] is true, values);
        }
    }

    /// <summary>
    /// The final rows that are there more than once, as seen by the view of all revisions.
    /// </summary>
    public IReadOnlyList<RowId> Repeated(string table)
    {
        bool hasMetric = table != "insights";
        string names = string.Join(", ", dimensions.Select(Quoted))
            + (hasMetric ? ", metric" : "");
        string where = table == "predictions" ? "" : "WHERE final";
        string group = $"window_start, window_end, \"window\", \"grouping\", {names}";
        List<RowId> repeated = [];
        foreach (object?[] row in Query(
            table, $"SELECT min(log_partition), max(log_offset), epoch_ms(window_start), "
            + $"epoch_ms(window_end), \"window\", \"grouping\", {names} "
            + $"FROM {table}_all {where} GROUP BY {group} HAVING count(*) > 1"))
        {
            repeated.Add(IdOf(row, hasMetric));
        }

        return repeated;
    }

    /// <summary>The late or the dead records.</summary>
    public IEnumerable<SideRecord> SideRecords(string table)
    {
        string watermark = table == "late" ? "epoch_ms(watermark)" : "0";
        foreach (object?[] row in Query(
            table, "SELECT log_partition, log_offset, source_partition, source_offset, reason, "
            + $"epoch_ms(event_time), {watermark} FROM {table}_all "
            + "WHERE reason <> 'window_closed'"))
        {
            yield return new SideRecord(
                Convert.ToInt32(row[2], Invariant), Convert.ToInt64(row[3], Invariant),
                (string)row[4]!, Convert.ToInt64(row[5] ?? 0L, Invariant),
                Convert.ToInt64(row[6] ?? 0L, Invariant));
        }
    }

    /// <summary>Every warning, raised and cleared.</summary>
    /// <param name="columns">Columns to read.</param>
    public IEnumerable<(WarningId Id, object?[] Values)> Warnings(IReadOnlyList<string> columns)
    {
        string names = string.Join(", ", columns.Concat(dimensions).Select(Quoted));
        int first = 7 + columns.Count;
        foreach (object?[] row in Query(
            "warnings", "SELECT log_partition, log_offset, source_partition, source_offset, "
            + $"warning, raised, cause, {names} FROM warnings_all"))
        {
            WarningId id = WarningId.Of(
                Convert.ToInt32(row[2], Invariant), Convert.ToInt64(row[3], Invariant),
                (string)row[4]!, row[5] is true, (string)row[6]!);
            yield return (id, [.. row[7..first].Select(Whole), DimensionsOf(row, first)]);
        }
    }

    /// <summary>Every row of a call.</summary>
    /// <param name="columns">Columns to read.</param>
    public IEnumerable<(FinishedId Id, object?[] Values)> Calls(IReadOnlyList<string> columns)
    {
        string names = string.Join(", ", columns.Concat(dimensions).Select(Quoted));
        int first = 7 + columns.Count;
        foreach (object?[] row in Query(
            "calls", "SELECT log_partition, log_offset, source_partition, coalesce(call_id, ''), "
            + "epoch_ms(ended), closed_by, coalesce(source_offset, 0), "
            + $"{names} FROM calls_all"))
        {
            FinishedId id = FinishedId.Of(
                Convert.ToInt32(row[2], Invariant), (string)row[3]!,
                Convert.ToInt64(row[4], Invariant), (string)row[5]!,
                Convert.ToInt64(row[6], Invariant));
            yield return (
                id,
                [
                    .. row[7..first].Select(
                        value => value is object?[] list ? TagsOf(list) : Whole(value)),
                    DimensionsOf(row, first),
                ]);
        }
    }

    /// <summary>
    /// Per table and partition the end of the last window of which there are final rows, ms since
    /// the epoch.
    /// </summary>
    public IReadOnlyDictionary<(string Table, int Partition), long> LastEnds()
    {
        Dictionary<(string, int), long> ends = [];
        foreach (string table in (ReadOnlySpan<string>)["aggregates", "insights", "predictions"])
        {
            string final = table == "predictions" ? "" : "final AND ";
            string archived = string.Join(" OR ", extent.Archived
                .Where(to => to.Key.Table == table)
                .Select(to => string.Create(
                    Invariant,
                    $"(log_partition = {to.Key.Partition} AND log_offset < {to.Value})")));
            foreach (object?[] row in Query(
                table, "SELECT log_partition, min(log_offset), epoch_ms(max(window_end)) "
                + $"FROM {table}_all WHERE {final}({archived}) GROUP BY log_partition"))
            {
                ends.Add((table, Partition(row)), Convert.ToInt64(row[2], Invariant));
            }
        }

        return ends;
    }

    /// <summary>
    /// Statistics that met a closed window, by the row they are missing in: aggregates by metric,
    /// insights without.
    /// </summary>
    public IReadOnlyDictionary<RowId, LateStatistics> LateStatistics()
    {
        string names = string.Join(", ", dimensions.Select(Quoted));
        Dictionary<RowId, LateStatistics> late = [];
        foreach (object?[] row in Query(
            "late", $"SELECT {Key}{names}, coalesce(metric, ''), coalesce(\"count\", "
            + "calls + reports + \"values\") FROM late_all WHERE reason = 'window_closed'"))
        {
            RowId id = IdOf(row, hasMetric: true);
            LateStatistics before = late.GetValueOrDefault(id);
            late[id] = new LateStatistics(
                before.Partials + 1, before.Count + Convert.ToInt64(row[^1], Invariant));
        }

        return late;
    }

    private static CultureInfo Invariant => CultureInfo.InvariantCulture;

    private IEnumerable<object?[]> Query(string table, string statement)
    {
        using SqlResult result = Guarded(() => sql.Query(statement, cancel));
        using IEnumerator<object?[]> rows = result.Rows().GetEnumerator();
        while (Guarded(rows.MoveNext))
        {
            object?[] row = rows.Current;
            if (extent.Archived.TryGetValue((table, Partition(row)), out long to)
                && Convert.ToInt64(row[1], Invariant) < to)
                yield return row;
        }
    }

    private static T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is DuckDbException or DirectoryNotFoundException)
        {
            throw new FailedException($"the archive cannot be read: {e.Message}", e);
        }
    }

    private static int Partition(object?[] row) => Convert.ToInt32(row[0], Invariant);

    private RowId IdOf(object?[] row, bool hasMetric) => new(
        (string)row[4]!, Convert.ToInt64(row[2], Invariant), (string)row[5]!,
        DimensionsOf(row, 6), hasMetric ? (string)row[6 + dimensions.Length]! : "");

    // Times as ms since the epoch, whole numbers of one type.
    private static object? Whole(object? value) => value switch
    {
        DateTimeOffset time => time.ToUnixTimeMilliseconds(),
        int number => (long)number,
        _ => value,
    };

    private string DimensionsOf(object?[] row, int first)
    {
        List<KeyValuePair<string, string>> named = [];
        for (int i = 0; i < dimensions.Length; i++)
        {
            if (row[first + i] is string value)
                named.Add(new(dimensions[i], value));
        }

        return RowId.TextOf(named);
    }

    private static string TagsOf(object?[] list) =>
        CallComparison.TextOf(list.Cast<KeyValuePair<string, object?>[]>().Select(
            tag => ((string)tag[0].Value!, (string)tag[1].Value!, (double)tag[2].Value!,
                (double)tag[3].Value!, (string)tag[4].Value!)));

    private static string BucketsOf(object?[] list) =>
        RowColumns.TextOf(list.Cast<KeyValuePair<string, object?>[]>().Select(
            bucket => ((double)bucket[0].Value!, (long)bucket[1].Value!)));

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"")}\"";
}
