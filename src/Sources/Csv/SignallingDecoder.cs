using System.Text.Json;
using Earshot.Schemas;
using Earshot.Sources.Json;
using Earshot.Sources.Rows;
using Earshot.Sources.Text;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Sources.Csv;

/// <summary>
/// The signalling log of VOICE.md section 7: a room and a user together are one call leg, the
/// user is the carrier; the rows that move a call on give its state.
/// </summary>
internal sealed class SignallingDecoder : IRecordDecoder
{
    private readonly CsvRow row;
    private readonly CsvHash hash = new();
    private readonly JsonText text = new();
    private readonly int id, timestamp, loggingType, roomId, clientUsername, ipLocation;

    public SignallingDecoder(InputSchema schema)
    {
        row = new CsvRow(schema.Columns.Count);
        id = schema.Require("_id");
        timestamp = schema.Require("timestamp");
        loggingType = schema.Require("logging_type");
        roomId = schema.Require("room_id");
        clientUsername = schema.Require("client_username");
        ipLocation = schema.Require("iplocation");
    }

    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
    {
        into.Reset();
        if (record.Length > RowReader.RowBytesMax)
            return Detail.Dead(into, Detail.TooLong);
        string? error = row.Split(record);
        if (error is not null)
            return Detail.Dead(into, error);
        State state = StateOf(row.Field(record, loggingType));
        ReadOnlySpan<byte> room = row.Field(record, roomId);
        ReadOnlySpan<byte> user = row.Field(record, clientUsername);
        if (state == State.Unspecified || room.IsEmpty || user.IsEmpty)
            return DecodeResult.Ignored;
        into.Kind = EventKind.CallEvent;
        into.State = state;
        into.SetCallId(hash.Of(room, user), room, user);
        ReadOnlySpan<byte> eventId = row.Field(record, id);
        into.EventId = eventId.IsEmpty ? 0 : StableHash.Of(eventId);
        into.SetDimension("carrier"u8, user);
        error = ReadTime(row.Field(record, timestamp), into)
            ?? ReadLocation(row.Field(record, ipLocation), into);
        return error is null ? DecodeResult.Event : Detail.Dead(into, error);
    }

    public ulong RoutingHash(ReadOnlySpan<byte> record)
    {
        if (row.Split(record) is not null)
            return StableHash.Of(record);
        ReadOnlySpan<byte> room = row.Field(record, roomId);
        ReadOnlySpan<byte> user = row.Field(record, clientUsername);
        if (!room.IsEmpty && !user.IsEmpty)
            return hash.Of(room, user);
        ReadOnlySpan<byte> eventId = row.Field(record, id);
        return StableHash.Of(eventId.IsEmpty ? record : eventId);
    }

    private static State StateOf(ReadOnlySpan<byte> type)
    {
        if (type.SequenceEqual("COMMAND_SESSION_START"u8))
            return State.Initialized;
        if (type.SequenceEqual("CLIENT_RUNNING"u8))
            return State.InProgress;
        if (type.SequenceEqual("CLIENT_END"u8))
            return State.Disconnected;
        if (type.SequenceEqual("COMMAND_SESSION_SUCCESS"u8))
            return State.Completed;
        return type.SequenceEqual("COMMAND_SESSION_FAILED"u8) ? State.Failed : State.Unspecified;
    }

    private static string? ReadTime(ReadOnlySpan<byte> time, EventRecord into)
    {
        if (time.IsEmpty)
            return "column timestamp is empty";
        if (!Timestamps.TryParse(time, out long timeMs))
            return Detail.Of("column timestamp", time, "a time such as 2022-12-15 15:15:59.439");
        into.EventTimeMs = timeMs;
        return null;
    }

    private string? ReadLocation(ReadOnlySpan<byte> json, EventRecord into)
    {
        if (json.IsEmpty)
            return null;
        try
        {
            Utf8JsonReader reader = new(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return Detail.Of("column iplocation", json, "a JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                ReadOnlySpan<byte> name = NameOf(ref reader);
                reader.Read();
                if (!name.IsEmpty && reader.TokenType == JsonTokenType.String)
                    into.SetDimension(name, text.Of(ref reader));
                else
                    reader.Skip();
            }

            reader.Read();
            return null;
        }
        catch (JsonException)
        {
            return Detail.Of("column iplocation", json, "valid JSON");
        }
    }

    // Only what says where the call is: anything else might be taken for another dimension.
    private ReadOnlySpan<byte> NameOf(ref Utf8JsonReader reader)
    {
        ReadOnlySpan<byte> name = text.Of(ref reader);
        if (name.SequenceEqual("country"u8))
            return "country"u8;
        if (name.SequenceEqual("region"u8))
            return "region"u8;
        return name.SequenceEqual("isp"u8) ? "isp"u8 : default;
    }
}
