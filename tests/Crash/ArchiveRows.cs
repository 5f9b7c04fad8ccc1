using System.Globalization;
using System.Text;
using Earshot.Archive.Sql;

namespace Earshot.Tests.Crash;

/// <summary>
/// Whether two archives hold the same rows, asked in SQL in both directions: everything equal but
/// for the columns whose last bits depend on the order of merging, and the revision.
/// </summary>
/// <param name="Same">Table and how many rows it has on both sides.</param>
internal sealed record ArchiveRows(IReadOnlyList<(string Table, long Rows)> Same)
{
    private static readonly string[] Sums =
    [
        "sum", "mean", "stddev", "expected", "low", "high", "observed", "next_expected",
        "next_low", "next_high", "aloc", "connected_minutes",
    ];

    private static readonly string[] Ours = ["revision", "log_partition", "log_offset"];

    // What a row is about.
    private static readonly string[] Names =
    [
        "window", "window_start", "window_end", "grouping", "carrier", "country", "metric",
    ];

    // Files and topics count records differently.
    private static readonly string[] Places = ["source_offset", "line", "origin"];

    public override string ToString() => "the same rows: " + string.Join(
        ", ", Same.Select(table => string.Create(
            CultureInfo.InvariantCulture, $"{table.Table} {table.Rows:N0}")));

    /// <summary>Compares; fails with the table and the numbers where they differ.</summary>
    /// <param name="folder">For files in between.</param>
    /// <param name="calm">Archive of the undisturbed run.</param>
    /// <param name="rough">The other one.</param>
    /// <param name="sameInput">True: both read the input from the same files.</param>
    public static ArchiveRows Compare(string folder, string calm, string rough, bool sameInput)
    {
        List<(string, long)> same = [];
        foreach (string table in (string[])["aggregates", "insights", "predictions"])
        {
            string where = sameInput ? "" : $"WHERE window_start < {CrashTraffic.ClosedBefore}";
            same.Add((table, CompareTable(folder, calm, rough, table, where, [], Sums)));
        }

        // Of an input that goes on the last streams have not ended.
        foreach (string table in sameInput
            ? (string[])["warnings", "late", "dead"] : ["late", "dead"])
        {
            string[] left = sameInput ? ["log_partition"] : Places;
            same.Add((table, CompareTable(folder, calm, rough, table, "", left, [])));
        }

        return new ArchiveRows(same);
    }

    private static long CompareTable(
        string folder, string calm, string rough, string table, string where, string[] without,
        string[] near)
    {
        string a = Export(folder, calm, "calm", table, where);
        string b = Export(folder, rough, "rough", table, where);
        using ArchiveSql sql = new(new ArchiveSqlOptions { Folder = null });
        string[] columns = ColumnsOf(sql, a);
        Assert.Equal(columns, ColumnsOf(sql, b));
        string exact = string.Join(
            ", ", columns.Except(near).Except(Ours).Except(without).Select(Quoted));
        string lost = $"SELECT {exact} FROM {a} EXCEPT ALL SELECT {exact} FROM {b}";
        string added = $"SELECT {exact} FROM {b} EXCEPT ALL SELECT {exact} FROM {a}";
        long missing = Count(sql, lost), extra = Count(sql, added);
        long rows = Count(sql, $"SELECT 1 FROM {a}");
        Assert.True(
            missing == 0 && extra == 0,
            $"{table}: of {rows} rows {missing} are missing or differ, {extra} are too many"
            + $"\nmissing: {Sample(sql, lost)}\ntoo many: {Sample(sql, added)}");
        Assert.True(rows > 0, $"no rows in {table}");
        string[] sums = [.. columns.Intersect(near)];
        if (sums.Length > 0)
            CompareSums(sql, table, (a, b), columns, sums, rows);
        return rows;
    }

    private static void CompareSums(
        ArchiveSql sql, string table, (string A, string B) files, string[] columns, string[] sums,
        long rows)
    {
        string id = string.Join(" AND ", columns.Intersect(Names)
            .Select(Quoted).Select(name => $"a.{name} IS NOT DISTINCT FROM b.{name}"));
        string near = string.Join(" AND ", sums.Select(Quoted).Select(name =>
            $"coalesce(a.{name} IS NOT DISTINCT FROM b.{name} OR abs(a.{name} - b.{name}) "
            + $"<= 1e-9 * greatest(abs(a.{name}), abs(b.{name})), false)"));
        string join = $"FROM {files.A} a JOIN {files.B} b ON {id}";
        Assert.Equal(rows, Count(sql, $"SELECT 1 {join}"));
        long far = Count(sql, $"SELECT 1 {join} WHERE NOT ({near})");
        Assert.True(far == 0, $"{table}: sums of {far} of {rows} rows differ");
    }

    private static string Export(
        string folder, string archive, string name, string table, string where)
    {
        string path = Path.Combine(folder, $"{name}-{table}.parquet");
        using ArchiveSql sql = new(new ArchiveSqlOptions { Folder = archive });
        sql.WriteParquet($"SELECT * FROM {table} {where}", path);
        return $"'{path}'";
    }

    private static string[] ColumnsOf(ArchiveSql sql, string file)
    {
        using SqlResult result = sql.Query($"SELECT * FROM {file} LIMIT 0");
        return [.. result.Columns.Select(column => column.Name)];
    }

    private static long Count(ArchiveSql sql, string query)
    {
        using SqlResult result = sql.Query($"SELECT count(*) FROM ({query})");
        return (long)result.Rows().Single()[0]!;
    }

    private static string Sample(ArchiveSql sql, string query)
    {
        using MemoryStream text = new();
        sql.Print($"{query} ORDER BY ALL LIMIT 2", SqlFormat.Json, text);
        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static string Quoted(string name) => $"\"{name}\"";
}
