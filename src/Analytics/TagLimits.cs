namespace Earshot.Analytics;

/// <summary>
/// The limits of the tags. Defaults follow Twilio's published rules (Voice Insights, "Call tags").
/// A limit itself raises nothing.
/// </summary>
public sealed record TagLimits
{
    /// <summary>high_packet_loss above this, %; 0 to 100.</summary>
    public double PacketLossPercentMax { get; init; } = 5;

    /// <summary>high_jitter needs a mean above this, ms; not negative.</summary>
    public double JitterMeanMsMax { get; init; } = 5;

    /// <summary>high_jitter needs a largest value above this, too, ms; not negative.</summary>
    public double JitterPeakMsMax { get; init; } = 30;

    /// <summary>
    /// high_jitter, whatever the jitter, with more packets late by 200 ms or more than this, %;
    /// 0 to 100.
    /// </summary>
    public double DelayedPercentMax { get; init; } = 1;

    /// <summary>high_latency of a gateway edge above this, ms; not negative.</summary>
    public double LatencyMsMax { get; init; } = 150;

    /// <summary>high_latency of a client edge: round trip above this, ms; not negative.</summary>
    public double RttMsMax { get; init; } = 400;

    /// <summary>high_pdd above this while no limit is learned, s; not negative.</summary>
    public double PddSecondsMax { get; init; } = 6;

    /// <summary>low_mos below this; 1 to 5.</summary>
    public double MosMin { get; init; } = 3.5;

    /// <summary>An audio level up to this is silence; 0 (only true silence) to 1.</summary>
    public double SilentAudioLevelMax { get; init; }
}
