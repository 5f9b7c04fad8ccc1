using System.Globalization;
using System.Text;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf.Collections;

namespace Earshot.Tests.Unit.Schemas;

/// <summary>What an Envelope should become, by way of the generated message.</summary>
internal static class EnvelopeOracle
{
    public static EventRecord NewRecord() => new(
        new DimensionSet(DimensionSet.Standard), new SymbolTable(),
        Earshot.Schemas.Metrics.CreateTable());

    /// <summary>Maps a message field by field; false when it holds no usable event.</summary>
    public static bool TryMap(Envelope envelope, EventRecord into)
    {
        into.Reset();
        switch (envelope.EventCase)
        {
            case Envelope.EventOneofCase.CallEvent:
                Map(envelope.CallEvent, into);
                return true;
            case Envelope.EventOneofCase.CallMetric:
                CallMetric metric = envelope.CallMetric;
                into.Kind = EventKind.CallMetric;
                Common(into, metric.EventTime, metric.LoggedTime, metric.EventId, metric.CallId);
                Dimensions(metric.Dimensions, into);
                if (metric.HasValue)
                    into.AddValue(into.Metrics.Intern(metric.Metric), metric.Value);
                return metric.HasValue && metric.Metric.Length > 0;
            case Envelope.EventOneofCase.StreamReport:
                Map(envelope.StreamReport, into);
                return true;
            case Envelope.EventOneofCase.CallSummary:
                Map(envelope.CallSummary, into);
                return true;
            default:
                return false;
        }
    }

    /// <summary>All that is in a record, symbols as texts, values by metric.</summary>
    public static string Describe(EventRecord record, bool withIds = true)
    {
        StringBuilder text = new();
        CultureInfo culture = CultureInfo.InvariantCulture;
        text.Append(culture, $"{record.Kind} {record.EventTimeMs} {record.LoggedTimeMs} ");
        if (withIds)
            text.Append(culture, $"{record.EventId} {record.CallId} {record.StreamId} ");
        text.Append(culture, $"{record.State} {record.SipResponse} {record.Partial} ");
        text.Append(culture, $"{record.PacketsReceived} {record.PacketsLost} ");
        text.Append(culture, $"{record.PacketsReceivedTotal} {record.PacketsLostTotal} ");
        text.Append(culture, $"{record.PacketsSent} {record.PacketsSentTotal} ");
        text.Append(culture, $"{record.DimensionValues[record.Codec]} ");
        text.Append(culture, $"{record.AudioLevelIn:R} {record.AudioLevelOut:R} ");
        text.Append(culture, $"{record.IceFailed} [{record.DeadDetail}]");
        for (int i = 0; i < record.Dimensions.Length; i++)
        {
            string name = record.DimensionSet.Names[i];
            text.Append(culture, $" {name}={record.DimensionValues[record.Dimensions[i]]}");
        }

        IEnumerable<string> values = record.Values.ToArray().Select(value =>
            $" {record.Metrics[value.Metric]}:{value.Value.ToString("R", culture)}");
        return text.AppendJoin("", values.Order(StringComparer.Ordinal)).ToString();
    }

    private static ulong Hash(string id) =>
        id.Length == 0 ? 0 : StableHash.Of(Encoding.UTF8.GetBytes(id));

    private static void Common(
        EventRecord into, long eventTime, long loggedTime, string eventId, string callId)
    {
        into.EventTimeMs = eventTime;
        into.LoggedTimeMs = loggedTime;
        into.EventId = Hash(eventId);
        into.CallId = Hash(callId);
    }

    private static void Dimensions(MapField<string, string> from, EventRecord into)
    {
        foreach ((string name, string value) in from)
            into.SetDimension(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
    }

    private static CallState.Types.State Known(CallState.Types.State state) =>
        Enum.IsDefined(state) ? state : CallState.Types.State.Unspecified;

    private static void Map(CallEvent from, EventRecord into)
    {
        into.Kind = EventKind.CallEvent;
        Common(into, from.EventTime, from.LoggedTime, from.EventId, from.CallId);
        Dimensions(from.Dimensions, into);
        into.SetDimension("route"u8, Encoding.UTF8.GetBytes(from.RouteId));
        into.SipResponse = from.HasSipResponse ? from.SipResponse : 0;
        if (from.SignalingEvent?.Pdd is PostDialDelay delay)
            into.AddValue(Earshot.Schemas.Metrics.Pdd, delay.Pdd);
        if (from.SignalingEvent?.CallState is CallState state)
            into.State = Known(state.State);
    }

    private static void Map(StreamReport from, EventRecord into)
    {
        into.Kind = EventKind.StreamReport;
        Common(into, from.EventTime, from.LoggedTime, from.EventId, from.CallId);
        Dimensions(from.Dimensions, into);
        into.StreamId = Hash(from.StreamId);
        into.PacketsReceived = from.HasPacketsReceived ? from.PacketsReceived : -1;
        into.PacketsLost = from.HasPacketsLost ? from.PacketsLost : long.MinValue;
        into.PacketsReceivedTotal = from.HasPacketsReceivedTotal ? from.PacketsReceivedTotal : -1;
        into.PacketsLostTotal = from.HasPacketsLostTotal ? from.PacketsLostTotal : long.MinValue;
        into.PacketsSent = from.HasPacketsSent ? from.PacketsSent : -1;
        into.PacketsSentTotal = from.HasPacketsSentTotal ? from.PacketsSentTotal : -1;
        into.Codec = into.DimensionValues.Intern(from.Codec);
        into.AudioLevelIn = from.HasAudioLevelIn ? from.AudioLevelIn : double.NaN;
        into.AudioLevelOut = from.HasAudioLevelOut ? from.AudioLevelOut : double.NaN;
        into.IceFailed = from.IceState.Length == 0 ? null
            : from.IceState.Equals("failed", StringComparison.OrdinalIgnoreCase);
        Add(into, "jitter", from.HasJitter, from.Jitter);
        Add(into, "max_jitter", from.HasMaxJitter, from.MaxJitter);
        Add(into, "rtt", from.HasRtt, from.Rtt);
        Add(into, "latency", from.HasLatency, from.Latency);
        Add(into, "packet_loss", from.HasPacketLossPercentage, from.PacketLossPercentage);
        Add(into, "mos", from.HasMos, from.Mos);
        Add(into, "remote_jitter", from.HasRemoteJitter, from.RemoteJitter);
        Add(into, "remote_packet_loss", from.HasRemotePacketLossPercentage,
            from.RemotePacketLossPercentage);
        Add(into, "delayed_packets", from.HasDelayedPacketsPercentage,
            from.DelayedPacketsPercentage);
        Add(into, "burst_loss_density", from.HasBurstLossDensity, from.BurstLossDensity);
        Add(into, "burst_duration", from.HasBurstDuration, from.BurstDuration);
        Add(into, "gap_loss_density", from.HasGapLossDensity, from.GapLossDensity);
        Add(into, "gap_duration", from.HasGapDuration, from.GapDuration);
        Add(into, "burst_ratio", from.HasBurstRatio, from.BurstRatio);
    }

    private static void Map(CallSummary from, EventRecord into)
    {
        into.Kind = EventKind.CallSummary;
        Common(into, from.EventTime, from.LoggedTime, from.EventId, from.CallId);
        Dimensions(from.Dimensions, into);
        into.Partial = from.ProcessingState == CallSummary.Types.ProcessingState.Partial;
        into.State = Known(from.CallState);
        into.SipResponse = from.HasLastSipResponse ? from.LastSipResponse : 0;
        into.Codec = into.DimensionValues.Intern(from.Codec);
        Add(into, "score", from.HasScore, from.Score);
        if (from.Metrics is not CallSummary.Types.Metrics metrics)
            return;
        Add(into, "connect_duration", metrics.HasConnectDuration, metrics.ConnectDuration);
        Add(into, "pdd", metrics.HasPdd, metrics.Pdd);
        Add(into, "avg_jitter", metrics.HasAvgJitter, metrics.AvgJitter);
        Add(into, "max_jitter", metrics.HasMaxJitter, metrics.MaxJitter);
        Add(into, "avg_latency", metrics.HasAvgLatency, metrics.AvgLatency);
        Add(into, "max_latency", metrics.HasMaxLatency, metrics.MaxLatency);
        Add(into, "packet_loss", metrics.HasPacketLossPercentage, metrics.PacketLossPercentage);
        Add(into, "mos", metrics.HasMos, metrics.Mos);
        Add(into, "rtt", metrics.HasRtt, metrics.Rtt);
        Add(into, "delayed_packets", metrics.HasDelayedPacketsPercentage,
            metrics.DelayedPacketsPercentage);
    }

    private static void Add(EventRecord into, string metric, bool said, double value)
    {
        if (said)
            into.AddValue(into.Metrics.Intern(metric), value);
    }
}
