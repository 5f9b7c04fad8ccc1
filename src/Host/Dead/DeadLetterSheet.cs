using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Sources;
using Earshot.Sources.Wire;
using Google.Protobuf;

namespace Earshot.Host.Dead;

/// <summary>Everything about one dead letter, for people.</summary>
internal static class DeadLetterSheet
{
    private const int DumpBytesMax = 4096;
    private const int DumpLineBytes = 16;
    private const int TextBytesMax = 64 * 1024;

    private static readonly JsonSerializerOptions pretty = new() { WriteIndented = true };

    /// <summary>Writes it.</summary>
    /// <param name="entry">The letter.</param>
    /// <param name="retried">Whether it was sent in again.</param>
    /// <param name="files">The format of the input where that is files.</param>
    public static string Of(DeadLetterEntry entry, bool retried, InputFormat? files)
    {
        StringBuilder text = new();
        void Say(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                text.Append(CultureInfo.InvariantCulture, $"{name,-12}{value}\n");
        }

        Say("id", entry.Id);
        Say("reason", entry.Reason);
        Say("detail", entry.Detail);
        Say("place", entry.Place);
        Say("event time", entry.EventTimeMs is { } at ? TimeText.Of(at) : null);
        Say("taken in", entry.TakenInAtMs is { } taken ? TimeText.Of(taken) : null);
        Say("buried", TimeText.Of(entry.BuriedAtMs));
        Say("key", entry.Key.Length > 0 ? OneLine(entry.Key) : null);
        Say("retried", retried ? "yes" : "no");
        Say("retries", entry.RetryCount > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{entry.RetryCount} before this one")
            : null);
        if (entry.Headers.Count > 0)
            text.Append("headers\n");
        foreach ((string name, byte[] value) in entry.Headers)
            text.Append(CultureInfo.InvariantCulture, $"  {name}: {OneLine(value)}\n");
        text.Append(CultureInfo.InvariantCulture, $"record, {entry.Record.Length:N0} bytes\n");
        text.Append(IsText(entry.Record)
            ? "  " + Encoding.UTF8.GetString(entry.Record).TrimEnd() + "\n"
            : Dump(entry.Record));
        if (Decoded(entry, files) is { } json)
            text.Append("decoded\n").Append(json).Append('\n');
        return text.ToString().TrimEnd();
    }

    private static bool IsText(byte[] bytes) =>
        bytes.Length is > 0 and <= TextBytesMax && Utf8.IsValid(bytes)
        && !bytes.AsSpan().ContainsAnyExceptInRange((byte)9, (byte)0xF4)
        && !bytes.AsSpan().ContainsAnyInRange((byte)14, (byte)31);

    private static string OneLine(byte[] bytes) => IsText(bytes)
        ? Encoding.UTF8.GetString(bytes).ReplaceLineEndings(" ")
        : bytes.Length == 0 ? "" : "0x" + Convert.ToHexStringLower(bytes);

    private static string Dump(byte[] bytes)
    {
        StringBuilder text = new();
        int shown = Math.Min(bytes.Length, DumpBytesMax);
        for (int at = 0; at < shown; at += DumpLineBytes)
        {
            ReadOnlySpan<byte> line = bytes.AsSpan(at, Math.Min(DumpLineBytes, shown - at));
            text.Append(CultureInfo.InvariantCulture, $"  {at:x6}  ");
            for (int i = 0; i < DumpLineBytes; i++)
            {
                text.Append(i < line.Length
                    ? line[i].ToString("x2", CultureInfo.InvariantCulture) : "  ");
                text.Append(i == 7 ? "  " : " ");
            }

            text.Append(' ');
            foreach (byte b in line)
                text.Append(b is >= 32 and < 127 ? (char)b : '.');
            text.Append('\n');
        }

        if (shown < bytes.Length)
        {
            text.Append(
                CultureInfo.InvariantCulture, $"  … {bytes.Length - shown:N0} bytes more\n");
        }

        return text.ToString();
    }

    // What Google.Protobuf makes of it; null when nothing. Rows of text files speak for themselves.
    private static string? Decoded(DeadLetterEntry entry, InputFormat? files)
    {
        if (files is { Framing: not RowFraming.Delimited })
            return null;
        try
        {
            if (entry.IsAggregate)
                return Format(LateRow.Parser.ParseFrom(entry.Record));
            bool found = new WireDecoder().TryLocate(
                entry.Record, entry.ContentType, out EventKind kind,
                out ReadOnlySpan<byte> message, out bool isJson);
            if (!found || message.IsEmpty)
                return null;
            if (isJson)
            {
                using JsonDocument document = JsonDocument.Parse(message.ToArray());
                return JsonSerializer.Serialize(document, pretty);
            }

            return Format(ParserOf(kind).ParseFrom(message));
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or JsonException)
        {
            return null;
        }
    }

    private static string Format(IMessage message)
    {
        using JsonDocument document = JsonDocument.Parse(JsonFormatter.Default.Format(message));
        return JsonSerializer.Serialize(document, pretty);
    }

    private static MessageParser ParserOf(EventKind kind) => kind switch
    {
        EventKind.CallEvent => CallEvent.Parser,
        EventKind.CallMetric => CallMetric.Parser,
        EventKind.StreamReport => StreamReport.Parser,
        EventKind.CallSummary => CallSummary.Parser,
        _ => Envelope.Parser,
    };
}
