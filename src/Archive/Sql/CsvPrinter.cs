using System.Buffers;
using System.Text;

namespace Earshot.Archive.Sql;

/// <summary>Prints results as CSV (RFC 4180).</summary>
internal static class CsvPrinter
{
    private static readonly SearchValues<char> special = SearchValues.Create(",\"\r\n");

    internal static long Print(SqlResult result, Stream output)
    {
        using StreamWriter writer = new(output, new UTF8Encoding(false), leaveOpen: true);
        WriteLine(writer, result.Columns.Select(column => (object?)column.Name));
        long count = 0;
        foreach (object?[] row in result.Rows())
        {
            WriteLine(writer, row);
            count++;
        }

        return count;
    }

    private static void WriteLine(StreamWriter writer, IEnumerable<object?> values)
    {
        bool first = true;
        foreach (object? value in values)
        {
            if (!first)
                writer.Write(',');
            first = false;
            if (value is not null)
                writer.Write(Field(SqlText.Of(value)));
        }

        writer.Write("\r\n");
    }

    private static string Field(string text) =>
        text.Length > 0 && text.AsSpan().IndexOfAny(special) < 0
            ? text
            : '"' + text.Replace("\"", "\"\"") + '"';
}
