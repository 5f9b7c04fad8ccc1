using Earshot.Schemas;
using Earshot.Sources.Text;
using State = Earshot.Schemas.V1.CallState.Types.State;
using Summary = Earshot.Schemas.V1.CallSummary.Types;

namespace Earshot.Sources.Json;

/// <summary>Fields of events that are written alike in JSON and in mapped columns.</summary>
internal static class EventFields
{
    /// <summary>Reads an id or a state.</summary>
    /// <returns>False when the field is neither.</returns>
    public static bool TryRead(JsonField field, ReadOnlySpan<byte> value, EventRecord into)
    {
        switch (field)
        {
            case JsonField.EventId:
                into.EventId = StableHash.Of(value);
                return true;
            case JsonField.CallId:
                into.CallId = StableHash.Of(value);
                return true;
            case JsonField.StreamId:
                into.StreamId = StableHash.Of(value);
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

        if (isCode)
            into.SipResponse = (int)whole;
        else if (field == JsonField.PacketsReceived)
            into.PacketsReceived = whole;
        else if (field == JsonField.PacketsLost)
            into.PacketsLost = whole;
        else if (field == JsonField.PacketsReceivedTotal)
            into.PacketsReceivedTotal = whole;
        else
            into.PacketsLostTotal = whole;
        return null;
    }
}
