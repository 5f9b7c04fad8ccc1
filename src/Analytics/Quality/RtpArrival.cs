namespace Earshot.Analytics.Quality;

/// <summary>The arrival of one RTP packet.</summary>
/// <param name="Sequence">Sequence number.</param>
/// <param name="Timestamp">RTP timestamp, in units of the clock.</param>
/// <param name="ArrivalNs">Time of arrival, ns, of any clock that runs evenly.</param>
/// <param name="ClockRate">Clock rate of the payload type, Hz, above 0.</param>
public readonly record struct RtpArrival(
    ushort Sequence, uint Timestamp, long ArrivalNs, int ClockRate);

/// <summary>When a sequence number is believed. Source: RFC 3550, appendix A.1.</summary>
public sealed record RtpRules
{
    /// <summary>Packets in sequence before a new source is valid, 1 to 16; default 2.</summary>
    public int MinSequential { get; init; } = 2;

    /// <summary>A jump ahead of fewer is loss, 1 to 32,767; default 3000.</summary>
    public int MaxDropout { get; init; } = 3000;

    /// <summary>A step back of fewer is reordering, 1 to 127; default 100.</summary>
    public int MaxMisorder { get; init; } = 100;

    /// <summary>Checks the rules.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A rule is out of its range.</exception>
    public void Validate()
    {
        Require(nameof(MinSequential), MinSequential, 16);
        Require(nameof(MaxDropout), MaxDropout, 32_767);
        Require(nameof(MaxMisorder), MaxMisorder, 127);
    }

    private static void Require(string name, int value, int max)
    {
        if (value < 1 || value > max)
        {
            throw new ArgumentOutOfRangeException(
                name, value, $"{name} is {value}; allowed is 1 to {max}.");
        }
    }
}

/// <summary>What became of a packet.</summary>
public enum RtpFate
{
    /// <summary>
    /// Not counted: the source is on probation, or the sequence number jumped and the next packet
    /// has to confirm it.
    /// </summary>
    Unconfirmed,

    /// <summary>The newest so far.</summary>
    InOrder,

    /// <summary>Came after packets that were sent later.</summary>
    Reordered,

    /// <summary>Came before already; counted as received, as RFC 3550 has it.</summary>
    Duplicate,

    /// <summary>The source began anew with this packet.</summary>
    Restart,
}

/// <summary>The metrics of a stream between two reports.</summary>
/// <param name="Loss">Packets expected and received.</param>
/// <param name="JitterMs">Interarrival jitter at the end, ms; null: fewer than two packets yet.
/// </param>
/// <param name="JitterMeanMs">Mean of the jitter after each packet, ms; null: no packet.</param>
/// <param name="JitterMaxMs">Largest jitter after a packet, ms; null: no packet.</param>
/// <param name="DelayedPercent">
/// Share of the packets that took 200 ms more than the quickest, percent; null: no packet.
/// </param>
/// <param name="BurstGap">Bursts and gaps of loss.</param>
public readonly record struct RtpInterval(
    IntervalLoss Loss,
    double? JitterMs,
    double? JitterMeanMs,
    double? JitterMaxMs,
    double? DelayedPercent,
    BurstGapMetrics BurstGap);
