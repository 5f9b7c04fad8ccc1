namespace Earshot.Analytics;

/// <summary>One direction of a call's media, as far as it is known.</summary>
/// <param name="Packets">Packets that flowed; null: not known.</param>
/// <param name="Level">Loudest audio level, 0 (silent) to 1; null: not known.</param>
public readonly record struct MediaDirection(long? Packets, double? Level);

/// <summary>What is known of a finished call; null is not known.</summary>
public readonly record struct CallFacts
{
    /// <summary>Where it was measured.</summary>
    public Edge Edge { get; init; }

    /// <summary>Post-dial delay, s.</summary>
    public double? PddSeconds { get; init; }

    /// <summary>
    /// The post-dial delay learned as usual, s: the limit of high_pdd. Null: the configured one.
    /// </summary>
    public double? PddLimitSeconds { get; init; }

    /// <summary>Packet loss, %, 0 to 100.</summary>
    public double? PacketLossPercent { get; init; }

    /// <summary>Mean jitter, ms.</summary>
    public double? AvgJitterMs { get; init; }

    /// <summary>Largest jitter, ms.</summary>
    public double? MaxJitterMs { get; init; }

    /// <summary>Share of packets late by 200 ms or more, %, 0 to 100.</summary>
    public double? DelayedPercent { get; init; }

    /// <summary>Mean latency inside the network, ms.</summary>
    public double? AvgLatencyMs { get; init; }

    /// <summary>Mean round-trip time, ms.</summary>
    public double? RttMs { get; init; }

    /// <summary>Mean opinion score, 1 to 5.</summary>
    public double? Mos { get; init; }

    /// <summary>The media received.</summary>
    public MediaDirection In { get; init; }

    /// <summary>The media sent.</summary>
    public MediaDirection Out { get; init; }

    /// <summary>Whether the ICE connection failed.</summary>
    public bool? IceFailed { get; init; }
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
    internal CallFacts AsCall => new()
    {
        Edge = Edge,
        PacketLossPercent = PacketLossPercent,
        AvgJitterMs = JitterMs,
        MaxJitterMs = MaxJitterMs,
        DelayedPercent = DelayedPercent,
        AvgLatencyMs = LatencyMs,
        RttMs = RttMs,
        Mos = Mos,
        In = new MediaDirection(PacketsReceived, AudioLevelIn),
        Out = new MediaDirection(PacketsSent, AudioLevelOut),
        IceFailed = IceFailed,
    };
}
