namespace Earshot.Analytics.Quality;

/// <summary>What the estimate takes of a codec, looked up once for its name.</summary>
/// <param name="Ie">Equipment impairment factor without loss.</param>
/// <param name="Bpl">Packet-loss robustness factor.</param>
/// <param name="Assumed">
/// CodecMissing or CodecUnknown where these are the default codec's; BplUnknown where Bpl is the
/// standard's default.
/// </param>
public readonly record struct CodecFactors(double Ie, double Bpl, AssumedInputs Assumed)
{
    internal const AssumedInputs NoCodec = AssumedInputs.CodecMissing | AssumedInputs.CodecUnknown;

    /// <summary>Whether the codec is known.</summary>
    public bool IsKnown => (Assumed & NoCodec) == 0;
}

/// <summary>A mean opinion score and what it was estimated without.</summary>
/// <param name="Mos">1 to 4.5.</param>
/// <param name="Assumed">The inputs for which defaults were taken.</param>
public readonly record struct FastMos(double Mos, AssumedInputs Assumed);

/// <summary>
/// The scores of <see cref="MosEstimator"/>, to the last bit, for every report of a stream: what
/// only depends on the connection (Ro, Iolr, Iq and mostly Ist) is computed once, and nothing is
/// allocated. How a score came about in detail, <see cref="MosEstimator.Estimate"/> tells.
/// </summary>
public sealed class FastMosEstimator
{
    private readonly MosEstimator estimator;
    private readonly EModelParameters connection;
    private readonly double no;
    private readonly double ro;
    private readonly double iolr;
    private readonly double iq;

    // Ist without echo, which is so for all but short delays.
    private readonly double sidetonePower;
    private readonly double ist;

    /// <summary>Prepares an estimator.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public FastMosEstimator(MosEstimator estimator)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        estimator.Validate();
        this.estimator = estimator;
        connection = estimator.Connection;
        EModel fixedPart = EModel.Extrapolate(connection with { T = double.PositiveInfinity });
        no = fixedPart.No;
        ro = fixedPart.Ro;
        iolr = fixedPart.Iolr;
        iq = fixedPart.Iq;
        ist = fixedPart.Ist;
        sidetonePower = EModel.SidetonePower(connection, double.PositiveInfinity);
    }

    /// <summary>What the estimate takes of a codec.</summary>
    /// <param name="name">As the source writes it; null or blank: it names none.</param>
    public CodecFactors FactorsOf(string? name)
    {
        Codec? known = estimator.Codecs.Find(name);
        Codec codec = known ?? estimator.DefaultCodec;
        AssumedInputs assumed = known is not null ? AssumedInputs.None
            : string.IsNullOrWhiteSpace(name) ? AssumedInputs.CodecMissing
            : AssumedInputs.CodecUnknown;
        if (codec.Bpl is null)
            assumed |= AssumedInputs.BplUnknown;
        return new CodecFactors(codec.Ie, codec.Bpl ?? EModelParameters.Default.Bpl, assumed);
    }

    /// <summary>
    /// The estimate, or null where neither the codec nor the loss is known: see
    /// <see cref="MosEstimator.Estimate"/>.
    /// </summary>
    /// <param name="codec">The codec, by <see cref="FactorsOf"/>.</param>
    /// <param name="stream">What is known; the codec's name in it is not looked at.</param>
    public FastMos? Estimate(in CodecFactors codec, in StreamQuality stream)
    {
        double? loss = stream.LossPercent is >= 0 and <= 100 ? stream.LossPercent : null;
        if (loss is null && !codec.IsKnown)
            return null;
        double ppl = loss ?? 0;
        AssumedInputs assumed = codec.Assumed;
        if (loss is null)
            assumed |= AssumedInputs.Loss;
        double burstR = 1;
        if (ppl == 0)
            assumed &= ~AssumedInputs.BplUnknown;
        else if (stream.BurstRatio is >= 1 and <= double.MaxValue)
            burstR = stream.BurstRatio.Value;
        else
            assumed |= AssumedInputs.BurstRatio;
        double delayMs = DelayMs(stream, ref assumed);
        double ieEff = EModel.EquipmentImpairment(codec.Ie, codec.Bpl, ppl, burstR);
        return new FastMos(RatingScale.MosOf(Rating(delayMs, ieEff)), assumed);
    }

    private double DelayMs(in StreamQuality stream, ref AssumedInputs assumed)
    {
        if (IsPossible(stream.MouthToEarMs))
            return stream.MouthToEarMs!.Value;
        bool isOneWay = IsPossible(stream.OneWayMs);
        if (!isOneWay && !IsPossible(stream.RttMs))
        {
            assumed |= AssumedInputs.Delay;
            return 0;
        }

        double jitterMs = 0;
        if (IsPossible(stream.JitterMs))
            jitterMs = stream.JitterMs!.Value;
        else
            assumed |= AssumedInputs.Jitter;
        return isOneWay
            ? EffectiveLatency.OfOneWay(stream.OneWayMs!.Value, jitterMs)
            : EffectiveLatency.OfRoundTrip(stream.RttMs!.Value, jitterMs, estimator.RttShare);
    }

    // The terms in the order of EModel.R: then they round alike.
    private double Rating(double delayMs, double ieEff)
    {
        bool isEchoFree = EModel.SidetonePower(connection, delayMs).Equals(sidetonePower);
        double echoIst = isEchoFree ? ist : EModel.Sidetone(connection, delayMs);
        double impairment = iolr + echoIst + iq;
        double delay = EModel.TalkerEcho(connection, delayMs, no, echoIst)
            + EModel.ListenerEcho(connection, 2 * delayMs, ro)
            + EModel.DelayImpairment(delayMs, connection.MT, connection.ST);
        return ro - impairment - delay - ieEff + connection.A;
    }

    private static bool IsPossible(double? ms) => ms is >= 0 and <= double.MaxValue;
}
