using System.Text;
using Earshot.Schemas;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Batch;

/// <summary>One value of one metric.</summary>
internal readonly record struct Reading(string Metric, double Value);

/// <summary>An input event, with texts as texts; null, 0 or NaN where nothing is said.</summary>
internal sealed record Event
{
    /// <summary>Its offset in the input.</summary>
    public required long Offset { get; init; }

    public required EventKind Kind { get; init; }

    public required long TimeMs { get; init; }

    public required ulong CallId { get; init; }

    public required ulong StreamId { get; init; }

    /// <summary>As it came; empty when missing.</summary>
    public required string CallIdText { get; init; }

    /// <summary>As it came; empty when missing.</summary>
    public required string StreamIdText { get; init; }

    /// <summary>By ordinal of the pipeline's dimensions; null when missing.</summary>
    public required string?[] Dimensions { get; init; }

    public required Reading[] Readings { get; init; }

    public required State State { get; init; }

    public required int SipResponse { get; init; }

    public required bool Partial { get; init; }

    /// <summary>In the interval; null when missing.</summary>
    public required long? PacketsReceived { get; init; }

    /// <summary>In the interval; null when missing. Negative by duplicates.</summary>
    public required long? PacketsLost { get; init; }

    /// <summary>Since the stream began; null when missing.</summary>
    public required long? PacketsReceivedTotal { get; init; }

    /// <summary>Since the stream began; null when missing.</summary>
    public required long? PacketsLostTotal { get; init; }

    /// <summary>In the interval; null when missing.</summary>
    public required long? PacketsSent { get; init; }

    /// <summary>Since the stream began; null when missing.</summary>
    public required long? PacketsSentTotal { get; init; }

    /// <summary>Name of the codec; null when missing.</summary>
    public required string? Codec { get; init; }

    public required double? AudioLevelIn { get; init; }

    public required double? AudioLevelOut { get; init; }

    public required bool? IceFailed { get; init; }

    /// <summary>What a decoder read.</summary>
    public static Event Of(EventRecord record, long offset) => new()
    {
        Offset = offset,
        Kind = record.Kind,
        TimeMs = record.EventTimeMs,
        CallId = record.CallId,
        StreamId = record.StreamId,
        CallIdText = Encoding.UTF8.GetString(record.CallIdText),
        StreamIdText = Encoding.UTF8.GetString(record.StreamIdText),
        Dimensions = Array.ConvertAll(
            record.Dimensions, symbol => symbol == 0 ? null : record.DimensionValues[symbol]),
        Readings = Array.ConvertAll(
            record.Values.ToArray(),
            value => new Reading(record.Metrics[value.Metric], value.Value)),
        State = record.State,
        SipResponse = record.SipResponse,
        Partial = record.Partial,
        PacketsReceived = record.PacketsReceived < 0 ? null : record.PacketsReceived,
        PacketsLost = record.PacketsLost == long.MinValue ? null : record.PacketsLost,
        PacketsReceivedTotal = record.PacketsReceivedTotal < 0 ? null : record.PacketsReceivedTotal,
        PacketsLostTotal =
            record.PacketsLostTotal == long.MinValue ? null : record.PacketsLostTotal,
        PacketsSent = record.PacketsSent < 0 ? null : record.PacketsSent,
        PacketsSentTotal = record.PacketsSentTotal < 0 ? null : record.PacketsSentTotal,
        Codec = record.Codec == 0 ? null : record.DimensionValues[record.Codec],
        AudioLevelIn = double.IsNaN(record.AudioLevelIn) ? null : record.AudioLevelIn,
        AudioLevelOut = double.IsNaN(record.AudioLevelOut) ? null : record.AudioLevelOut,
        IceFailed = record.IceFailed,
    };
}

/// <summary>
/// Names of the metrics that mean something here, and which of their values can be.
/// </summary>
internal static class Readings
{
    public const string Pdd = "pdd";
    public const string ConnectDuration = "connect_duration";
    public const string PacketLoss = "packet_loss";

    /// <summary>The metrics with names of their own.</summary>
    public static IEnumerable<string> Known
    {
        get
        {
            SymbolTable names = Metrics.CreateTable();
            return Enumerable.Range(1, names.Count - 1).Select(symbol => names[symbol]);
        }
    }

    /// <summary>The first value of a metric; null when there is none.</summary>
    public static double? Of(IEnumerable<Reading> readings, string metric)
    {
        foreach (Reading reading in readings)
        {
            if (reading.Metric == metric)
                return reading.Value;
        }

        return null;
    }

    /// <summary>True when a metric can have this value.</summary>
    public static bool CanBe(Reading reading) => FaultOf(reading) is null;

    /// <summary>
    /// Why a metric cannot have this value; null when it can: a post-dial delay of at most a day, a
    /// connected time of at most 30, shares from 0 to 100 %, opinions from 1 to 5, scores from 0 to
    /// 1, network times of at most an hour, bursts and gaps of at most a day. Of other metrics
    /// nothing is known but that numbers are finite.
    /// </summary>
    public static string? FaultOf(Reading reading)
    {
        if (!double.IsFinite(reading.Value))
            return "not_a_number";
        (double least, double most, string fault) = reading.Metric switch
        {
            Pdd or "srd_failed" => (
                0, 24 * 3600.0, reading.Value < 0 ? "negative_pdd" : "pdd_over_a_day"),
            ConnectDuration => (0, 30 * 24 * 3600.0, "duration_out_of_range"),
            PacketLoss or "remote_packet_loss" or "delayed_packets" or "burst_loss_density"
                or "gap_loss_density" => (0, 100, "loss_out_of_range"),
            "burst_duration" or "gap_duration" => (0, 24 * 3_600_000.0, "burst_out_of_range"),
            "burst_ratio" => (0, 1e6, "burst_out_of_range"),
            "mos" => (1, 5, "mos_out_of_range"),
            "score" => (0, 1, "score_out_of_range"),
            "jitter" or "avg_jitter" or "max_jitter" or "remote_jitter" or "rtt" or "latency"
                or "avg_latency" or "max_latency" => (0, 3_600_000.0, "delay_out_of_range"),
            _ => (double.MinValue, double.MaxValue, ""),
        };
        return reading.Value >= least && reading.Value <= most ? null : fault;
    }
}
