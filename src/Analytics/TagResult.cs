namespace Earshot.Analytics;

/// <summary>What the rules say of a call or an interval.</summary>
/// <param name="Raised">The tags it carries. All of them are known.</param>
/// <param name="Known">Those that could be decided: of the others the inputs are missing.</param>
public readonly record struct TagResult(Tags Raised, Tags Known)
{
    /// <summary>The same with one more tag; null is not known.</summary>
    internal TagResult With(Tags tag, bool? raised) => raised switch
    {
        true => new TagResult(Raised | tag, Known | tag),
        false => new TagResult(Raised, Known | tag),
        null => this,
    };
}

/// <summary>Which input decided a tag.</summary>
public enum TagInput : byte
{
    /// <summary>Packet loss, %.</summary>
    PacketLoss,

    /// <summary>Mean jitter, ms.</summary>
    AvgJitter,

    /// <summary>Largest jitter, ms.</summary>
    MaxJitter,

    /// <summary>Share of packets late by 200 ms or more, %.</summary>
    DelayedPackets,

    /// <summary>Mean latency, ms.</summary>
    AvgLatency,

    /// <summary>Mean round-trip time, ms.</summary>
    Rtt,

    /// <summary>Post-dial delay, s.</summary>
    Pdd,

    /// <summary>Mean opinion score.</summary>
    Mos,

    /// <summary>Packets received.</summary>
    PacketsIn,

    /// <summary>Packets sent.</summary>
    PacketsOut,

    /// <summary>Loudest level received, 0 to 1.</summary>
    AudioLevelIn,

    /// <summary>Loudest level sent, 0 to 1.</summary>
    AudioLevelOut,

    /// <summary>State of the ICE connection: 1 failed, 0 not.</summary>
    Ice,
}

/// <summary>Why a tag is raised, or is not.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Input">The input that decided.</param>
/// <param name="Value">Its value, in its unit.</param>
/// <param name="Limit">The limit it was held against, in the same unit.</param>
public readonly record struct TagReason(Tags Tag, TagInput Input, double Value, double Limit)
{
    /// <summary>
    /// Where the limit was learned: end of the hours it was learned from, ms since the epoch. Null
    /// for a configured limit.
    /// </summary>
    public long? BaselineHourMs { get; init; }

    /// <summary>How many values the limit was learned from; null for a configured limit.</summary>
    public long? Samples { get; init; }
}
