using System.Globalization;

namespace Earshot.Analytics;

/// <summary>What is known of a finished call; null is not known.</summary>
/// <param name="PddSeconds">Post-dial delay, s.</param>
/// <param name="AvgJitterMs">Mean jitter, ms.</param>
/// <param name="MaxJitterMs">Largest jitter, ms.</param>
/// <param name="AvgLatencyMs">Mean latency inside the network, ms.</param>
/// <param name="RttMs">Mean round-trip time, ms.</param>
/// <param name="PacketLossPercent">Packet loss, %, 0 to 100.</param>
/// <param name="Mos">Mean opinion score, 1 to 5.</param>
/// <param name="IsClientEdge">The edge is a client or an SDK, not a gateway.</param>
/// <param name="IceFailed">The ICE connection failed.</param>
public readonly record struct CallFacts(
    double? PddSeconds,
    double? AvgJitterMs,
    double? MaxJitterMs,
    double? AvgLatencyMs,
    double? RttMs,
    double? PacketLossPercent,
    double? Mos,
    bool IsClientEdge,
    bool IceFailed = false);

/// <summary>What is known of one report interval of a media stream; null is not known.</summary>
/// <param name="JitterMs">Mean jitter, ms.</param>
/// <param name="MaxJitterMs">Largest jitter, ms.</param>
/// <param name="LatencyMs">One-way time, ms.</param>
/// <param name="RttMs">Round-trip time, ms.</param>
/// <param name="PacketLossPercent">Packet loss, %, 0 to 100.</param>
/// <param name="Mos">Mean opinion score, 1 to 5.</param>
/// <param name="PacketsReceived">Packets received in the interval.</param>
/// <param name="AudioLevelIn">Level received, 0 (silent) to 1.</param>
/// <param name="AudioLevelOut">Level sent, 0 (silent) to 1.</param>
/// <param name="IceFailed">The ICE connection failed.</param>
/// <param name="IsClientEdge">The edge is a client or an SDK, not a gateway.</param>
public readonly record struct ReportFacts(
    double? JitterMs,
    double? MaxJitterMs,
    double? LatencyMs,
    double? RttMs,
    double? PacketLossPercent,
    double? Mos,
    long? PacketsReceived,
    double? AudioLevelIn,
    double? AudioLevelOut,
    bool IceFailed,
    bool IsClientEdge);

/// <summary>
/// When a call or a report interval carries a tag: fixed limits, whose defaults follow Twilio's
/// published rules (Voice Insights, "Call tags"). A limit itself raises nothing, and neither does a
/// value that is missing.
/// </summary>
public sealed record TagRules
{
    /// <summary>high_packet_loss above this, %; 0 to 100.</summary>
    public double PacketLossPercentMax { get; init; } = 5;

    /// <summary>high_jitter needs a mean above this, ms; not negative.</summary>
    public double JitterMeanMsMax { get; init; } = 5;

    /// <summary>high_jitter needs a largest value above this, too, ms; not negative.</summary>
    public double JitterPeakMsMax { get; init; } = 30;

    /// <summary>high_latency of a gateway edge above this, ms; not negative.</summary>
    public double LatencyMsMax { get; init; } = 150;

    /// <summary>high_latency of a client edge: round trip above this, ms; not negative.</summary>
    public double RttMsMax { get; init; } = 400;

    /// <summary>high_pdd above this, s; not negative.</summary>
    public double PddSecondsMax { get; init; } = 6;

    /// <summary>low_mos below this; 1 to 5.</summary>
    public double MosMin { get; init; } = 3.5;

    /// <summary>An audio level up to this is silence; 0 (only true silence) to 1.</summary>
    public double SilentAudioLevelMax { get; init; }

    /// <summary>Checks every limit.</summary>
    /// <exception cref="ArgumentException">
    /// A limit is outside of its range; the message names it, its value and the range.
    /// </exception>
    public void Validate()
    {
        Require(nameof(PacketLossPercentMax), PacketLossPercentMax, 0, 100);
        Require(nameof(JitterMeanMsMax), JitterMeanMsMax, 0, double.MaxValue);
        Require(nameof(JitterPeakMsMax), JitterPeakMsMax, 0, double.MaxValue);
        Require(nameof(LatencyMsMax), LatencyMsMax, 0, double.MaxValue);
        Require(nameof(RttMsMax), RttMsMax, 0, double.MaxValue);
        Require(nameof(PddSecondsMax), PddSecondsMax, 0, double.MaxValue);
        Require(nameof(MosMin), MosMin, 1, 5);
        Require(nameof(SilentAudioLevelMax), SilentAudioLevelMax, 0, 1);
    }

    /// <summary>The tags of a finished call.</summary>
    public Tags OfCall(in CallFacts facts)
    {
        Tags tags = Quality(
            facts.PacketLossPercent, facts.AvgJitterMs, facts.MaxJitterMs, facts.Mos);
        if (IsLate(facts.IsClientEdge, facts.AvgLatencyMs, facts.RttMs))
            tags |= Tags.HighLatency;
        if (facts.PddSeconds > PddSecondsMax)
            tags |= Tags.HighPdd;
        if (facts.IceFailed)
            tags |= Tags.IceFailure;
        return tags;
    }

    /// <summary>
    /// The tags of a report interval. The inward direction is silent without packets or with a
    /// silent level, the outward one with a silent level. Both silent: silent. One silent while the
    /// other is known to flow: one_way_audio. Without packets and with nothing known of the other
    /// direction the stream is missing: silent.
    /// </summary>
    public Tags OfReport(in ReportFacts facts)
    {
        Tags tags = Quality(facts.PacketLossPercent, facts.JitterMs, facts.MaxJitterMs, facts.Mos);
        if (IsLate(facts.IsClientEdge, facts.LatencyMs, facts.RttMs))
            tags |= Tags.HighLatency;
        if (facts.IceFailed)
            tags |= Tags.IceFailure;

        bool isMissing = facts.PacketsReceived == 0;
        bool? isInSilent = isMissing ? true : IsSilent(facts.AudioLevelIn);
        bool? isOutSilent = IsSilent(facts.AudioLevelOut);
        if (isInSilent == true && (isOutSilent == true || (isMissing && isOutSilent is null)))
            tags |= Tags.Silent;
        else if (isInSilent is not null && isOutSilent is not null && isInSilent != isOutSilent)
            tags |= Tags.OneWayAudio;
        return tags;
    }

    private Tags Quality(double? lossPercent, double? jitterMs, double? maxJitterMs, double? mos)
    {
        Tags tags = Tags.None;
        if (lossPercent > PacketLossPercentMax)
            tags |= Tags.HighPacketLoss | Tags.BadNetwork;
        if (jitterMs > JitterMeanMsMax && maxJitterMs > JitterPeakMsMax)
            tags |= Tags.HighJitter | Tags.BadNetwork;
        if (mos < MosMin)
            tags |= Tags.LowMos;
        return tags;
    }

    private bool IsLate(bool isClientEdge, double? latencyMs, double? rttMs) =>
        isClientEdge ? rttMs > RttMsMax : latencyMs > LatencyMsMax;

    private bool? IsSilent(double? level) => level is null ? null : level <= SilentAudioLevelMax;

    private static void Require(string name, double value, double min, double max)
    {
        if (value >= min && value <= max)
            return;
        string range = max.Equals(double.MaxValue)
            ? string.Create(CultureInfo.InvariantCulture, $"a finite number of at least {min}")
            : string.Create(CultureInfo.InvariantCulture, $"{min} to {max}");
        throw new ArgumentException(
            string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; allowed is {range}."));
    }
}
