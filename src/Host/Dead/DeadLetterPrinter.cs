using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Earshot.Host.Dead;

/// <summary>Prints lists of dead letters.</summary>
internal static class DeadLetterPrinter
{
    private const int DetailCharsMax = 80;

    private static readonly JsonWriterOptions pretty = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly string[] columns =
        ["id", "reason", "buried", "event_time", "place", "bytes", "retried", "detail"];

    /// <summary>Prints a list.</summary>
    /// <param name="list">The letters and counts.</param>
    /// <param name="retried">Ids of those sent in again.</param>
    /// <param name="what">"dead letters" or "late records".</param>
    /// <param name="format">table, json or csv.</param>
    /// <param name="output">Where.</param>
    public static void Print(
        DeadLetterList list, IReadOnlySet<string> retried, string what, string format,
        TextWriter output)
    {
        if (format == "json")
            output.WriteLine(Json(list, retried));
        else if (format == "csv")
            output.Write(Csv(list, retried));
        else
            output.WriteLine(Table(list, retried, what));
    }

    private static string Table(
        DeadLetterList list, IReadOnlySet<string> retried, string what)
    {
        StringBuilder text = new();
        if (list.Newest.Count > 0)
        {
            List<string[]> rows = [columns, .. list.Newest.Select(entry => Cells(entry, retried))];
            int[] widths = [.. columns.Select((_, i) => rows.Max(row => row[i].Length))];
            foreach (string[] row in rows)
            {
                IEnumerable<string> cells = row.Select((cell, i) => cell.PadRight(widths[i]));
                text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
            }

            text.Append('\n');
        }

        long all = list.Counts.Values.Sum();
        if (all == 0)
            return text.Append(CultureInfo.InvariantCulture, $"no {what}").ToString();
        IEnumerable<string> counts = list.Counts.OrderByDescending(c => c.Value)
            .Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Key} {c.Value:N0}"));
        text.Append(
            CultureInfo.InvariantCulture,
            $"{all:N0} {what}: {string.Join(", ", counts)}; {list.Newest.Count:N0} shown");
        return text.ToString();
    }

    private static string[] Cells(DeadLetterEntry entry, IReadOnlySet<string> retried) =>
    [
        entry.Id, entry.Reason, TimeText.Of(entry.BuriedAtMs),
        entry.EventTimeMs is { } time ? TimeText.Of(time) : "", entry.Place,
        entry.Record.Length.ToString(CultureInfo.InvariantCulture),
        retried.Contains(entry.Id) ? "yes" : "",
        OneLine(entry.Detail),
    ];

    private static string OneLine(string detail)
    {
        string line = string.Concat(detail.Select(c => char.IsControl(c) ? ' ' : c));
        return line.Length <= DetailCharsMax ? line : line[..DetailCharsMax] + "…";
    }

    // RFC 4180.
    private static string Csv(DeadLetterList list, IReadOnlySet<string> retried)
    {
        StringBuilder text = new();
        text.Append(string.Join(',', columns)).Append("\r\n");
        foreach (DeadLetterEntry entry in list.Newest)
        {
            string[] cells = Cells(entry, retried);
            cells[^1] = entry.Detail;
            text.Append(string.Join(',', cells.Select(Quoted))).Append("\r\n");
        }

        return text.ToString();
    }

    private static string Quoted(string cell) =>
        cell.AsSpan().ContainsAny(",\"\r\n")
            ? "\"" + cell.Replace("\"", "\"\"", StringComparison.Ordinal) + "\""
            : cell;

    private static string Json(DeadLetterList list, IReadOnlySet<string> retried)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, pretty))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("counts");
            foreach ((string reason, long count) in list.Counts)
                writer.WriteNumber(reason, count);
            writer.WriteEndObject();
            writer.WriteStartArray("records");
            foreach (DeadLetterEntry entry in list.Newest)
                Write(writer, entry, retried);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Write(
        Utf8JsonWriter writer, DeadLetterEntry entry, IReadOnlySet<string> retried)
    {
        writer.WriteStartObject();
        writer.WriteString("id", entry.Id);
        writer.WriteString("reason", entry.Reason);
        writer.WriteString("detail", entry.Detail);
        writer.WriteString("buried", TimeText.Of(entry.BuriedAtMs));
        if (entry.EventTimeMs is { } time)
            writer.WriteString("event_time", TimeText.Of(time));
        else
            writer.WriteNull("event_time");
        writer.WriteString("origin", entry.Origin);
        writer.WriteNumber("line", entry.Line);
        writer.WriteNumber("bytes", entry.Record.Length);
        writer.WriteBoolean("retried", retried.Contains(entry.Id));
        writer.WriteNumber("retry_count", entry.RetryCount);
        writer.WriteBase64String("record", entry.Record);
        writer.WriteEndObject();
    }
}
