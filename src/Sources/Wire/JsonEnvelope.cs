using System.Text.Json;
using Earshot.Schemas;
using Earshot.Sources.Json;

namespace Earshot.Sources.Wire;

/// <summary>
/// An Envelope in protobuf's canonical JSON, {"callEvent": {…}}: finds the event inside. The
/// proto file's own names (call_event) are taken too; unknown properties are passed over.
/// </summary>
internal static class JsonEnvelope
{
    /// <summary>Finds the event.</summary>
    /// <param name="record">The record.</param>
    /// <param name="text">Unescapes names.</param>
    /// <param name="kind">Which event it is.</param>
    /// <param name="inner">Its JSON object.</param>
    /// <returns>Null, or why there is none.</returns>
    public static string? Find(
        ReadOnlySpan<byte> record, JsonText text, out EventKind kind, out ReadOnlySpan<byte> inner)
    {
        kind = EventKind.None;
        inner = default;
        try
        {
            Utf8JsonReader reader = new(record);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                return "not a JSON object";
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                EventKind named = KindOf(text.Of(ref reader));
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                bool isObject = reader.TokenType == JsonTokenType.StartObject;
                bool isNull = reader.TokenType == JsonTokenType.Null;
                reader.Skip();
                if (named == EventKind.None || isNull)
                    continue;
                if (!isObject)
                    return $"{named} is not an object";
                if (kind != EventKind.None)
                    return $"both {kind} and {named}: an Envelope holds one event";
                kind = named;
                inner = record[start..(int)reader.BytesConsumed];
            }

            // Throws when something follows the object.
            reader.Read();
        }
        catch (JsonException e)
        {
            return JsonEventDecoder.Malformed(e);
        }

        return kind == EventKind.None
            ? "no event: neither callEvent, callMetric, streamReport nor callSummary"
            : null;
    }

    private static EventKind KindOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("callEvent"u8) || name.SequenceEqual("call_event"u8)
            ? EventKind.CallEvent
        : name.SequenceEqual("callMetric"u8) || name.SequenceEqual("call_metric"u8)
            ? EventKind.CallMetric
        : name.SequenceEqual("streamReport"u8) || name.SequenceEqual("stream_report"u8)
            ? EventKind.StreamReport
        : name.SequenceEqual("callSummary"u8) || name.SequenceEqual("call_summary"u8)
            ? EventKind.CallSummary
        : EventKind.None;
}
