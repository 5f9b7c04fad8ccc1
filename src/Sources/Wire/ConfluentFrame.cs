using Earshot.Schemas;

namespace Earshot.Sources.Wire;

/// <summary>
/// Confluent's wire format for protobuf
/// (https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/):
/// a byte 0, the schema's id (4 bytes), the indexes that say which message of the file it is
/// (their count, then each, as zigzag varints; [0] also as the one byte 0), and the message. No
/// schema registry is asked: the indexes are those of events.proto.
/// </summary>
internal static class ConfluentFrame
{
    private const int HeaderBytes = 5; // the byte 0 and the schema's id
    private const int IndexesMax = 16; // messages are nested two deep

    // Indexes of the messages in events.proto.
    private const int Envelope = 0;
    private const int CallEvent = 1;
    private const int CallMetric = 6;
    private const int StreamReport = 7;
    private const int CallSummary = 8;

    /// <summary>
    /// Whether a record is framed: a raw message never begins with 0, which would be the tag of
    /// field 0.
    /// </summary>
    public static bool IsFramed(ReadOnlySpan<byte> record) => record.Length > 0 && record[0] == 0;

    /// <summary>What is behind byte 0 and schema id: for JSON Schema, without indexes.</summary>
    public static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> record) =>
        record.Length < HeaderBytes ? [] : record[HeaderBytes..];

    /// <summary>Reads the frame.</summary>
    /// <param name="record">A framed record.</param>
    /// <param name="kind">The event in it; None: an Envelope.</param>
    /// <param name="message">The message's bytes.</param>
    /// <returns>Null, or why it cannot be read.</returns>
    public static string? Read(
        ReadOnlySpan<byte> record, out EventKind kind, out ReadOnlySpan<byte> message)
    {
        kind = EventKind.None;
        message = default;
        if (record.Length <= HeaderBytes)
            return "Confluent framing: truncated";
        ReadOnlySpan<byte> left = record[HeaderBytes..];
        if (!TryRead(ref left, out int count))
            return "Confluent framing: its message indexes are truncated";
        if (count is < 0 or > IndexesMax)
            return $"Confluent framing: {count} message indexes";
        Span<int> indexes = stackalloc int[IndexesMax];
        for (int i = 0; i < count; i++)
        {
            if (!TryRead(ref left, out indexes[i]))
                return "Confluent framing: its message indexes are truncated";
        }

        message = left;
        if (count > 1)
            return NotAmong(indexes[..count]);
        switch (indexes[0])
        {
            case Envelope:
                return null;
            case CallEvent:
                kind = EventKind.CallEvent;
                return null;
            case CallMetric:
                kind = EventKind.CallMetric;
                return null;
            case StreamReport:
                kind = EventKind.StreamReport;
                return null;
            case CallSummary:
                kind = EventKind.CallSummary;
                return null;
            default:
                return NotAmong(indexes[..1]);
        }
    }

    private static string NotAmong(ReadOnlySpan<int> indexes) =>
        $"Confluent framing: message [{string.Join(", ", indexes.ToArray())}] of its schema is "
        + $"none of Envelope [{Envelope}], CallEvent [{CallEvent}], CallMetric [{CallMetric}], "
        + $"StreamReport [{StreamReport}], CallSummary [{CallSummary}]";

    private static bool TryRead(ref ReadOnlySpan<byte> left, out int value)
    {
        const int VarintBytesMax = 5;
        uint read = 0;
        value = 0;
        for (int i = 0; i < Math.Min(left.Length, VarintBytesMax); i++)
        {
            read |= (uint)(left[i] & 0x7F) << (7 * i);
            if (left[i] >= 0x80)
                continue;
            left = left[(i + 1)..];
            value = (int)(read >> 1) ^ -(int)(read & 1);
            return true;
        }

        return false;
    }
}
