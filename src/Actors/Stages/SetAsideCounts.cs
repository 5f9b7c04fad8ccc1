namespace Earshot.Actors.Stages;

/// <summary>
/// Single values of good records left out because they cannot be true, by cause. They add up to
/// <see cref="StageProgress.SetAside"/>, but for what versions counted that knew no causes.
/// </summary>
public sealed record SetAsideCounts
{
    /// <summary>NaN or infinite.</summary>
    public long NotANumber { get; init; }

    /// <summary>A post-dial delay below 0.</summary>
    public long NegativePdd { get; init; }

    /// <summary>A post-dial delay above a day.</summary>
    public long PddOverADay { get; init; }

    /// <summary>A connected time below 0 or above 30 days.</summary>
    public long DurationOutOfRange { get; init; }

    /// <summary>A share of packets lost or late outside of 0 to 100 %.</summary>
    public long LossOutOfRange { get; init; }

    /// <summary>A jitter, latency or round trip below 0 or above an hour.</summary>
    public long DelayOutOfRange { get; init; }

    /// <summary>A mean opinion score outside of 1 to 5.</summary>
    public long MosOutOfRange { get; init; }

    /// <summary>A score outside of 0 to 1.</summary>
    public long ScoreOutOfRange { get; init; }

    /// <summary>A length of bursts or gaps, or a burst ratio, that cannot be.</summary>
    public long BurstOutOfRange { get; init; }

    /// <summary>A counter of packets that ran backwards, and did not wrap.</summary>
    public long CounterBackwards { get; init; }

    /// <summary>All of them by name, as JSON has them.</summary>
    public IEnumerable<(string Name, long Count)> ByName() =>
    [
        ("not_a_number", NotANumber), ("negative_pdd", NegativePdd),
        ("pdd_over_a_day", PddOverADay), ("duration_out_of_range", DurationOutOfRange),
        ("loss_out_of_range", LossOutOfRange), ("delay_out_of_range", DelayOutOfRange),
        ("mos_out_of_range", MosOutOfRange), ("score_out_of_range", ScoreOutOfRange),
        ("burst_out_of_range", BurstOutOfRange), ("counter_backwards", CounterBackwards),
    ];

    /// <summary>Adds two up.</summary>
    public static SetAsideCounts operator +(SetAsideCounts a, SetAsideCounts b) => new()
    {
        NotANumber = a.NotANumber + b.NotANumber,
        NegativePdd = a.NegativePdd + b.NegativePdd,
        PddOverADay = a.PddOverADay + b.PddOverADay,
        DurationOutOfRange = a.DurationOutOfRange + b.DurationOutOfRange,
        LossOutOfRange = a.LossOutOfRange + b.LossOutOfRange,
        DelayOutOfRange = a.DelayOutOfRange + b.DelayOutOfRange,
        MosOutOfRange = a.MosOutOfRange + b.MosOutOfRange,
        ScoreOutOfRange = a.ScoreOutOfRange + b.ScoreOutOfRange,
        BurstOutOfRange = a.BurstOutOfRange + b.BurstOutOfRange,
        CounterBackwards = a.CounterBackwards + b.CounterBackwards,
    };
}

/// <summary>
/// Calls given up because no end came within the limit, by what was known of them. They add up to
/// <see cref="StageProgress.UnresolvedCalls"/>, but for what versions counted that knew no reasons.
/// </summary>
public sealed record UnresolvedCounts
{
    /// <summary>Answered or in progress, and no end.</summary>
    public long NoEnd { get; init; }

    /// <summary>Attempted or ringing, and no outcome.</summary>
    public long NoAnswer { get; init; }

    /// <summary>Fragments, as the end of media alone.</summary>
    public long NoStart { get; init; }

    /// <summary>All of them by name, as JSON has them.</summary>
    public IEnumerable<(string Name, long Count)> ByName() =>
        [("no_end", NoEnd), ("no_answer", NoAnswer), ("no_start", NoStart)];

    /// <summary>Adds two up.</summary>
    public static UnresolvedCounts operator +(UnresolvedCounts a, UnresolvedCounts b) => new()
    {
        NoEnd = a.NoEnd + b.NoEnd,
        NoAnswer = a.NoAnswer + b.NoAnswer,
        NoStart = a.NoStart + b.NoStart,
    };
}
