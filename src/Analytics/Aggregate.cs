using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Earshot.Analytics;

/// <summary>
/// Mergeable statistics of one metric, in the metric's own unit. A commutative monoid: the empty
/// aggregate is the identity, and however a stream is ordered, split and merged, count, min, max,
/// buckets and quantiles are the same; sum, mean and standard deviation are so up to rounding.
/// <para>
/// Exact up to <see cref="RawMax"/> values, fixed <see cref="Buckets"/> beyond: quantiles are then
/// within 1 % of the exact value (for magnitudes from 2^-40 to 2^64). Which of the two depends on
/// the count alone. Sums of squares overflow for magnitudes above about 1e150: then there is no
/// standard deviation.
/// </para>
/// <para>Not safe for use by several threads at once.</para>
/// </summary>
public sealed partial class Aggregate
{
    /// <summary>The values themselves are kept up to this count.</summary>
    public const int RawMax = 64;

    private const int RawCapacityFirst = 4;

    private long count;
    private double sum;
    private double min = double.PositiveInfinity;
    private double max = double.NegativeInfinity;
    private double m2;

    // The values in arrival order while count <= RawMax; unused beyond.
    private double[] raw = [];

    // Beyond RawMax: counts by magnitude for each sign, and of what is nearest to zero.
    private BucketWindow positive;
    private BucketWindow negative;
    private long zeros;

    /// <summary>Number of values.</summary>
    public long Count => count;

    /// <summary>Sum of the values; 0 for none.</summary>
    public double Sum => sum;

    /// <summary>Least value; +infinity for none (the identity of the minimum).</summary>
    public double Min => min;

    /// <summary>Greatest value; -infinity for none (the identity of the maximum).</summary>
    public double Max => max;

    /// <summary>Sum of the squared deviations from the mean.</summary>
    public double M2 => m2;

    /// <summary>Arithmetic mean, from Min to Max; exactly Min when they are equal.</summary>
    /// <exception cref="InvalidOperationException">There are no values.</exception>
    public double Mean
    {
        get
        {
            ThrowIfEmpty();
            double mean = sum / count;
            if (!(mean > min))
                return min;
            return mean < max ? mean : max;
        }
    }

    /// <summary>
    /// Standard deviation of the sample (divisor n-1), in the metric's unit; 0 exactly when all
    /// values are equal; null for fewer than two values, and when the squares overflowed.
    /// </summary>
    public double? StandardDeviation
    {
        get
        {
            if (count < 2)
                return null;
            if (min.Equals(max))
                return 0;
            double deviation = Math.Sqrt(m2 / (count - 1));
            return double.IsFinite(deviation) ? deviation : null;
        }
    }

    /// <summary>
    /// The values in arrival order while there are at most <see cref="RawMax"/>; empty beyond.
    /// Valid until the next change.
    /// </summary>
    public ReadOnlySpan<double> RawValues => IsRaw ? raw.AsSpan(0, (int)count) : default;

    private bool IsRaw => count <= RawMax;

    /// <summary>An aggregate of some values, added in their order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is not finite.</exception>
    public static Aggregate FromRaw(ReadOnlySpan<double> values)
    {
        Aggregate aggregate = new();
        if (values.Length <= RawMax)
            aggregate.EnsureRaw(values.Length);
        foreach (double value in values)
            aggregate.Add(value);
        return aggregate;
    }

    /// <summary>
    /// Adds a value, which must be finite; negative zero counts as zero. The squared deviations
    /// are updated after Youngs and Cramer, "Some Results Relevant to Choice of Sum and
    /// Sum-of-Product Algorithms", Technometrics 13(3), 1971.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is NaN or infinite.</exception>
    public void Add(double value)
    {
        if (!double.IsFinite(value))
            ThrowNotFinite(value);
        value += 0.0;
        double n = ++count;
        sum += value;
        if (count > 1)
        {
            double deviation = (n * value) - sum;
            m2 += deviation * deviation / (n * (n - 1));
        }

        if (value < min)
            min = value;
        if (value > max)
            max = value;
        if (count > RawMax)
            AddBeyondRaw(value);
        else
            AddRaw(value);
    }

    /// <summary>
    /// Adds all values of another aggregate, which stays as it is (it may be this one). The squared
    /// deviations are combined after Chan, Golub and LeVeque, "Updating Formulae and a Pairwise
    /// Algorithm for Computing Sample Variances", Stanford STAN-CS-79-773, 1979.
    /// </summary>
    public void Merge(Aggregate other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.count == 0)
            return;
        long total = count + other.count;
        MergeCounts(other, total);
        if (count == 0)
        {
            m2 = other.m2;
        }
        else
        {
            double n = count, k = other.count;
            double difference = (other.sum / k) - (sum / n);
            m2 = m2 + other.m2 + (difference * difference * (n * k / (n + k)));
        }

        sum += other.sum;
        min = Math.Min(min, other.min);
        max = Math.Max(max, other.max);
        count = total;
    }

    /// <summary>Makes this the empty aggregate again; keeps its memory for reuse.</summary>
    public void Reset()
    {
        if (!IsRaw)
        {
            positive.Clear();
            negative.Clear();
            zeros = 0;
        }

        count = 0;
        sum = 0;
        m2 = 0;
        min = double.PositiveInfinity;
        max = double.NegativeInfinity;
    }

    // Brings the values or buckets of both together; count is still this one's own.
    private void MergeCounts(Aggregate other, long total)
    {
        if (total <= RawMax)
        {
            int kept = (int)count, added = (int)other.count;
            EnsureRaw((int)total);
            other.raw.AsSpan(0, added).CopyTo(raw.AsSpan(kept));
            return;
        }

        // Merged with itself, the other's values must be read before they become buckets.
        if (other.IsRaw)
        {
            foreach (double value in other.RawValues)
                AddBucket(value, 1);
        }
        else
        {
            positive.Add(in other.positive);
            negative.Add(in other.negative);
            zeros += other.zeros;
        }

        if (IsRaw)
            BucketRaw(count);
    }

    private void AddRaw(double value)
    {
        int at = (int)count - 1;
        if ((uint)at >= (uint)raw.Length)
            EnsureRaw(at + 1);
        raw[at] = value;
    }

    private void AddBeyondRaw(double value)
    {
        if (count == RawMax + 1)
            BucketRaw(RawMax);
        AddBucket(value, 1);
    }

    private void AddBucket(double value, long values)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int magnitude = Buckets.MagnitudeIndexOf(bits);
        if (magnitude == 0)
            zeros += values;
        else if (bits > 0)
            positive.Add(magnitude, values);
        else
            negative.Add(magnitude, values);
    }

    private void AddIndex(int index, long values)
    {
        if (index == 0)
            zeros += values;
        else if (index > 0)
            positive.Add(index, values);
        else
            negative.Add(-index, values);
    }

    // Moves the first values of raw to buckets. The array stays for reuse after a reset.
    private void BucketRaw(long values)
    {
        foreach (double value in raw.AsSpan(0, (int)values))
            AddBucket(value, 1);
    }

    private void EnsureRaw(int capacity)
    {
        Debug.Assert(capacity <= RawMax);
        if (capacity <= raw.Length)
            return;
        int length = Math.Max(RawCapacityFirst, raw.Length);
        while (length < capacity)
            length *= 2;
        Array.Resize(ref raw, length);
    }

    private void ThrowIfEmpty()
    {
        if (count == 0)
            throw new InvalidOperationException("An empty aggregate has no mean or quantiles.");
    }

    [DoesNotReturn]
    private static void ThrowNotFinite(double value) =>
        throw new ArgumentOutOfRangeException(nameof(value), value, "A value must be finite.");
}
