using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Earshot.Analytics;

/// <summary>A value bucket and how many values are in it.</summary>
/// <param name="Index">The bucket, see <see cref="Buckets"/>.</param>
/// <param name="Count">Number of values.</param>
public readonly record struct BucketCount(int Index, long Count);

/// <summary>
/// Fixed log-linear value buckets: each power of two is cut into 64 equal parts, so that a bucket
/// is read off the bits of the IEEE-754 number (exponent and the top six bits of the mantissa).
/// Exact and the same on every machine: no logarithm is involved. The layout follows
/// HdrHistogram's (https://hdrhistogram.github.io/HdrHistogram/), over doubles.
/// <para>
/// Index 0 holds zero and everything nearer to it than <see cref="MagnitudeMin"/>. Positive values
/// have the indexes 1 to <see cref="IndexMax"/>, negative ones the same mirrored. Values of
/// <see cref="MagnitudeMax"/> and beyond share the last bucket: that bounds the memory of a
/// histogram, whatever its input, and lies far outside of any voice metric.
/// </para>
/// </summary>
public static class Buckets
{
    /// <summary>Parts of each power of two.</summary>
    public const int PerOctave = 64;

    /// <summary>The last index: 104 powers of two, from 2^-40 to 2^64.</summary>
    public const int IndexMax = (ExponentMax - ExponentMin + 1) * PerOctave;

    /// <summary>2^-40: smaller magnitudes count as zero.</summary>
    public const double MagnitudeMin = 1.0 / (1L << 40);

    /// <summary>2^64: this and larger magnitudes share the last bucket.</summary>
    public const double MagnitudeMax = 18446744073709551616.0;

    private const int ExponentMin = -40;
    private const int ExponentMax = 63;
    private const int ExponentBias = 1023;
    private const int MantissaBits = 52;
    private const int PartBits = 6;
    private const int DroppedBits = MantissaBits - PartBits;

    // The bits of 2^-40 without the dropped ones, less one: what an index of 1 stands on.
    private const long Base = ((long)(ExponentBias + ExponentMin) << PartBits) - 1;

    /// <summary>
    /// The bucket of a value, -<see cref="IndexMax"/> to <see cref="IndexMax"/>; a greater value
    /// never has a smaller index. The infinities go with the largest numbers, NaN too: keep it out.
    /// </summary>
    public static int IndexOf(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int index = MagnitudeIndexOf(bits);
        return bits < 0 ? -index : index;
    }

    /// <summary>
    /// The middle of a bucket: the value whose relative distance to the bucket's two ends is the
    /// same, 2ab/(a+b) for the ends a and b. So it is within 1/129 (0.78 %) of every value in the
    /// bucket, relative to that value. 0 for index 0.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside of the range.</exception>
    public static double ValueOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, IndexMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(index, -IndexMax);
        if (index == 0)
            return 0;
        int magnitude = Math.Abs(index) - 1;
        int exponent = (magnitude >> PartBits) + ExponentMin;
        double middle = Middles.OfPart[magnitude & (PerOctave - 1)];
        double value = middle * PowerOfTwo(exponent - PartBits);
        return index < 0 ? -value : value;
    }

    // The index of |value|, 0 to IndexMax, from the value's bits.
    internal static int MagnitudeIndexOf(long bits)
    {
        long index = ((bits & long.MaxValue) >> DroppedBits) - Base;
        index &= ~(index >> 63);
        return (int)(index > IndexMax ? IndexMax : index);
    }

    /// <summary>The same of many values.</summary>
    /// <param name="values">The values.</param>
    /// <param name="into">Receives the index of each; at least as long.</param>
    /// <param name="isNegative">Whether one of them is negative and not counted as zero.</param>
    internal static void MagnitudeIndexesOf(
        ReadOnlySpan<double> values, Span<int> into, out bool isNegative)
    {
        ReadOnlySpan<Vector512<long>> eights = MemoryMarshal.Cast<double, Vector512<long>>(values);
        Vector512<long> negative = default;
        for (int i = 0; i < eights.Length; i++)
        {
            Vector512<long> bits = eights[i];
            Vector512<long> index =
                ((bits & Vector512.Create(long.MaxValue)) >> DroppedBits) - Vector512.Create(Base);
            index = Vector512.Max(index, Vector512<long>.Zero);
            index = Vector512.Min(index, Vector512.Create((long)IndexMax));
            negative |= bits & -index;
            Vector256.Narrow(index.GetLower(), index.GetUpper())
                .CopyTo(into[(i * Vector512<long>.Count)..]);
        }

        long rest = 0;
        for (int i = eights.Length * Vector512<long>.Count; i < values.Length; i++)
        {
            long bits = BitConverter.DoubleToInt64Bits(values[i]);
            into[i] = MagnitudeIndexOf(bits);
            rest |= bits & -into[i];
        }

        isNegative = rest < 0 || negative.ExtractMostSignificantBits() != 0;
    }

    private static double PowerOfTwo(int exponent) =>
        BitConverter.Int64BitsToDouble((long)(ExponentBias + exponent) << MantissaBits);

    // A class of its own: those who only add values do not have to wait for it.
    private static class Middles
    {
        // Of the parts of the power of two that begins at PerOctave.
        public static readonly double[] OfPart = [.. Enumerable
            .Range(PerOctave, PerOctave)
            .Select(static low => 2.0 * low * (low + 1) / ((2 * low) + 1))];
    }
}
