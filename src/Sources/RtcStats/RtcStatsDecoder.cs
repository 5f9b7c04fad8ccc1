using System.Text;
using System.Text.Json;
using Earshot.Schemas;
using Earshot.Sources.Json;
using Earshot.Sources.Csv;
using Earshot.Sources.Rows;
using Earshot.Sources.Text;

namespace Earshot.Sources.RtcStats;

/// <summary>
/// A row of <see cref="RtcStatsReader"/>: audio reports of what arrived here (inbound-rtp) and of
/// what the far end says arrived there (remote-inbound-rtp), as in <see cref="GetStatsDecoder"/>,
/// and connections that failed. All else is ignored.
/// </summary>
internal sealed class RtcStatsDecoder : IRecordDecoder
{
    private const double MsPerSecond = 1000;

    private readonly CsvHash hash = new();
    private readonly JsonText text = new();
    private readonly JsonText inner = new();

    // What Read found in the row.
    private string method = "";
    private ulong call;

    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
    {
        into.Reset();
        if (record.Length > RowReader.RowBytesMax)
            return Detail.Dead(into, Detail.TooLong);
        try
        {
            string? error = Read(record, into);
            if (error is not null)
                return Detail.Dead(into, error);
            if (into.Kind == EventKind.None)
            {
                into.Reset();
                return DecodeResult.Ignored;
            }

            // Without the line's number: a line that comes twice says the same.
            into.EventId = StableHash.Of(record[..record.LastIndexOf((byte)',')]);
            return DecodeResult.Event;
        }
        catch (JsonException e)
        {
            return Detail.Dead(into, JsonEventDecoder.Malformed(e));
        }
    }

    public ulong RoutingHash(ReadOnlySpan<byte> record)
    {
        if (record.Length > RowReader.RowBytesMax)
            return StableHash.Of(record);
        try
        {
            return Read(record, null) is null && call != 0 ? call : StableHash.Of(record);
        }
        catch (JsonException)
        {
            return StableHash.Of(record);
        }
    }

    // Null, or why the row is dead. Without a record only the call is found.
    private string? Read(ReadOnlySpan<byte> record, EventRecord? into)
    {
        call = 0;
        method = "";
        if (record.SequenceEqual("RTCStatsDump"u8))
            return null;
        bool isArray = RtcLine.TryRead(record, text, out RtcLine line);
        if (!isArray)
        {
            return record.TrimStart(" \t"u8) is [(byte)'{', ..]
                ? null
                : "not an array [type, connection, payload, …, time]";
        }

        method = line.Method;
        if (method is not (RtcNames.ResolvedReport or RtcNames.ResolvedFailure))
        {
            return RtcNames.IsGetStats(Encoding.UTF8.GetBytes(method)) && !line.PayloadIsObject
                ? $"{method}: the third element is not an object"
                : null;
        }

        return ReadResolved(record, line, into);
    }

    private string? ReadResolved(ReadOnlySpan<byte> record, RtcLine line, EventRecord? into)
    {
        if (line.Connection is not { } connection || !line.PayloadIsObject)
            return $"{method}: connection or report is missing";
        Utf8JsonReader reader = new(record);
        reader.Read();
        for (int i = 0; i < 3; i++)
        {
            reader.Read();
            reader.Skip();
        }

        if (!reader.Read() || !Numbers.TryFloor(text.Of(ref reader), out long timeMs)
            || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return $"{method}: time or session is missing";
        }

        ReadOnlySpan<byte> pc = Encoding.UTF8.GetBytes(connection);
        call = ReadAbout(ref reader, pc, into);
        if (into is null)
            return null;
        if (timeMs <= 0)
            return "no timestamp in the report, and no time in its line";
        into.EventTimeMs = timeMs;
        into.Kind = EventKind.StreamReport;
        if (method != RtcNames.ResolvedFailure)
            return ReadReport(line.Payload, pc, into);
        into.IceFailed = true;
        return null;
    }

    // The call: as it is said, else the connection of this dump.
    private ulong ReadAbout(ref Utf8JsonReader reader, ReadOnlySpan<byte> pc, EventRecord? into)
    {
        ulong said = 0, own = hash.Of(default, pc);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isCall = reader.ValueTextEquals("call"u8);
            bool isSession = reader.ValueTextEquals("session"u8);
            bool isDimensions = reader.ValueTextEquals("dimensions"u8);
            reader.Read();
            if (isDimensions && reader.TokenType == JsonTokenType.StartObject && into is not null)
                ReadDimensions(ref reader, into);
            else if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                reader.Skip();
            else if (isCall && text.Of(ref reader) is { IsEmpty: false } id)
            {
                said = StableHash.Of(id);
                into?.SetCallId(id);
            }
            else if (isSession)
                own = hash.Of(text.Of(ref reader), pc);
        }

        if (said != 0)
            return said;
        into?.SetCallId(own, pc, default);
        return own;
    }

    private void ReadDimensions(ref Utf8JsonReader reader, EventRecord into)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = inner.Of(ref reader);
            reader.Read();
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
                into.SetDimension(name, text.Of(ref reader));
            else
                reader.Skip();
        }
    }

    private string? ReadReport(ReadOnlySpan<byte> json, ReadOnlySpan<byte> pc, EventRecord into)
    {
        Utf8JsonReader reader = new(json);
        reader.Read();
        string? type = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool known = RtcNames.TryMember(text.Of(ref reader), out RtcMember member);
            reader.Read();
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            if (!known || reader.TokenType == JsonTokenType.Null)
                continue;
            ReadOnlySpan<byte> value = text.Of(ref reader);
            if (member == RtcMember.Type)
                type = RtcNames.RtpType(value);
            else if (member == RtcMember.Ssrc && !value.IsEmpty)
            {
                byte[] ofCall = Encoding.UTF8.GetBytes($"{call:x16}");
                into.SetStreamId(hash.Of(ofCall, pc, value), pc, value);
            }
            else if (ReadMember(member, value, type, into) is string error)
                return error;
        }

        if (type is null)
            return "a report without a type: the line that introduced it is missing or dead";
        // The two directions of a stream are two.
        if (into.StreamId != 0 && type != "inbound-rtp")
            into.StreamId = StableHash.Of(Encoding.UTF8.GetBytes($"{into.StreamId:x16} {type}"));
        return null;
    }

    // The type comes first.
    private static string? ReadMember(
        RtcMember member, ReadOnlySpan<byte> value, string? type, EventRecord into)
    {
        bool inbound = type == "inbound-rtp";
        if (member is RtcMember.PacketsReceived or RtcMember.PacketsLost)
        {
            if (!Numbers.TryLong(value, out long count))
                return Detail.Of(RtcNames.NameOf(member), value, "a whole number");
            if (inbound && member == RtcMember.PacketsReceived)
                into.PacketsReceivedTotal = count;
            else if (inbound)
                into.PacketsLostTotal = count;
            return null;
        }

        if (member == RtcMember.MimeType)
        {
            // "audio/opus"
            into.Codec = into.DimensionValues.InternUtf8(value[(value.IndexOf((byte)'/') + 1)..]);
            return null;
        }

        if (member is RtcMember.Type or RtcMember.Kind or RtcMember.Ssrc or RtcMember.CodecId)
            return null;
        if (!Numbers.TryDouble(value, out double number))
            return Detail.Of(RtcNames.NameOf(member), value, "a number");
        if (inbound && member == RtcMember.AudioLevel)
            into.AudioLevelIn = number;
        else if (member == RtcMember.Jitter)
            into.AddValue(inbound ? Metrics.Jitter : Metrics.RemoteJitter, number * MsPerSecond);
        else if (!inbound && member == RtcMember.RoundTripTime)
            into.AddValue(Metrics.Rtt, number * MsPerSecond);
        else if (!inbound && member == RtcMember.FractionLost)
            into.AddValue(Metrics.RemotePacketLoss, number * 100);
        return null;
    }
}
