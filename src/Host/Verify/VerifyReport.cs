using System.Globalization;
using System.Text;
using Earshot.Batch;

namespace Earshot.Host.Verify;

/// <summary>What a verification came to, as text.</summary>
internal static class VerifyReport
{
    private static readonly (string Name, Func<TableResult, long> Count)[] columns =
    [
        ("compared", table => table.Compared), ("equal", table => table.Equal),
        ("different", table => table.Different), ("missing", table => table.Missing),
        ("extra", table => table.Extra), ("repeated", table => table.Repeated),
        ("late", table => table.Explained), ("pending", table => table.Pending),
    ];

    /// <summary>The books, the table, the differences, and the verdict.</summary>
    public static string TextOf(
        BatchRows rows, IReadOnlyList<TableResult> tables, IReadOnlyList<Difference> differences)
    {
        StringBuilder text = new();
        long Sum(Func<BatchBooks, long> count) => rows.Books.Sum(count);
        text.AppendLine(string.Create(
            CultureInfo.InvariantCulture,
            $"records: {Sum(b => b.Read):N0} read = {Sum(b => b.Aggregated):N0} aggregated + "
            + $"{Sum(b => b.Duplicate):N0} duplicate + {Sum(b => b.Late):N0} late + "
            + $"{Sum(b => b.Dead):N0} dead + {Sum(b => b.Ignored):N0} ignored"));
        text.AppendLine();
        AddTable(text, tables);
        AddDifferences(text, tables, differences);
        text.AppendLine(tables.All(table => table.Same)
            ? "The archive is what follows from the input."
            : "DIFFERENT: the archive is not what follows from the input.");
        return text.ToString();
    }

    private static void AddTable(StringBuilder text, IReadOnlyList<TableResult> tables)
    {
        text.Append($"{"table",-12}");
        foreach ((string name, _) in columns)
            text.Append($"{name,12}");
        text.AppendLine();
        foreach (TableResult table in tables)
        {
            text.Append($"{table.Table,-12}");
            foreach ((_, Func<TableResult, long> count) in columns)
                text.Append(CultureInfo.InvariantCulture, $"{count(table),12:N0}");
            text.AppendLine();
        }

        text.AppendLine();
        if (tables.Any(table => table.Explained > 0))
            text.AppendLine("late: what is missing came after an idle partition's windows were "
                + "closed, and is in table late (window_closed).");
        if (tables.Any(table => table.Pending > 0))
            text.AppendLine("pending: recomputed, and not in the archive yet: the window is open, "
                + "or its rows are on their way.");
    }

    private static void AddDifferences(
        StringBuilder text, IReadOnlyList<TableResult> tables,
        IReadOnlyList<Difference> differences)
    {
        foreach (Difference difference in differences)
        {
            text.AppendLine($"{difference.Kind,-10}{difference.Table}: {difference.Row}");
            foreach (ColumnDifference column in difference.Columns)
                text.AppendLine($"            {column}");
        }

        long all = tables.Sum(t => t.Different + t.Missing + t.Extra + t.Repeated);
        if (all > differences.Count)
            text.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"... and {all - differences.Count:N0} more (--differences N shows more)"));
        if (all > 0)
            text.AppendLine();
    }
}
