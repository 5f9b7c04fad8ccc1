using System.Text;
using Earshot.Schemas;

namespace Earshot.Sources.Json;

/// <summary>What a JSON property means.</summary>
internal enum JsonField : byte
{
    /// <summary>Nothing known: perhaps a dimension.</summary>
    None,

    EventTime,
    LoggedTime,
    EventId,
    CallId,
    StreamId,
    Dimensions,
    SipResponse,
    State,
    ProcessingState,

    /// <summary>An object of further properties.</summary>
    Object,

    /// <summary>The value of <see cref="JsonName.Metric"/>.</summary>
    Metric,

    MetricName,
    MetricValue,
    PacketsReceived,
    PacketsLost,
    PacketsReceivedTotal,
    PacketsLostTotal,
    PacketsSent,
    PacketsSentTotal,
    Codec,
    AudioLevelIn,
    AudioLevelOut,
    IceState,
}

/// <summary>One property an object may have.</summary>
/// <param name="Text">Name as in the JSON.</param>
/// <param name="Field">What it means.</param>
/// <param name="Metric">Which metric, for <see cref="JsonField.Metric"/>.</param>
/// <param name="Inner">The properties inside, when its value may be an object.</param>
internal sealed record JsonName(byte[] Text, JsonField Field, int Metric, JsonNames? Inner)
{
    /// <summary>The name in messages for people.</summary>
    public string Label { get; } = Encoding.UTF8.GetString(Text);
}

/// <summary>
/// The properties of one JSON object: each under the proto file's name, under its camelCase form
/// and under its aliases.
/// </summary>
internal sealed class JsonNames
{
    private const int LengthMax = 40;

    private readonly JsonName[][] byLength = new JsonName[LengthMax + 1][];

    private JsonNames(params (string Names, JsonField Field, int Metric, JsonNames? Inner)[] all)
    {
        List<JsonName> names = [];
        foreach ((string texts, JsonField field, int metric, JsonNames? inner) in all)
        {
            foreach (string text in texts.Split(' '))
            {
                foreach (string form in new[] { text, CamelCase(text) }.Distinct())
                    names.Add(new JsonName(Encoding.UTF8.GetBytes(form), field, metric, inner));
            }
        }

        for (int length = 0; length <= LengthMax; length++)
            byLength[length] = [.. names.Where(name => name.Text.Length == length)];
    }

    /// <summary>Whether these are the properties of a signalling event's detail.</summary>
    public bool IsDetail { get; private init; }

    /// <summary>The property of a name; null when it is not known.</summary>
    public JsonName? Find(ReadOnlySpan<byte> text)
    {
        if (text.Length > LengthMax)
            return null;
        foreach (JsonName name in byLength[text.Length])
        {
            if (text.SequenceEqual(name.Text))
                return name;
        }

        return null;
    }

    /// <summary>The properties of an event.</summary>
    public static JsonNames Of(EventKind kind) => kind switch
    {
        EventKind.CallEvent => CallEvent,
        EventKind.CallMetric => CallMetric,
        EventKind.StreamReport => StreamReport,
        EventKind.CallSummary => CallSummary,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not an event"),
    };

    private static string CamelCase(string name)
    {
        StringBuilder camel = new();
        for (int i = 0; i < name.Length; i++)
        {
            bool begins = i > 0 && name[i - 1] == '_';
            if (name[i] != '_')
                camel.Append(begins ? char.ToUpperInvariant(name[i]) : name[i]);
        }

        return camel.ToString();
    }

    private static (string, JsonField, int, JsonNames?) On(string names, JsonField field) =>
        (names, field, 0, null);

    private static (string, JsonField, int, JsonNames?) On(string names, int metric) =>
        (names, JsonField.Metric, metric, null);

    private static readonly (string, JsonField, int, JsonNames?)[] Common =
    [
        On("event_time timestamp", JsonField.EventTime),
        On("logged_time logged_event_time", JsonField.LoggedTime),
        On("event_id", JsonField.EventId),
        On("call_id call_sid", JsonField.CallId),
        On("dimensions event_dimensions", JsonField.Dimensions),
    ];

    private static readonly (string, JsonField, int, JsonNames?)[] SummaryMetrics =
    [
        On("connect_duration", Metrics.ConnectDuration),
        On("pdd", Metrics.Pdd),
        On("avg_jitter", Metrics.AvgJitter),
        On("max_jitter", Metrics.MaxJitter),
        On("avg_latency", Metrics.AvgLatency),
        On("max_latency", Metrics.MaxLatency),
        On("packet_loss_percentage", Metrics.PacketLoss),
        On("mos", Metrics.Mos),
        On("rtt", Metrics.Rtt),
        On("delayed_packets_percentage", Metrics.DelayedPackets),
        On("score", Metrics.Score),
    ];

    private static readonly JsonNames PostDialDelay =
        new(On("pdd", Metrics.Pdd)) { IsDetail = true };

    private static readonly JsonNames Signaling = new(
        ("pdd", JsonField.Metric, Metrics.Pdd, PostDialDelay),
        ("call_state", JsonField.State, 0, new JsonNames(On("state", JsonField.State))));

    private static readonly JsonNames CallEvent = new(
    [
        .. Common,
        ("signaling_event", JsonField.Object, 0, Signaling),
        On("sip_response last_sip_response", JsonField.SipResponse),
    ]);

    private static readonly JsonNames CallMetric = new(
    [
        .. Common,
        On("metric", JsonField.MetricName),
        On("value", JsonField.MetricValue),
    ]);

    private static readonly JsonNames StreamReport = new(
    [
        .. Common,
        On("stream_id", JsonField.StreamId),
        On("packets_received", JsonField.PacketsReceived),
        On("packets_lost", JsonField.PacketsLost),
        On("packet_loss_percentage", Metrics.PacketLoss),
        On("jitter", Metrics.Jitter),
        On("max_jitter", Metrics.MaxJitter),
        On("rtt", Metrics.Rtt),
        On("latency", Metrics.Latency),
        On("mos", Metrics.Mos),
        On("audio_level_in", JsonField.AudioLevelIn),
        On("audio_level_out", JsonField.AudioLevelOut),
        On("ice_state", JsonField.IceState),
        On("remote_jitter", Metrics.RemoteJitter),
        On("remote_packet_loss_percentage", Metrics.RemotePacketLoss),
        On("packets_received_total", JsonField.PacketsReceivedTotal),
        On("packets_lost_total", JsonField.PacketsLostTotal),
        On("packets_sent", JsonField.PacketsSent),
        On("packets_sent_total", JsonField.PacketsSentTotal),
        On("codec", JsonField.Codec),
        On("delayed_packets_percentage", Metrics.DelayedPackets),
        On("burst_loss_density", Metrics.BurstLossDensity),
        On("burst_duration", Metrics.BurstDuration),
        On("gap_loss_density", Metrics.GapLossDensity),
        On("gap_duration", Metrics.GapDuration),
        On("burst_ratio", Metrics.BurstRatio),
    ]);

    private static readonly JsonNames CallSummary = new(
    [
        .. Common,
        .. SummaryMetrics,
        ("metrics", JsonField.Object, 0, new JsonNames(SummaryMetrics)),
        On("processing_state", JsonField.ProcessingState),
        On("call_state", JsonField.State),
        On("last_sip_response sip_response", JsonField.SipResponse),
        On("codec", JsonField.Codec),
    ]);
}
