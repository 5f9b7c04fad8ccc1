using System.Globalization;
using Earshot.Archive.DuckDb;
using Earshot.Archive.Files;
using Earshot.Archive.Schema;

namespace Earshot.Archive.Sql;

/// <summary>Makes the statements of <c>earshot describe</c>.</summary>
internal sealed class Description(string? root, ArchiveSchema schema)
{
    // What says when a row was; the first that a table has.
    private static readonly string[] TimeColumns = ["event_time", "window_start", "ended"];

    /// <summary>The statement for a table, a Parquet file, or (null) all tables.</summary>
    internal string Statement(string? target, Func<string, IReadOnlyList<string>> columnsOf)
    {
        if (target is null)
            return Tables(root ?? throw new ArgumentException("There is no archive to describe."));
        bool isFile = target.EndsWith(ArchiveFile.Extension, StringComparison.OrdinalIgnoreCase);
        if (isFile && !File.Exists(target))
            throw new ArgumentException($"There is no file {target}.");
        if (!isFile && (root is null || TableOf(target) is null))
            throw new ArgumentException(
                $"'{target}' is neither a table ("
                + string.Join(", ", schema.Tables.Select(table => table.Name))
                + "; each also with _all) nor a file NAME.parquet.");
        string relation = isFile
            ? $"read_parquet({DuckDbSql.FileList([target])}, hive_partitioning = false)"
            : target;
        return Columns(relation, columnsOf(relation), isFile ? null : TableOf(target));
    }

    private ArchiveTable? TableOf(string name) =>
        schema.Find(name.EndsWith("_all", StringComparison.Ordinal) ? name[..^4] : name);

    private string Columns(string relation, IReadOnlyList<string> columns, ArchiveTable? table)
    {
        string[] quoted = [.. columns.Select(ArchiveColumn.Quote)];
        IEnumerable<string> names = columns.Select(DuckDbSql.Literal);
        IEnumerable<string> meanings = columns.Select(name => Meaning(name, table));
        IEnumerable<string> missing = quoted.Select(name => $"count(*) - count({name})");
        return
            $"""
            WITH meaning AS (
                SELECT unnest([{string.Join(", ", names)}]) AS name,
                    unnest([{string.Join(", ", meanings)}]::VARCHAR[]) AS description),
            missing AS (
                SELECT unnest([{string.Join(", ", names)}]) AS name, unnest(counts) AS missing
                FROM (SELECT [{string.Join(", ", missing)}] AS counts FROM {relation}))
            SELECT s.column_name AS "column", s.column_type AS type, meaning.description,
                s.count AS count, s.approx_unique AS "distinct", missing.missing,
                s.min AS min, s.max AS max, s.q25 AS p25, s.q50 AS p50, s.q75 AS p75
            FROM (SUMMARIZE SELECT * FROM {relation}) AS s
            POSITIONAL JOIN meaning POSITIONAL JOIN missing
            """;
    }

    private string Meaning(string column, ArchiveTable? table)
    {
        IEnumerable<ArchiveTable> tables = table is null ? schema.Tables : [table];
        string? text = tables.SelectMany(t => t.Columns)
            .FirstOrDefault(known => known.Name == column)?.Description;
        return text is null ? "NULL" : DuckDbSql.Literal(text);
    }

    private string Tables(string archive)
    {
        IEnumerable<string> rows = schema.Tables.Select(table =>
        {
            List<ArchiveFile> live =
            [
                .. ArchiveFolder.Groups(ArchiveFolder.Files(archive, table.Name))
                    .SelectMany(group => ArchiveFolder.Part(group).Live),
            ];
            long bytes = live.Sum(file => new FileInfo(file.Path).Length);
            string time = TimeColumns.First(
                name => table.Columns.Any(column => column.Name == name));
            return string.Create(
                CultureInfo.InvariantCulture,
                $"""
                SELECT '{table.Name}' AS "table",
                    {DuckDbSql.Literal(table.Description)} AS description, count(*) AS rows,
                    min({time}) AS "from", max({time}) AS "to",
                    {live.Count} AS files, {bytes} AS bytes FROM {table.Name}
                """);
        });
        return string.Join("\nUNION ALL\n", rows);
    }
}
