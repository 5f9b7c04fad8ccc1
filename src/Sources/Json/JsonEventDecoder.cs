using System.Numerics;
using System.Text.Json;
using Earshot.Schemas;
using Earshot.Sources.Rows;
using Earshot.Sources.Text;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Sources.Json;

/// <summary>
/// One of the four events as a JSON line: protobuf's canonical JSON, the proto file's own names
/// and the aliases of VOICE.md. Null and empty texts are missing.
/// </summary>
internal sealed class JsonEventDecoder : IRecordDecoder
{
    private readonly EventKind kind;
    private readonly JsonNames names;
    private readonly JsonText text = new();
    private readonly JsonDimensions dimensions = new();
    // By metric; bit m of valuesRead says that values[m] was read. The last one said counts.
    private readonly double[] values = new double[Metrics.End];
    private uint valuesRead;
    private int metricName;  // symbol; 0 when missing
    private double? metricValue;
    private int innerState;  // the state said inside dimensions

    public JsonEventDecoder(EventKind kind)
    {
        this.kind = kind;
        names = JsonNames.Of(kind);
    }

    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
    {
        into.Reset();
        if (record.Length > RowReader.RowBytesMax)
            return Detail.Dead(into, Detail.TooLong);
        valuesRead = 0;
        metricName = innerState = 0;
        metricValue = null;
        dimensions.Reset(into);
        string? error;
        try
        {
            Utf8JsonReader reader = new(record);
            reader.Read();
            error = reader.TokenType == JsonTokenType.StartObject
                ? ReadObject(ref reader, names, into)
                : "not a JSON object";
            // Throws when something follows the object.
            if (error is null)
                reader.Read();
        }
        catch (JsonException e)
        {
            error = Malformed(e);
        }

        error ??= Finish(into);
        return error is null ? DecodeResult.Event : Detail.Dead(into, error);
    }

    public ulong RoutingHash(ReadOnlySpan<byte> record)
    {
        ulong callId = 0, eventId = 0;
        try
        {
            Utf8JsonReader reader = new(record);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return StableHash.Of(record);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                JsonField field = names.Find(text.Of(ref reader))?.Field ?? JsonField.None;
                reader.Read();
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                    reader.Skip();
                else if (field == JsonField.CallId)
                    callId = IdOf(ref reader, callId);
                else if (field == JsonField.EventId)
                    eventId = IdOf(ref reader, eventId);
            }
        }
        catch (JsonException)
        {
            // Decode says what is wrong; here it is only a record without ids.
            return StableHash.Of(record);
        }

        if (callId == 0 && eventId == 0)
            return StableHash.Of(record);
        return callId != 0 ? callId : eventId;
    }

    // Reads to the object's end. Null, or why the record is dead.
    private string? ReadObject(ref Utf8JsonReader reader, JsonNames known, EventRecord into)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> property = text.Of(ref reader);
            JsonName? name = known.Find(property);
            int ordinal = name is null && known == names
                ? dimensions.OrdinalOf(property, into.DimensionSet)
                : -1;
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                // A PostDialDelay that says null says that there is none.
                if (name is not null && known.IsDetail)
                    valuesRead &= ~(1u << name.Metric);
                continue;
            }

            string? error = name is null
                ? ReadUnknown(ref reader, ordinal, into)
                : ReadField(ref reader, name, into);
            if (error is not null)
                return error;
        }

        return null;
    }

    private string? ReadUnknown(ref Utf8JsonReader reader, int ordinal, EventRecord into)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            reader.Skip();
        else if (ordinal >= 0)
            dimensions.SetBeside(ordinal, text.Of(ref reader), into);
        return null;
    }

    private string? ReadField(ref Utf8JsonReader reader, JsonName name, EventRecord into)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            if (name.Field == JsonField.Dimensions)
                return ReadDimensions(ref reader, into);
            if (name.Inner is not null)
            {
                // A PostDialDelay without its field says 0, as proto3 has it.
                if (name.Field == JsonField.Metric)
                    Put(name.Metric, 0);
                return ReadObject(ref reader, name.Inner, into);
            }
        }

        if (name.Field is JsonField.Object or JsonField.Dimensions)
            return $"{name.Label} is not an object";
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            return $"{name.Label} is not a single value";
        ReadOnlySpan<byte> value = text.Of(ref reader);
        return value.IsEmpty ? null : ReadValue(name, value, into);
    }

    private string? ReadValue(JsonName name, ReadOnlySpan<byte> value, EventRecord into)
    {
        if (EventFields.TryRead(name.Field, value, into))
            return null;
        switch (name.Field)
        {
            case JsonField.MetricName:
                metricName = into.Metrics.InternUtf8(value);
                return null;
            case JsonField.IceState:
                into.SetIceState(value);
                return null;
            case JsonField.EventTime or JsonField.LoggedTime:
                return ReadTime(name, value, into);
            case JsonField.Metric or JsonField.MetricValue
                or JsonField.AudioLevelIn or JsonField.AudioLevelOut:
                return ReadNumber(name, value, into);
            default:
                return EventFields.ReadWhole(name.Field, name.Label, value, into);
        }
    }

    private static string? ReadTime(JsonName name, ReadOnlySpan<byte> value, EventRecord into)
    {
        if (!Numbers.TryFloor(value, out long timeMs) && !Timestamps.TryParse(value, out timeMs))
            return Detail.Of(name.Label, value, "a time (ms since the epoch, or RFC 3339)");
        if (name.Field == JsonField.EventTime)
            into.EventTimeMs = timeMs;
        else
            into.LoggedTimeMs = timeMs;
        return null;
    }

    private string? ReadNumber(JsonName name, ReadOnlySpan<byte> value, EventRecord into)
    {
        if (!Numbers.TryDouble(value, out double number))
            return Detail.Of(name.Label, value, "a number");
        if (name.Field == JsonField.Metric)
            Put(name.Metric, number);
        else if (name.Field == JsonField.MetricValue)
            metricValue = number;
        else if (name.Field == JsonField.AudioLevelIn)
            into.AudioLevelIn = number;
        else
            into.AudioLevelOut = number;
        return null;
    }

    private string? ReadDimensions(ref Utf8JsonReader reader, EventRecord into)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = text.Of(ref reader);
            int ordinal = into.DimensionSet.OrdinalOf(name);
            bool isState = kind == EventKind.CallSummary && name.SequenceEqual("call_state"u8);
            reader.Read();
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            if (reader.TokenType == JsonTokenType.Null)
                continue;
            ReadOnlySpan<byte> value = text.Of(ref reader);
            if (ordinal >= 0 && into.Dimensions[ordinal] == 0)
                into.Dimensions[ordinal] = into.DimensionValues.InternUtf8(value);
            if (isState)
                innerState = JsonEnums.CallState.ValueOf(value);
        }

        return null;
    }

    private string? Finish(EventRecord into)
    {
        into.Kind = kind;
        if (kind == EventKind.CallMetric && metricName == 0)
            return "no metric name";
        if (kind == EventKind.CallMetric && metricValue is null)
            return "no metric value";
        dimensions.Finish(into);
        if (into.State == State.Unspecified)
            into.State = (State)innerState;
        for (uint rest = valuesRead; rest != 0; rest &= rest - 1)
        {
            int metric = BitOperations.TrailingZeroCount(rest);
            into.AddValue(metric, values[metric]);
        }

        if (metricValue is double value)
            into.AddValue(metricName, value);
        return null;
    }

    private void Put(int metric, double value)
    {
        values[metric] = value;
        valuesRead |= 1u << metric;
    }

    // Null and empty leave what was said before.
    private ulong IdOf(ref Utf8JsonReader reader, ulong before)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return before;
        ReadOnlySpan<byte> value = text.Of(ref reader);
        return value.IsEmpty ? before : StableHash.Of(value);
    }

    /// <summary>What is wrong with JSON, in words.</summary>
    internal static string Malformed(JsonException e)
    {
        int end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string what = end < 0 ? e.Message : e.Message[..end];
        return $"malformed JSON at byte {e.BytePositionInLine}: {what}";
    }
}
