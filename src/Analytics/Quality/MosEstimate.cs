namespace Earshot.Analytics.Quality;

/// <summary>What a source says of one stream or interval; null is not known.</summary>
/// <param name="Codec">The codec's name, as the source writes it.</param>
/// <param name="LossPercent">
/// Packets lost or come too late to be played, percent (not a fraction), 0 to 100.
/// </param>
/// <param name="BurstRatio">BurstR: see <see cref="BurstGapMetrics.BurstRatio"/>.</param>
/// <param name="MouthToEarMs">One-way delay with codecs and buffers, ms; taken as it is.</param>
/// <param name="OneWayMs">One-way time of the network, ms.</param>
/// <param name="RttMs">Round-trip time of the network, ms.</param>
/// <param name="JitterMs">Jitter, ms.</param>
public readonly record struct StreamQuality(
    string? Codec = null,
    double? LossPercent = null,
    double? BurstRatio = null,
    double? MouthToEarMs = null,
    double? OneWayMs = null,
    double? RttMs = null,
    double? JitterMs = null);

/// <summary>An input of a <see cref="MosEstimate"/>.</summary>
public enum EstimateInput
{
    /// <summary>The codec, for Ie and Bpl.</summary>
    Codec,

    /// <summary>The codec's packet-loss robustness alone.</summary>
    Bpl,

    /// <summary>Packet loss.</summary>
    Loss,

    /// <summary>Burst ratio.</summary>
    BurstRatio,

    /// <summary>Delay of any kind.</summary>
    Delay,

    /// <summary>Jitter, for the delay of the jitter buffer.</summary>
    Jitter,
}

/// <summary>Why a default was taken for an input.</summary>
public enum AssumedWhy
{
    /// <summary>The source does not give it.</summary>
    Missing,

    /// <summary>The source gives what cannot be, such as NaN or a negative loss.</summary>
    Impossible,

    /// <summary>The codec has no published or configured values.</summary>
    Unknown,

    /// <summary>A burst ratio below 1, for which the E-model has no meaning.</summary>
    BelowRange,
}

/// <summary>An input for which a default was taken.</summary>
/// <param name="Input">Which one.</param>
/// <param name="Why">Why.</param>
/// <param name="Value">
/// The default in the input's unit; of a codec its Ie (its name is in
/// <see cref="MosEstimate.Codec"/>).
/// </param>
public readonly record struct AssumedInput(EstimateInput Input, AssumedWhy Why, double Value);

/// <summary>
/// A mean opinion score reckoned by the E-model from what is known of a stream, with everything
/// that went into it. An estimate of conversational quality on the narrowband scale.
/// </summary>
/// <param name="Rating">The E-model's result with all its parts.</param>
/// <param name="Codec">The codec whose Ie and Bpl were taken.</param>
/// <param name="DelayMs">One-way delay from mouth to ear that was taken, ms.</param>
/// <param name="Assumed">The inputs for which defaults were taken; empty: all were known.</param>
/// <param name="Extrapolated">
/// The symbols of parameters beyond the range for which the standard vouches (loss over 20 %, a
/// delay over 500 ms): the formulas go on, their accuracy is not known.
/// </param>
public sealed record MosEstimate(
    EModel Rating,
    Codec Codec,
    double DelayMs,
    IReadOnlyList<AssumedInput> Assumed,
    IReadOnlyList<string> Extrapolated)
{
    /// <summary>What was not known, as it is counted.</summary>
    public AssumedInputs AssumedInputs
    {
        get
        {
            AssumedInputs inputs = AssumedInputs.None;
            foreach (AssumedInput assumed in Assumed)
            {
                inputs |= assumed switch
                {
                    { Input: EstimateInput.Codec, Why: AssumedWhy.Unknown }
                        => AssumedInputs.CodecUnknown,
                    { Input: EstimateInput.Codec } => AssumedInputs.CodecMissing,
                    { Input: EstimateInput.Bpl } => AssumedInputs.BplUnknown,
                    { Input: EstimateInput.Loss } => AssumedInputs.Loss,
                    { Input: EstimateInput.BurstRatio } => AssumedInputs.BurstRatio,
                    { Input: EstimateInput.Delay } => AssumedInputs.Delay,
                    _ => AssumedInputs.Jitter,
                };
            }

            return inputs;
        }
    }

    /// <summary>Transmission rating.</summary>
    public double R => Rating.R;

    /// <summary>Mean opinion score, 1 to 4.5.</summary>
    public double Mos => Rating.Mos;

    /// <summary>How satisfied users are at this rating.</summary>
    public UserSatisfaction Satisfaction => RatingScale.SatisfactionOf(R);
}
