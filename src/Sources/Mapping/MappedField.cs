using System.Text;
using Earshot.Schemas;
using Earshot.Sources.Json;

namespace Earshot.Sources.Mapping;

/// <summary>The fields a column can be mapped to, by the proto file's names.</summary>
internal static class MappedField
{
    private static readonly string[] Common = ["event_time", "logged_time", "event_id", "call_id"];

    private static readonly string[] CallEvent = [.. Common, "state", "pdd", "sip_response"];

    private static readonly string[] CallMetric = [.. Common, "metric", "value"];

    private static readonly string[] StreamReport =
    [
        .. Common, "stream_id", "packets_received", "packets_lost", "packets_received_total",
        "packets_lost_total", "packets_sent", "packets_sent_total", "packet_loss_percentage",
        "delayed_packets_percentage", "jitter", "max_jitter", "rtt", "latency", "mos",
        "audio_level_in", "audio_level_out", "ice_state", "codec", "remote_jitter",
        "remote_packet_loss_percentage", "burst_loss_density", "burst_duration",
        "gap_loss_density", "gap_duration", "burst_ratio",
    ];

    private static readonly string[] CallSummary =
    [
        .. Common, "processing_state", "call_state", "last_sip_response", "connect_duration",
        "pdd", "avg_jitter", "max_jitter", "avg_latency", "max_latency", "packet_loss_percentage",
        "mos", "score", "rtt", "delayed_packets_percentage", "codec",
    ];

    /// <summary>The fields of a kind of event.</summary>
    public static string[] NamesOf(EventKind kind) => kind switch
    {
        EventKind.CallEvent => CallEvent,
        EventKind.CallMetric => CallMetric,
        EventKind.CallSummary => CallSummary,
        _ => StreamReport,
    };

    /// <summary>What a field is.</summary>
    public static (JsonField Field, int Metric) Of(string name, EventKind kind)
    {
        if (kind == EventKind.CallEvent && name == "pdd")
            return (JsonField.Metric, Metrics.Pdd);
        if (kind == EventKind.CallEvent && name == "state")
            return (JsonField.State, 0);
        JsonName known = JsonNames.Of(kind).Find(Encoding.UTF8.GetBytes(name))
            ?? throw new ArgumentException($"there is no field {name}", nameof(name));
        return (known.Field, known.Metric);
    }

    /// <summary>Whether a field is a number that can be scaled.</summary>
    public static bool IsNumber(string name, EventKind kind) => Of(name, kind).Field
        is JsonField.Metric or JsonField.MetricValue
        or JsonField.AudioLevelIn or JsonField.AudioLevelOut;
}
