namespace Earshot.Schemas;

/// <summary>The metric each field of a message holds, by field number; 0 for none.</summary>
internal static class MetricFields
{
    /// <summary>Of a StreamReport.</summary>
    public static ReadOnlySpan<byte> OfReport =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0,
        Metrics.PacketLoss, Metrics.Jitter, Metrics.MaxJitter, Metrics.Rtt, Metrics.Latency,
        Metrics.Mos, 0, 0, 0, 0, Metrics.RemoteJitter, Metrics.RemotePacketLoss, 0, 0, 0, 0,
        Metrics.DelayedPackets, Metrics.BurstLossDensity, Metrics.BurstDuration,
        Metrics.GapLossDensity, Metrics.GapDuration, Metrics.BurstRatio,
    ];

    /// <summary>Of CallSummary.Metrics.</summary>
    public static ReadOnlySpan<byte> OfSummary =>
    [
        0, Metrics.ConnectDuration, Metrics.Pdd, Metrics.AvgJitter, Metrics.MaxJitter,
        Metrics.AvgLatency, Metrics.MaxLatency, Metrics.PacketLoss, Metrics.Mos, Metrics.Rtt,
        Metrics.DelayedPackets,
    ];
}
