using Earshot.Schemas;
using Earshot.Sources.Text;
using State = Earshot.Schemas.V1.CallState.Types.State;
using Summary = Earshot.Schemas.V1.CallSummary.Types;

namespace Earshot.Sources.Json;

/// <summary>Fields of events that are written alike in JSON and in mapped columns.</summary>
internal static class EventFields
{
    /// <summary>Reads an id, a codec or a state.</summary>
    /// <returns>False when the field is none of these.</returns>
    public static bool TryRead(JsonField field, ReadOnlySpan<byte> value, EventRecord into)
    {
        switch (field)
        {
            case JsonField.EventId:
                into.EventId = StableHash.Of(value);
                return true;
            case JsonField.CallId:
                into.SetCallId(value);
                return true;
            case JsonField.StreamId:
                into.SetStreamId(value);
                return true;
            case JsonField.Codec:
                into.Codec = into.DimensionValues.InternUtf8(value);
                return true;
            case JsonField.State:
                into.State = (State)JsonEnums.CallState.ValueOf(value);
                return true;
            case JsonField.ProcessingState:
                into.Partial = JsonEnums.ProcessingState.ValueOf(value)
                    == (int)Summary.ProcessingState.Partial;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Reads a SIP response or a count of packets.</summary>
    /// <returns>What is wrong with it; null: nothing.</returns>
    public static string? ReadWhole(
        JsonField field, string label, ReadOnlySpan<byte> value, EventRecord into)
    {
        bool isCode = field == JsonField.SipResponse;
        if (!Numbers.TryLong(value, out long whole)
            || (isCode && whole is < int.MinValue or > int.MaxValue))
        {
            return Detail.Of(label, value, "a whole number");
        }

        switch (field)
        {
            case JsonField.SipResponse: into.SipResponse = (int)whole; break;
            case JsonField.PacketsReceived: into.PacketsReceived = whole; break;
            case JsonField.PacketsLost: into.PacketsLost = whole; break;
            case JsonField.PacketsSent: into.PacketsSent = whole; break;
            case JsonField.PacketsReceivedTotal: into.PacketsReceivedTotal = whole; break;
            case JsonField.PacketsSentTotal: into.PacketsSentTotal = whole; break;
            default: into.PacketsLostTotal = whole; break;
        }

        return null;
    }
}
