namespace Earshot.Analytics.Quality;

/// <summary>
/// What a mean opinion score was estimated without: defaults were taken for these.
/// </summary>
[Flags]
public enum AssumedInputs
{
    /// <summary>Everything was known.</summary>
    None = 0,

    /// <summary>The source names no codec.</summary>
    CodecMissing = 1,

    /// <summary>The codec has no published or configured values.</summary>
    CodecUnknown = 2,

    /// <summary>The codec is known, its robustness to the loss that there was is not.</summary>
    BplUnknown = 4,

    /// <summary>Packet loss.</summary>
    Loss = 8,

    /// <summary>Burst ratio, where there was loss; or it was below 1.</summary>
    BurstRatio = 16,

    /// <summary>Delay of any kind.</summary>
    Delay = 32,

    /// <summary>Jitter, for the delay of the jitter buffer.</summary>
    Jitter = 64,
}

/// <summary>Where the mean opinion score of a stream report comes from.</summary>
public enum MosOrigin
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>The source gives it.</summary>
    Given,

    /// <summary>It was estimated.</summary>
    Estimated,
}

/// <summary>
/// Where the mean opinion score of a stream report comes from. One number, since two would be
/// written apart and read together, for which a processor waits.
/// </summary>
public readonly record struct MosSource
{
    /// <summary>Number of inputs that can be assumed: bits 0 to 6.</summary>
    public const int AssumedCount = 7;

    private readonly int bits;

    /// <summary>Says where it comes from.</summary>
    /// <param name="origin">Where from.</param>
    /// <param name="assumed">Of an estimate, what was not known.</param>
    public MosSource(MosOrigin origin, AssumedInputs assumed = AssumedInputs.None) =>
        bits = ((int)origin << AssumedCount) | (int)assumed;

    /// <summary>Where from.</summary>
    public MosOrigin Origin => (MosOrigin)(bits >> AssumedCount);

    /// <summary>Of an estimate, what was not known.</summary>
    public AssumedInputs Assumed => (AssumedInputs)(bits & ((1 << AssumedCount) - 1));
}
