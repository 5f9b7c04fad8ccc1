using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Earshot.Analytics;

/// <summary>
/// Mergeable statistics of one metric, in the metric's own unit. A commutative monoid: the empty
/// aggregate is the identity, and however a stream is ordered, split and merged, count, min, max,
/// buckets and quantiles are the same; sum, mean and standard deviation are so up to rounding.
/// <para>
/// Up to <see cref="RawMax"/> values it is the values themselves, and everything is worked out
/// from them: exactly, whatever their order. Beyond, it is <see cref="Moments"/> and fixed
/// <see cref="Buckets"/>: quantiles are then within 1 % of the exact value (for magnitudes from
/// 2^-40 to 2^64). Which of the two depends on the count alone. Sums of squares overflow for
/// magnitudes above about 1e150: then there is no standard deviation.
/// </para>
/// <para>
/// There may be millions, most of few values: one value needs no further memory, some an array of
/// about their number. Not safe for use by several threads at once.
/// </para>
/// </summary>
public sealed partial class Aggregate
{
    /// <summary>The values themselves are kept up to this count.</summary>
    public const int RawMax = 64;

    private const int RawCapacityFirst = 2;

    private long count;

    // The value while there is one.
    private double single;

    // The values in arrival order while there are 2 to RawMax; kept for reuse beyond.
    private double[] raw = [];

    // What is known beyond RawMax; kept, emptied, for reuse after a reset.
    private Spread? spread;

    /// <summary>Number of values.</summary>
    public long Count => count;

    /// <summary>Sum of the values; 0 for none.</summary>
    public double Sum => Moments.Sum;

    /// <summary>Least value; +infinity for none (the identity of the minimum).</summary>
    public double Min => IsRaw ? Least(RawValues) : spread!.Moments.Min;

    /// <summary>Greatest value; -infinity for none (the identity of the maximum).</summary>
    public double Max => IsRaw ? Greatest(RawValues) : spread!.Moments.Max;

    /// <summary>Sum of the squared deviations from the mean.</summary>
    public double M2 => Moments.M2;

    /// <summary>Arithmetic mean, from Min to Max; exactly Min when they are equal.</summary>
    /// <exception cref="InvalidOperationException">There are no values.</exception>
    public double Mean
    {
        get
        {
            ThrowIfEmpty();
            return Moments.Mean;
        }
    }

    /// <summary>
    /// Standard deviation of the sample (divisor n-1), in the metric's unit; 0 exactly when all
    /// values are equal; null for fewer than two values, and when the squares overflowed.
    /// </summary>
    public double? StandardDeviation => Moments.StandardDeviation;

    /// <summary>
    /// The values in arrival order while there are at most <see cref="RawMax"/>; empty beyond.
    /// Valid until the next change.
    /// </summary>
    public ReadOnlySpan<double> RawValues =>
        count == 1 ? new ReadOnlySpan<double>(in single)
        : IsRaw ? raw.AsSpan(0, (int)count)
        : default;

    /// <summary>
    /// Count, sum, squared deviations, min and max together: cheaper than one after the other.
    /// </summary>
    public Moments Moments => IsRaw ? Moments.Of(RawValues) : spread!.Moments;

    /// <summary>True when it holds memory for buckets, in use or not.</summary>
    public bool HasBuckets => spread is not null;

    private bool IsRaw => count <= RawMax;

    /// <summary>An aggregate of some values, added in their order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is not finite.</exception>
    public static Aggregate FromRaw(ReadOnlySpan<double> values)
    {
        Aggregate aggregate = new();
        if (values.Length is > 1 and <= RawMax)
            aggregate.EnsureRaw(values.Length);
        foreach (double value in values)
            aggregate.Add(value);
        return aggregate;
    }

    /// <summary>Adds a value, which must be finite; negative zero counts as zero.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is NaN or infinite.</exception>
    public void Add(double value)
    {
        if (!double.IsFinite(value))
            ThrowNotFinite(value);
        value += 0.0;
        long before = count;
        if (before == 0)
            single = value;
        else if (before < RawMax)
            AddRaw((int)before, value);
        else
            AddBeyondRaw(value);
        count = before + 1;
    }

    /// <summary>Adds finite values at once: cheaper than one by one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A value is NaN or infinite: then none is added.
    /// </exception>
    public void Add(ReadOnlySpan<double> values)
    {
        ThrowIfNotFinite(values);
        long total = count + values.Length;
        if (total > RawMax)
        {
            // Of values that come one after another no order has to be ruled out, as in a merge.
            Spread into = IsRaw ? SpreadOut(Moments.OfMany(RawValues)) : spread!;
            into.Add(values);
            count = total;
            return;
        }

        if (values.IsEmpty)
            return;
        int kept = (int)count;
        count = total;
        if (total == 1)
        {
            single = values[0] + 0.0;
            return;
        }

        EnsureRaw((int)total);
        if (kept == 1)
            raw[0] = single;
        Span<double> added = raw.AsSpan(kept, values.Length);
        for (int i = 0; i < values.Length; i++)
            added[i] = values[i] + 0.0;
    }

    /// <summary>
    /// Adds all values of another aggregate, which stays as it is (it may be this one).
    /// </summary>
    public void Merge(Aggregate other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.count == 0)
            return;
        long total = count + other.count;
        if (total <= RawMax)
            MergeRaw(other.RawValues);
        else
            MergeBeyondRaw(other);
        count = total;
    }

    /// <summary>Makes this the empty aggregate again; keeps its memory for reuse.</summary>
    public void Reset()
    {
        if (!IsRaw)
            spread!.Clear();
        count = 0;
    }

    private void MergeRaw(ReadOnlySpan<double> added)
    {
        if (count == 0 && added.Length == 1)
        {
            single = added[0];
            return;
        }

        int kept = (int)count;
        EnsureRaw(kept + added.Length);
        if (kept == 1)
            raw[0] = single;
        added.CopyTo(raw.AsSpan(kept));
    }

    // Merged with itself, the other's values are read before they become buckets.
    private void MergeBeyondRaw(Aggregate other)
    {
        Moments moments = other.Moments;
        ReadOnlySpan<double> values = other.RawValues;
        Spread into = IsRaw ? SpreadOut(Moments.Of(RawValues)) : spread!;
        if (!other.IsRaw)
            into.AddBuckets(other.spread!);
        else
            into.AddBuckets(values);
        into.Moments.Add(moments);
    }

    private void AddRaw(int at, double value)
    {
        if (at >= raw.Length)
            EnsureRaw(at + 1);
        if (at == 1)
            raw[0] = single;
        raw[at] = value;
    }

    private void AddBeyondRaw(double value)
    {
        Spread into = IsRaw ? SpreadOut(Moments.Of(RawValues)) : spread!;
        into.Add(value);
    }

    // Brings the values kept so far to buckets. The array stays for reuse after a reset.
    private Spread SpreadOut(in Moments moments)
    {
        spread ??= new Spread();
        spread.Moments = moments;
        spread.AddBuckets(RawValues);
        return spread;
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

    private static void ThrowIfNotFinite(ReadOnlySpan<double> values)
    {
        ReadOnlySpan<Vector256<double>> fours =
            MemoryMarshal.Cast<double, Vector256<double>>(values);
        Vector256<double> wrong = default;
        foreach (Vector256<double> four in fours)
            wrong |= ~Vector256.IsFinite(four);
        if (wrong.AsInt64() == default)
            values = values[(fours.Length * Vector256<double>.Count)..];
        foreach (double value in values)
        {
            if (!double.IsFinite(value))
                ThrowNotFinite(value);
        }
    }

    private static double Least(ReadOnlySpan<double> values)
    {
        double least = double.PositiveInfinity;
        foreach (double value in values)
            least = Math.Min(least, value);
        return least;
    }

    private static double Greatest(ReadOnlySpan<double> values)
    {
        double greatest = double.NegativeInfinity;
        foreach (double value in values)
            greatest = Math.Max(greatest, value);
        return greatest;
    }

    [DoesNotReturn]
    private static void ThrowNotFinite(double value) =>
        throw new ArgumentOutOfRangeException(nameof(value), value, "A value must be finite.");
}
