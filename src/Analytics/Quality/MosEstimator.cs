namespace Earshot.Analytics.Quality;

/// <summary>
/// Estimates the mean opinion score of a stream by the E-model from what its source says. Nothing
/// is invented: for what is missing, the default that the standard has is taken and named, and
/// where neither codec nor loss is known there is no estimate. Values that cannot be count as
/// missing.
/// </summary>
public sealed record MosEstimator
{
    /// <summary>The codecs; default: those of G.113.</summary>
    public CodecTable Codecs { get; init; } = CodecTable.Standard;

    /// <summary>
    /// The codec where the source's is missing or unknown; default: Ie 0 and Bpl 4.3, the
    /// E-model's own defaults, which are those of G.711 without concealment.
    /// </summary>
    public Codec DefaultCodec { get; init; } = CodecTable.Standard.Find("G.711")!;

    /// <summary>
    /// All parameters that a stream does not bring along (loudness, noise, echo, advantage);
    /// default: the standard's. Ie, Bpl, Ppl, BurstR, T, Ta and Tr are replaced.
    /// </summary>
    public EModelParameters Connection { get; init; } = EModelParameters.Default;

    /// <summary>
    /// The share of a round-trip time that counts as delay, above 0 to 1: see
    /// <see cref="EffectiveLatency.OfRoundTrip"/>.
    /// </summary>
    public double RttShare { get; init; } = 1;

    /// <summary>Checks the settings.</summary>
    /// <exception cref="ArgumentException">A setting is out of range; the message names it.
    /// </exception>
    public void Validate()
    {
        Connection.Validate();
        DefaultCodec.Validate();
        EffectiveLatency.OfRoundTrip(0, 0, RttShare);
    }

    /// <summary>
    /// The estimate, or null where neither the codec nor the loss is known. Delay is, in this
    /// order: mouth to ear as it is; one-way time or else round-trip time as
    /// <see cref="EffectiveLatency"/>; else 0, and jitter is not asked for. As in G.107's use for
    /// 4-wire connections Ta = T and Tr = 2·T. Burst ratio is asked for only where there is loss.
    /// </summary>
    public MosEstimate? Estimate(in StreamQuality stream)
    {
        List<AssumedInput> assumed = [];
        Codec? known = Codecs.Find(stream.Codec);
        double? loss = Possible(stream.LossPercent, 0, 100);
        if (known is null && loss is null)
            return null;

        Codec codec = known ?? DefaultCodec;
        if (known is null)
        {
            assumed.Add(new AssumedInput(
                EstimateInput.Codec,
                string.IsNullOrWhiteSpace(stream.Codec) ? AssumedWhy.Missing : AssumedWhy.Unknown,
                codec.Ie));
        }

        double ppl = loss ?? Assume(assumed, EstimateInput.Loss, stream.LossPercent, 0);
        double bpl = codec.Bpl ?? EModelParameters.Default.Bpl;
        if (codec.Bpl is null && ppl > 0)
            assumed.Add(new AssumedInput(EstimateInput.Bpl, AssumedWhy.Unknown, bpl));
        double burstR = ppl > 0 ? BurstRatio(assumed, stream.BurstRatio) : 1;
        double delayMs = DelayMs(assumed, stream);

        EModelParameters parameters = Connection with
        {
            Ie = codec.Ie,
            Bpl = bpl,
            Ppl = ppl,
            BurstR = burstR,
            T = delayMs,
            Ta = delayMs,
            Tr = 2 * delayMs,
        };
        return new MosEstimate(
            EModel.Extrapolate(parameters), codec, delayMs, assumed, parameters.OutOfRange());
    }

    private static double BurstRatio(List<AssumedInput> assumed, double? burstRatio)
    {
        if (Possible(burstRatio, 0, double.MaxValue) is not { } ratio || ratio == 0)
            return Assume(assumed, EstimateInput.BurstRatio, burstRatio, 1);
        if (ratio >= 1)
            return ratio;
        assumed.Add(new AssumedInput(EstimateInput.BurstRatio, AssumedWhy.BelowRange, 1));
        return 1;
    }

    private double DelayMs(List<AssumedInput> assumed, in StreamQuality stream)
    {
        if (Possible(stream.MouthToEarMs, 0, double.MaxValue) is { } mouthToEarMs)
            return mouthToEarMs;
        double? oneWayMs = Possible(stream.OneWayMs, 0, double.MaxValue);
        double? rttMs = Possible(stream.RttMs, 0, double.MaxValue);
        if (oneWayMs is null && rttMs is null)
        {
            double? given = stream.MouthToEarMs ?? stream.OneWayMs ?? stream.RttMs;
            return Assume(assumed, EstimateInput.Delay, given, 0);
        }

        double jitterMs = Possible(stream.JitterMs, 0, double.MaxValue)
            ?? Assume(assumed, EstimateInput.Jitter, stream.JitterMs, 0);
        return oneWayMs is { } known
            ? EffectiveLatency.OfOneWay(known, jitterMs)
            : EffectiveLatency.OfRoundTrip(rttMs!.Value, jitterMs, RttShare);
    }

    private static double Assume(
        List<AssumedInput> assumed, EstimateInput input, double? given, double taken)
    {
        AssumedWhy why = given is null ? AssumedWhy.Missing : AssumedWhy.Impossible;
        assumed.Add(new AssumedInput(input, why, taken));
        return taken;
    }

    private static double? Possible(double? value, double min, double max) =>
        value >= min && value <= max ? value : null;
}
