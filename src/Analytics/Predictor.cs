namespace Earshot.Analytics;

/// <summary>What to expect of the next window's mean, in the metric's unit.</summary>
/// <param name="Expected">Most likely value.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
public readonly record struct Forecast(double Expected, double Low, double High);

/// <summary>
/// The first prediction model, "ewma/1": a key's own history as exponentially weighted mean and
/// variance of its windows' means, updated after Finch, "Incremental calculation of weighted mean
/// and variance", University of Cambridge, 2009. Window n weighs max(0.1, 1/n): the first ten
/// windows count alike, so that no single one rules the start; later the past fades. Only +, -, *,
/// / and the square root enter: the same history gives the same forecast on every machine. A struct
/// with state, so that millions of keys keep theirs in few arrays.
/// </summary>
public struct Predictor
{
    /// <summary>Name and version of the model, for the rows it makes.</summary>
    public const string Model = "ewma/1";

    /// <summary>The interval is this many standard deviations to each side: 95 % of a normal
    /// distribution.</summary>
    public const double Z = 1.96;

    /// <summary>The least weight of a new window.</summary>
    public const double WeightMin = 0.1;

    /// <summary>
    /// The standard deviation is taken to be at least this share of the mean's magnitude: a history
    /// that happens to be constant must not make the smallest change a surprise.
    /// </summary>
    public const double DeviationShareMin = 0.01;

    // Larger inputs are cut to this: their squares would overflow, for good.
    private const double MagnitudeMax = 1e150;

    private long history;
    private double mean;

    // Weighted variance around the mean, and the sum of the squared weights.
    private double variance;
    private double weightSquares;

    /// <summary>Windows seen.</summary>
    public readonly long History => history;

    /// <summary>
    /// For the next window's mean; null until two windows were seen, because one window says
    /// nothing of how much the key's windows differ. The interval covers the windows' own spread
    /// and the uncertainty of the expected value, which is large while there is little history.
    /// </summary>
    public readonly Forecast? Forecast
    {
        get
        {
            if (history < 2)
                return null;
            double unbiased = variance / (1 - weightSquares);
            double deviation = Math.Sqrt(unbiased * (1 + weightSquares));
            double half = Z * Math.Max(deviation, DeviationShareMin * Math.Abs(mean));
            return new Forecast(mean, mean - half, mean + half);
        }
    }

    /// <summary>Learns a closed window.</summary>
    /// <param name="windowMean">Its mean, finite.</param>
    /// <exception cref="ArgumentOutOfRangeException">The mean is NaN or infinite.</exception>
    public void Observe(double windowMean)
    {
        if (!double.IsFinite(windowMean))
        {
            throw new ArgumentOutOfRangeException(
                nameof(windowMean), windowMean, "A window's mean must be finite.");
        }

        history++;
        double weight = Math.Max(WeightMin, 1.0 / history);
        double kept = 1 - weight;
        double difference = Math.Clamp(windowMean, -MagnitudeMax, MagnitudeMax) - mean;
        double step = weight * difference;
        mean += step;
        variance = kept * (variance + (difference * step));
        weightSquares = (kept * kept * weightSquares) + (weight * weight);
    }

    /// <summary>Writes the whole state; <see cref="Read"/> restores it bit by bit.</summary>
    public readonly void Write(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write7BitEncodedInt64(history);
        writer.Write(mean);
        writer.Write(variance);
        writer.Write(weightSquares);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are no predictor.</exception>
    /// <exception cref="EndOfStreamException">The bytes end early.</exception>
    public static Predictor Read(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        Predictor predictor = new()
        {
            history = reader.Read7BitEncodedInt64(),
            mean = reader.ReadDouble(),
            variance = reader.ReadDouble(),
            weightSquares = reader.ReadDouble(),
        };
        if (predictor.history < 0
            || !double.IsFinite(predictor.mean)
            || !(predictor.variance >= 0)
            || !(predictor.weightSquares is >= 0 and <= 1))
        {
            throw new InvalidDataException("The bytes are no predictor.");
        }

        return predictor;
    }
}
