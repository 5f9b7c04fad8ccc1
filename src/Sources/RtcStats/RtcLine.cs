using System.Text;
using System.Text.Json;
using Earshot.Sources.Json;
using Earshot.Sources.Text;

namespace Earshot.Sources.RtcStats;

/// <summary>
/// One line of a dump, [method, connection, payload, …, time], taken apart. All of it is read
/// before anything is made of it, so that a damaged line changes nothing.
/// </summary>
internal ref struct RtcLine
{
    private readonly ReadOnlySpan<byte> line;
    private int payloadStart;
    private int payloadEnd;

    private RtcLine(ReadOnlySpan<byte> line) => this.line = line;

    /// <summary>The method's name or number.</summary>
    public string Method { get; private set; } = "";

    /// <summary>The peer connection; null where a line is about none.</summary>
    public string? Connection { get; private set; }

    /// <summary>The payload, JSON; empty when there is none.</summary>
    public readonly ReadOnlySpan<byte> Payload => line[payloadStart..payloadEnd];

    /// <summary>Whether the payload is an object.</summary>
    public bool PayloadIsObject { get; private set; }

    /// <summary>
    /// The time at its end, ms: since the epoch, or since the line before; null when there is none.
    /// </summary>
    public double? Time { get; private set; }

    /// <summary>Takes a line apart; false when it is no such array.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static bool TryRead(ReadOnlySpan<byte> line, JsonText text, out RtcLine parts)
    {
        parts = new RtcLine(line);
        Utf8JsonReader reader = new(line);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            reader.Read();
            return false;
        }

        int index = 0;
        bool valid = true;
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (index == 0)
            {
                valid = reader.TokenType is JsonTokenType.String or JsonTokenType.Number;
                parts.Method = valid ? Encoding.UTF8.GetString(text.Of(ref reader)) : "";
            }
            else if (index == 1 && reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
            {
                parts.Connection = Encoding.UTF8.GetString(text.Of(ref reader));
            }
            else if (index == 2)
            {
                parts.PayloadIsObject = reader.TokenType == JsonTokenType.StartObject;
                parts.payloadStart = (int)reader.TokenStartIndex;
            }

            parts.Time = index > 2 ? TimeOf(ref reader, text) : null;
            reader.Skip();
            if (index == 2)
                parts.payloadEnd = (int)reader.BytesConsumed;
        }

        // Throws when something follows the array.
        reader.Read();
        return valid && index > 0;
    }

    private static double? TimeOf(ref Utf8JsonReader reader, JsonText text)
    {
        if (reader.TokenType == JsonTokenType.Number)
            return Numbers.TryDouble(reader.ValueSpan, out double ms) ? ms : null;
        return reader.TokenType == JsonTokenType.String
            && Timestamps.TryParse(text.Of(ref reader), out long timeMs) ? timeMs : null;
    }
}
