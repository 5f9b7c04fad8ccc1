using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Earshot.Analytics;

/// <summary>Count, sum, spread and range of some values: what merges without the values.</summary>
public struct Moments : IEquatable<Moments>
{
    /// <summary>Creates the moments of some values.</summary>
    internal Moments(long count, double sum, double m2, double min, double max) =>
        (Count, Sum, M2, Min, Max) = (count, sum, m2, min, max);

    /// <summary>Number of values.</summary>
    public long Count { get; private set; }

    /// <summary>Sum of the values; 0 for none.</summary>
    public double Sum { get; private set; }

    /// <summary>Sum of the squared deviations from the mean.</summary>
    public double M2 { get; private set; }

    /// <summary>Least value; +infinity for none.</summary>
    public double Min { get; private set; }

    /// <summary>Greatest value; -infinity for none.</summary>
    public double Max { get; private set; }

    /// <summary>
    /// Arithmetic mean, from Min to Max; exactly Min when they are equal. Infinite for no values.
    /// </summary>
    public readonly double Mean
    {
        get
        {
            double mean = Sum / Count;
            if (!(mean > Min))
                return Min;
            return mean < Max ? mean : Max;
        }
    }

    /// <summary>
    /// Standard deviation of the sample (divisor n-1); 0 exactly when all values are equal; null
    /// for fewer than two values, and when the squares overflowed.
    /// </summary>
    public readonly double? StandardDeviation
    {
        get
        {
            if (Count < 2)
                return null;
            if (Min.Equals(Max))
                return 0;
            double deviation = Math.Sqrt(M2 / (Count - 1));
            return double.IsFinite(deviation) ? deviation : null;
        }
    }

    /// <summary>The moments of no values.</summary>
    internal static Moments None =>
        new(0, 0, 0, double.PositiveInfinity, double.NegativeInfinity);

    /// <summary>
    /// The moments of at most <see cref="Aggregate.RawMax"/> finite values: bit by bit the same
    /// in whatever order they come, because they are added up in ascending order.
    /// </summary>
    internal static Moments Of(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
            return None;
        Span<double> sorted = stackalloc double[Aggregate.RawMax];
        sorted = sorted[..values.Length];
        values.CopyTo(sorted);
        FewValues.Sort(sorted);
        return OfSorted(sorted);
    }

    /// <summary>The same of values that are in ascending order, at least one.</summary>
    internal static Moments OfSorted(ReadOnlySpan<double> sorted)
    {
        double sum = 0;
        foreach (double value in sorted)
            sum += value;
        double mean = sum / sorted.Length, m2 = 0;
        foreach (double value in sorted)
            m2 += (value - mean) * (value - mean);
        return new Moments(sorted.Length, sum, m2, sorted[0], sorted[^1]);
    }

    /// <summary>
    /// The moments of finite values, in two passes over them: the deviations are from their own
    /// mean. Four sums run side by side, so the last bits follow from the order, on any machine.
    /// </summary>
    internal static Moments OfMany(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
            return None;
        Vector256<double> sums = default, squares = default;
        Vector256<double> least = Vector256.Create(double.PositiveInfinity);
        Vector256<double> greatest = Vector256.Create(double.NegativeInfinity);
        ReadOnlySpan<Vector256<double>> fours =
            MemoryMarshal.Cast<double, Vector256<double>>(values);
        ReadOnlySpan<double> rest = values[(fours.Length * Vector256<double>.Count)..];
        foreach (Vector256<double> four in fours)
        {
            sums += four;
            least = Vector256.Min(least, four);
            greatest = Vector256.Max(greatest, four);
        }

        double sum = Vector256.Sum(sums);
        double min = double.PositiveInfinity, max = double.NegativeInfinity;
        for (int i = 0; i < Vector256<double>.Count; i++)
        {
            min = Math.Min(min, least[i]);
            max = Math.Max(max, greatest[i]);
        }

        foreach (double value in rest)
        {
            sum += value;
            min = Math.Min(min, value);
            max = Math.Max(max, value);
        }

        double mean = sum / values.Length;
        Vector256<double> means = Vector256.Create(mean);
        foreach (Vector256<double> four in fours)
            squares += (four - means) * (four - means);
        double m2 = Vector256.Sum(squares);
        foreach (double value in rest)
            m2 += (value - mean) * (value - mean);

        // Negative zero counts as zero.
        return new Moments(values.Length, sum + 0.0, m2, min + 0.0, max + 0.0);
    }

    /// <summary>
    /// Adds a finite value. The squared deviations are updated after Youngs and Cramer, "Some
    /// Results Relevant to Choice of Sum and Sum-of-Product Algorithms", Technometrics 13(3), 1971.
    /// </summary>
    internal void Add(double value)
    {
        double n = ++Count;
        Sum += value;
        if (Count > 1)
        {
            double deviation = (n * value) - Sum;
            M2 += deviation * deviation / (n * (n - 1));
        }

        if (value < Min)
            Min = value;
        if (value > Max)
            Max = value;
    }

    /// <summary>
    /// Adds those of other values. The squared deviations are combined after Chan, Golub and
    /// LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances",
    /// Stanford STAN-CS-79-773, 1979.
    /// </summary>
    internal void Add(in Moments other)
    {
        if (Count == 0 || other.Count == 0)
        {
            M2 += other.M2;
        }
        else
        {
            double n = Count, k = other.Count;
            double difference = (other.Sum / k) - (Sum / n);
            M2 = M2 + other.M2 + (difference * difference * (n * k / (n + k)));
        }

        Count += other.Count;
        Sum += other.Sum;
        Min = Math.Min(Min, other.Min);
        Max = Math.Max(Max, other.Max);
    }

    /// <inheritdoc/>
    public readonly bool Equals(Moments other) =>
        Count == other.Count && Sum.Equals(other.Sum) && M2.Equals(other.M2)
        && Min.Equals(other.Min) && Max.Equals(other.Max);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is Moments other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(Count, Sum, M2, Min, Max);

    /// <summary>Equal by value.</summary>
    public static bool operator ==(Moments a, Moments b) => a.Equals(b);

    /// <summary>Different by value.</summary>
    public static bool operator !=(Moments a, Moments b) => !a.Equals(b);
}
