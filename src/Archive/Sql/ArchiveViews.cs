using System.Globalization;
using System.Text;
using Earshot.Archive.DuckDb;
using Earshot.Archive.Files;
using Earshot.Archive.Schema;

namespace Earshot.Archive.Sql;

/// <summary>
/// The views over a table's files. NAME_all has every revision; NAME has the newest of each row.
/// Both leave out files that a merged one covers, and rows that two overlapping files repeat.
/// Comparing revisions needs a sort of the rows, so it is done only for days that hold rows which
/// are not final: of final rows there is one per key and window.
/// </summary>
internal sealed class ArchiveViews(string root, ArchiveSchema schema, DuckDbConnection connection)
{
    private static readonly string[] dayColumns = ["year", "month", "day"];

    /// <summary>Makes the views anew, over the files there are now.</summary>
    internal void Create()
    {
        foreach (ArchiveTable table in schema.Tables)
        {
            Listing files = List(table);
            connection.Execute(
                $"CREATE OR REPLACE VIEW {table.Name}_all AS {AllRows(table, files)}");
            connection.Execute(
                $"CREATE OR REPLACE VIEW {table.Name} AS {NewestRows(table, files)}");
        }
    }

    private Listing List(ArchiveTable table)
    {
        Listing files = new([], []);
        IEnumerable<ArchiveFile> found = ArchiveFolder.Files(root, table.Name);
        foreach (List<ArchiveFile> group in ArchiveFolder.Groups(found))
        {
            List<ArchiveFile> live = ArchiveFolder.Part(group).Live;
            (ArchiveFolder.Overlaps(live) ? files.Overlapping : files.Plain).AddRange(live);
        }

        return files;
    }

    private static string AllRows(ArchiveTable table, Listing files)
    {
        StringBuilder sql = new(Empty(table));
        if (files.Plain.Count > 0)
            sql.Append(" UNION ALL BY NAME ").Append(Read(files.Plain));
        if (files.Overlapping.Count > 0)
            sql.Append(" UNION ALL BY NAME SELECT DISTINCT ON (log_partition, log_offset) * FROM (")
                .Append(Read(files.Overlapping)).Append(')');
        return sql.ToString();
    }

    private string NewestRows(ArchiveTable table, Listing files)
    {
        string everything = $"SELECT * FROM {table.Name}_all";
        if (table.IdentityColumns.Count == 0)
            return everything;
        string newest = $" QUALIFY row_number() OVER (PARTITION BY {Identity(table)} "
            + "ORDER BY revision DESC, log_offset DESC) = 1";
        if (!table.HasFinal)
            return everything + newest;
        HashSet<string> open = OpenDays(table);
        if (open.Count == 0)
            return everything;
        Listing closedFiles = files.Where(file => !open.Contains(file.Folder));
        Listing openFiles = files.Where(file => open.Contains(file.Folder));
        return AllRows(table, closedFiles)
            + $" UNION ALL BY NAME SELECT * FROM ({AllRows(table, openFiles)}){newest}";
    }

    // Rows of a table with the right columns, but none: what the files lack is NULL.
    private static string Empty(ArchiveTable table)
    {
        IEnumerable<string> columns = table.Columns.Select(c => $"NULL::{c.Type} AS {c.Quoted}")
            .Concat(dayColumns.Select(name => $"NULL::INTEGER AS {name}"));
        return $"SELECT {string.Join(", ", columns)} WHERE false";
    }

    private static string Read(IEnumerable<ArchiveFile> files) =>
        $"SELECT * FROM read_parquet({DuckDbSql.FileList(files.Select(file => file.Path))}, "
        + "union_by_name = true, hive_partitioning = true, "
        + "hive_types = {'year': INTEGER, 'month': INTEGER, 'day': INTEGER})";

    // Dimensions of the files that today's schema does not name tell rows apart, too.
    private string Identity(ArchiveTable table)
    {
        using DuckDbResult result = connection.Query($"SELECT * FROM {table.Name}_all LIMIT 0");
        IEnumerable<string> unknown = result.Names
            .Where((name, i) => result.Types[i].Id == DuckDbTypeId.VarChar)
            .Except(table.Columns.Select(column => column.Name));
        return string.Join(", ", table.IdentityColumns.Concat(unknown).Select(ArchiveColumn.Quote));
    }

    // The folders of days with rows that are not final.
    private HashSet<string> OpenDays(ArchiveTable table)
    {
        using DuckDbResult result = connection.Query(
            $"SELECT DISTINCT year, month, day FROM {table.Name}_all "
            + "WHERE final IS DISTINCT FROM true");
        HashSet<string> folders = [];
        foreach (object?[] row in result.Rows())
        {
            DateTime day = new(
                Convert.ToInt32(row[0], CultureInfo.InvariantCulture),
                Convert.ToInt32(row[1], CultureInfo.InvariantCulture),
                Convert.ToInt32(row[2], CultureInfo.InvariantCulture));
            folders.Add(ArchiveFolder.DayFolder(
                root, table.Name, (int)(day - DateTime.UnixEpoch).TotalDays));
        }

        return folders;
    }

    /// <summary>Files whose ranges are apart, and files whose ranges overlap.</summary>
    private sealed record Listing(List<ArchiveFile> Plain, List<ArchiveFile> Overlapping)
    {
        internal Listing Where(Predicate<ArchiveFile> wanted) =>
            new(Plain.FindAll(wanted), Overlapping.FindAll(wanted));
    }
}
