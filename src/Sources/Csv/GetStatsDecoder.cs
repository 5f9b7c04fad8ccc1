using Earshot.Schemas;
using Earshot.Sources.Rows;
using Earshot.Sources.Text;

namespace Earshot.Sources.Csv;

/// <summary>
/// WebRTC getStats rows (VOICE.md section 7): audio reports of what arrived here (inbound-rtp)
/// and of what the far end says arrived there (remote-inbound-rtp). The user is the carrier.
/// </summary>
internal sealed class GetStatsDecoder : IRecordDecoder
{
    private const double MsPerSecond = 1000;

    private readonly CsvRow row;
    private readonly CsvHash hash = new();
    private readonly InputSchema schema;
    private readonly int timestamp, callId, userId, type, kind, ssrc;
    private readonly int jitter, roundTripTime, fractionLost, audioLevel;
    private readonly int packetsReceived, packetsLost;

    public GetStatsDecoder(InputSchema schema)
    {
        this.schema = schema;
        row = new CsvRow(schema.Columns.Count);
        timestamp = schema.Require("timestamp");
        callId = schema.Require("callId");
        userId = schema.Require("userId");
        type = schema.Require("type");
        kind = schema.Require("kind");
        ssrc = schema.Require("ssrc");
        jitter = schema.Require("jitter");
        roundTripTime = schema.Require("roundTripTime");
        fractionLost = schema.Require("fractionLost");
        audioLevel = schema.Require("audioLevel");
        packetsReceived = schema.Require("packetsReceived");
        packetsLost = schema.Require("packetsLost");
    }

    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
    {
        into.Reset();
        if (record.Length > RowReader.RowBytesMax)
            return Detail.Dead(into, Detail.TooLong);
        string? error = row.Split(record);
        if (error is not null)
            return Detail.Dead(into, error);
        ReadOnlySpan<byte> reported = row.Field(record, type);
        bool inbound = reported.SequenceEqual("inbound-rtp"u8);
        if ((!inbound && !reported.SequenceEqual("remote-inbound-rtp"u8))
            || !row.Field(record, kind).SequenceEqual("audio"u8))
        {
            return DecodeResult.Ignored;
        }

        error = ReadTime(record, into) ?? (inbound ? Inbound(record, into) : Remote(record, into));
        if (error is not null)
            return Detail.Dead(into, error);
        into.Kind = EventKind.StreamReport;
        into.EventId = StableHash.Of(record);
        into.SetCallId(row.Field(record, callId));
        ReadOnlySpan<byte> user = row.Field(record, userId), source = row.Field(record, ssrc);
        if (!source.IsEmpty)
            into.SetStreamId(hash.Of(user, source, reported), user, source);
        into.SetDimension("carrier"u8, user);
        return DecodeResult.Event;
    }

    public ulong RoutingHash(ReadOnlySpan<byte> record)
    {
        if (row.Split(record) is not null)
            return StableHash.Of(record);
        ReadOnlySpan<byte> call = row.Field(record, callId);
        return StableHash.Of(call.IsEmpty ? record : call);
    }

    private string? ReadTime(ReadOnlySpan<byte> record, EventRecord into)
    {
        ReadOnlySpan<byte> text = row.Field(record, timestamp);
        if (text.IsEmpty)
            return "column timestamp is empty";
        if (!Numbers.TryFloor(text, out long timeMs))
            return Detail.Of("column timestamp", text, "a time in ms");
        into.EventTimeMs = timeMs;
        return null;
    }

    private string? Inbound(ReadOnlySpan<byte> record, EventRecord into)
    {
        if (ReadMetric(record, jitter, Metrics.Jitter, MsPerSecond, into) is string badJitter)
            return badJitter;
        if (ReadLong(record, packetsReceived, out long? received) is string badReceived)
            return badReceived;
        if (ReadLong(record, packetsLost, out long? lost) is string badLost)
            return badLost;
        if (ReadDouble(record, audioLevel, out double? level) is string badLevel)
            return badLevel;
        if (received is long packets)
            into.PacketsReceivedTotal = packets;
        if (lost is long missing)
            into.PacketsLostTotal = missing;
        if (level is double loudness)
            into.AudioLevelIn = loudness;
        return null;
    }

    private string? Remote(ReadOnlySpan<byte> record, EventRecord into) =>
        ReadMetric(record, roundTripTime, Metrics.Rtt, MsPerSecond, into)
        ?? ReadMetric(record, jitter, Metrics.RemoteJitter, MsPerSecond, into)
        ?? ReadMetric(record, fractionLost, Metrics.RemotePacketLoss, 100, into);

    private string? ReadMetric(
        ReadOnlySpan<byte> record, int column, int metric, double factor, EventRecord into)
    {
        string? error = ReadDouble(record, column, out double? value);
        if (value is double number)
            into.AddValue(metric, number * factor);
        return error;
    }

    private string? ReadDouble(ReadOnlySpan<byte> record, int column, out double? value)
    {
        value = null;
        ReadOnlySpan<byte> text = row.Field(record, column);
        if (text.IsEmpty)
            return null;
        if (!Numbers.TryDouble(text, out double number))
            return Detail.Of($"column {schema.Columns[column]}", text, "a number");
        value = number;
        return null;
    }

    private string? ReadLong(ReadOnlySpan<byte> record, int column, out long? value)
    {
        value = null;
        ReadOnlySpan<byte> text = row.Field(record, column);
        if (text.IsEmpty)
            return null;
        if (!Numbers.TryLong(text, out long number))
            return Detail.Of($"column {schema.Columns[column]}", text, "a whole number");
        value = number;
        return null;
    }
}
