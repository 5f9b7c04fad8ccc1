using System.Globalization;
using System.Text;

namespace Earshot.Archive.Sql;

/// <summary>Prints results as aligned columns, in the manner of a database shell.</summary>
internal static class TablePrinter
{
    // Column widths come from so many rows; longer cells further down push their line out.
    private const int SampleRowsMax = 1000;

    internal static long Print(SqlResult result, Stream output, int? widthMax)
    {
        using StreamWriter writer = new(output, new UTF8Encoding(false), leaveOpen: true);
        string[] header = [.. result.Columns.Select(column => Cell(column.Name))];
        int[] widths = [.. header.Select(Width)];
        using IEnumerator<object?[]> rows = result.Rows().GetEnumerator();
        List<string[]> sample = [];
        while (sample.Count < SampleRowsMax && rows.MoveNext())
        {
            string[] cells = [.. rows.Current.Select(Cell)];
            sample.Add(cells);
            for (int i = 0; i < cells.Length; i++)
                widths[i] = Math.Max(widths[i], Width(cells[i]));
        }

        WriteLine(writer, Line(result.Columns, header, widths), widthMax);
        string rule = string.Join("-+-", widths.Select(width => new string('-', width)));
        WriteLine(writer, rule, widthMax);
        long count = sample.Count;
        foreach (string[] cells in sample)
            WriteLine(writer, Line(result.Columns, cells, widths), widthMax);
        for (; rows.MoveNext(); count++)
        {
            string[] cells = [.. rows.Current.Select(Cell)];
            WriteLine(writer, Line(result.Columns, cells, widths), widthMax);
        }

        string plural = count == 1 ? "row" : "rows";
        writer.Write(string.Create(CultureInfo.InvariantCulture, $"({count} {plural})\n"));
        return count;
    }

    private static string Line(IReadOnlyList<SqlColumn> columns, string[] cells, int[] widths)
    {
        StringBuilder line = new();
        for (int i = 0; i < cells.Length; i++)
        {
            int padding = Math.Max(0, widths[i] - Width(cells[i]));
            if (i > 0)
                line.Append(" | ");
            if (columns[i].IsNumber)
                line.Append(' ', padding).Append(cells[i]);
            else
                line.Append(cells[i]).Append(' ', padding);
        }

        return line.ToString().TrimEnd();
    }

    private static void WriteLine(StreamWriter writer, string line, int? widthMax)
    {
        if (widthMax is int most && most > 1 && Width(line) > most)
            line = new StringInfo(line).SubstringByTextElements(0, most - 1) + "…";
        writer.Write(line);
        writer.Write('\n');
    }

    private static int Width(string text) =>
        Ascii.IsValid(text) ? text.Length : new StringInfo(text).LengthInTextElements;

    // Control characters would break the alignment, or command the terminal.
    private static string Cell(object? value)
    {
        string text = value switch
        {
            null => "",
            DateTimeOffset time => time.UtcDateTime.ToString(
                "yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
            _ => SqlText.Of(value),
        };
        return text.Any(char.IsControl) ? Escape(text) : text;
    }

    private static string Escape(string text)
    {
        StringBuilder escaped = new();
        foreach (char c in text)
        {
            _ = c switch
            {
                '\n' => escaped.Append(@"\n"),
                '\r' => escaped.Append(@"\r"),
                '\t' => escaped.Append(@"\t"),
                _ when char.IsControl(c) =>
                    escaped.Append(CultureInfo.InvariantCulture, $@"\x{(int)c:x2}"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }
}
