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

/// <summary>Where the mean opinion score of a stream report comes from.</summary>
/// <param name="Origin">Where from.</param>
/// <param name="Assumed">Of an estimate, what was not known.</param>
public readonly record struct MosSource(
    MosOrigin Origin, AssumedInputs Assumed = AssumedInputs.None)
{
    /// <summary>Number of inputs that can be assumed: bits 0 to 6.</summary>
    public const int AssumedCount = 7;
}
