using System.Globalization;
using Earshot.Archive.Schema;
using Earshot.Archive.Sql;

namespace Earshot.Host.Reports;

/// <summary>
/// Prints a report for people: the columns that matter most, as many as a width takes. All of them
/// are in JSON and CSV.
/// </summary>
internal sealed class ReportTable
{
    private const string Gap = "  ";
    private const string Missing = "-";

    private readonly string[] names;
    private readonly List<object?[]> rows;
    private readonly List<Column> columns;

    /// <param name="result">The report's rows.</param>
    /// <param name="by">The dimensions it is grouped by.</param>
    /// <param name="withTime">Whether each row has a time of its own.</param>
    public ReportTable(SqlResult result, IReadOnlyList<string> by, bool withTime)
    {
        names = [.. result.Columns.Select(column => column.Name)];
        rows = [.. result.Rows()];
        columns =
        [
            .. by.Select(
                name => new Column(name, 0, false, row => Value(row, name) as string ?? Missing)),
        ];
        if (withTime)
            columns.Add(new Column("from", 0, false, row => Time(Value(row, "from"))));
        columns.AddRange(
        [
            Number("calls", "calls", "N0", 0), Number("ASR %", "asr", "F1", 0),
            Number("NER %", "ner", "F1", 1), Number("SCR %", "scr", "F1", 7),
            Number("ALOC s", "aloc", "F1", 1), Number("minutes", "connected_minutes", "N0", 2),
            Number("norm %", "normal_sessions_share", "F1", 6),
            Number("PDD p50", "pdd_p50", "F2", 5), Number("PDD p95", "pdd_p95", "F2", 1),
            Number("jit p95", "jitter_p95", "F1", 2),
            Number("loss p95", "packet_loss_p95", "F2", 2),
            Number("MOS p5", "mos_p5", "F2", 4), Number("MOS p50", "mos_p50", "F2", 2),
            new Column("most frequent tag %", 3, false, MostFrequentTag),
        ]);
        columns.RemoveAll(column => column.Source is { } source && !names.Contains(source));
    }

    /// <summary>Prints it.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="widthMax">Most characters of a line; keys and calls are always shown.</param>
    /// <returns>Rows printed.</returns>
    public int Print(TextWriter output, int widthMax)
    {
        List<string[]> cells =
            rows.ConvertAll(row => columns.ConvertAll(column => column.Text(row)).ToArray());
        int[] widths =
        [
            .. columns.Select((column, i) => cells.Aggregate(
                column.Title.Length, (most, line) => Math.Max(most, line[i].Length))),
        ];
        List<int> shown = Fitting(cells, widths, widthMax);
        output.WriteLine(Line(shown, widths, i => columns[i].Title));
        output.WriteLine(Line(shown, widths, i => new string('-', widths[i])));
        foreach (string[] line in cells)
            output.WriteLine(Line(shown, widths, i => line[i]));
        return cells.Count;
    }

    // Columns without any value are left out, then those that matter least.
    private List<int> Fitting(List<string[]> cells, int[] widths, int widthMax)
    {
        List<int> shown =
        [
            .. Enumerable.Range(0, columns.Count).Where(
                i => columns[i].Rank == 0 || cells.Exists(line => line[i] != Missing)),
        ];
        while (shown.Sum(i => widths[i] + Gap.Length) - Gap.Length > widthMax)
        {
            int least = shown.MaxBy(i => columns[i].Rank);
            if (columns[least].Rank == 0)
                break;
            shown.Remove(least);
        }

        return shown;
    }

    private string Line(List<int> shown, int[] widths, Func<int, string> text) =>
        string.Join(Gap, shown.Select(i => columns[i].IsNumber
            ? text(i).PadLeft(widths[i]) : text(i).PadRight(widths[i]))).TrimEnd();

    private object? Value(object?[] row, string name) => row[Array.IndexOf(names, name)];

    private Column Number(string title, string source, string format, int rank) =>
        new(title, rank, true, row => Value(row, source) is IFormattable value
            ? value.ToString(format, CultureInfo.InvariantCulture) : Missing)
        {
            Source = source,
        };

    private static string Time(object? value) => value is DateTimeOffset time
        ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) : Missing;

    private string MostFrequentTag(object?[] row)
    {
        (string Tag, double Share) most = ("", 0);
        foreach (string tag in ArchiveSchema.StandardTags)
        {
            if (Value(row, tag + "_share") is double share && share > most.Share)
                most = (tag, share);
        }

        return most.Share == 0 ? Missing : string.Create(
            CultureInfo.InvariantCulture, $"{most.Tag} {most.Share:F1}");
    }

    /// <param name="Title">Its heading.</param>
    /// <param name="Rank">0: always shown; the greater, the sooner left out.</param>
    /// <param name="IsNumber">Whether it stands at the right.</param>
    /// <param name="Text">Its cell of a row.</param>
    private sealed record Column(
        string Title, int Rank, bool IsNumber, Func<object?[], string> Text)
    {
        /// <summary>The report's column it shows, where that may not be there.</summary>
        public string? Source { get; init; }
    }
}
