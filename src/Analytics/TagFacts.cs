namespace Earshot.Analytics;

/// <summary>One direction of a call's media, as far as it is known.</summary>
/// <param name="Packets">Packets that flowed; null: not known.</param>
/// <param name="Level">Loudest audio level, 0 (silent) to 1; null: not known.</param>
public readonly record struct MediaDirection(long? Packets, double? Level);

/// <summary>
/// What is known of a finished call; null is not known. Large: to be filled in place, since a copy
/// right after that waits for all that was written.
/// </summary>
public record struct CallFacts
{
    /// <summary>Where it was measured.</summary>
    public Edge Edge { get; set; }

    /// <summary>Post-dial delay, s.</summary>
    public double? PddSeconds { get; set; }

    /// <summary>
    /// The post-dial delay learned as usual, s: the limit of high_pdd. Null: the configured one.
    /// </summary>
    public double? PddLimitSeconds { get; set; }

    /// <summary>Packet loss, %, 0 to 100.</summary>
    public double? PacketLossPercent { get; set; }

    /// <summary>Mean jitter, ms.</summary>
    public double? AvgJitterMs { get; set; }

    /// <summary>Largest jitter, ms.</summary>
    public double? MaxJitterMs { get; set; }

    /// <summary>Share of packets late by 200 ms or more, %, 0 to 100.</summary>
    public double? DelayedPercent { get; set; }

    /// <summary>Mean latency inside the network, ms.</summary>
    public double? AvgLatencyMs { get; set; }

    /// <summary>Mean round-trip time, ms.</summary>
    public double? RttMs { get; set; }

    /// <summary>Mean opinion score, 1 to 5.</summary>
    public double? Mos { get; set; }

    /// <summary>The media received.</summary>
    public MediaDirection In { get; set; }

    /// <summary>The media sent.</summary>
    public MediaDirection Out { get; set; }

    /// <summary>Whether the ICE connection failed.</summary>
    public bool? IceFailed { get; set; }
}

/// <summary>What is known of one report interval of a media stream; null is not known.</summary>
public readonly record struct ReportFacts
{
    /// <summary>Where it was measured.</summary>
    public Edge Edge { get; init; }

    /// <summary>Packet loss, %, 0 to 100.</summary>
    public double? PacketLossPercent { get; init; }

    /// <summary>Mean jitter, ms.</summary>
    public double? JitterMs { get; init; }

    /// <summary>Largest jitter, ms.</summary>
    public double? MaxJitterMs { get; init; }

    /// <summary>Share of packets late by 200 ms or more, %, 0 to 100.</summary>
    public double? DelayedPercent { get; init; }

    /// <summary>One-way time, ms.</summary>
    public double? LatencyMs { get; init; }

    /// <summary>Round-trip time, ms.</summary>
    public double? RttMs { get; init; }

    /// <summary>Mean opinion score, 1 to 5.</summary>
    public double? Mos { get; init; }

    /// <summary>Packets received in the interval.</summary>
    public long? PacketsReceived { get; init; }

    /// <summary>Packets sent in the interval.</summary>
    public long? PacketsSent { get; init; }

    /// <summary>Level received, 0 (silent) to 1.</summary>
    public double? AudioLevelIn { get; init; }

    /// <summary>Level sent, 0 (silent) to 1.</summary>
    public double? AudioLevelOut { get; init; }

    /// <summary>Whether the ICE connection failed.</summary>
    public bool? IceFailed { get; init; }

    /// <summary>The interval as if it were a call: both are judged by the same rules.</summary>
    /// <param name="call">Receives it.</param>
    internal void AsCall(out CallFacts call)
    {
        call = default;
        call.Edge = Edge;
        call.PacketLossPercent = PacketLossPercent;
        call.AvgJitterMs = JitterMs;
        call.MaxJitterMs = MaxJitterMs;
        call.DelayedPercent = DelayedPercent;
        call.AvgLatencyMs = LatencyMs;
        call.RttMs = RttMs;
        call.Mos = Mos;
        call.In = new MediaDirection(PacketsReceived, AudioLevelIn);
        call.Out = new MediaDirection(PacketsSent, AudioLevelOut);
        call.IceFailed = IceFailed;
    }
}
