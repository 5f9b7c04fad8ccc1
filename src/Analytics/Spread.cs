using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Earshot.Analytics;

/// <summary>
/// What an aggregate knows of more than <see cref="Aggregate.RawMax"/> values: their moments, and
/// counts by magnitude for each sign and of what is nearest to zero.
/// </summary>
internal sealed class Spread
{
    /// <summary>From so many values on their moments are worked out together.</summary>
    private const int TogetherMin = 4;

    /// <summary>Count, sum, deviations, range. Kept apart from the buckets by its owner.</summary>
    public Moments Moments = Moments.None;

    private BucketWindow positive;
    private BucketWindow negative;
    private long zeros;

    /// <summary>Adds a value to the moments and the buckets.</summary>
    public void Add(double value)
    {
        Moments.Add(value);
        AddToBucket(value);
    }

    /// <summary>Adds values to the moments and the buckets.</summary>
    public void Add(ReadOnlySpan<double> values)
    {
        if (values.Length < TogetherMin)
        {
            foreach (double value in values)
                Moments.Add(value + 0.0);
        }
        else
        {
            Moments.Add(Moments.OfMany(values));
        }

        AddBuckets(values);
    }

    /// <summary>Adds values to the buckets alone.</summary>
    [SkipLocalsInit]
    public void AddBuckets(ReadOnlySpan<double> values)
    {
        Span<int> magnitudes = stackalloc int[Aggregate.RawMax];
        while (!values.IsEmpty)
        {
            ReadOnlySpan<double> some = values[..Math.Min(values.Length, magnitudes.Length)];
            AddBuckets(some, magnitudes);
            values = values[some.Length..];
        }
    }

    /// <summary>Adds the buckets of another one, which may be this one, to these.</summary>
    public void AddBuckets(Spread other)
    {
        positive.Add(in other.positive);
        negative.Add(in other.negative);
        zeros += other.zeros;
    }

    /// <summary>Adds values to the bucket of an index.</summary>
    public void AddBucket(int index, long values)
    {
        if (index == 0)
            zeros += values;
        else if (index > 0)
            positive.Add(index, values);
        else
            negative.Add(-index, values);
    }

    /// <summary>Empties it; the memory of the buckets stays.</summary>
    public void Clear()
    {
        Moments = Moments.None;
        positive.Clear();
        negative.Clear();
        zeros = 0;
    }

    // Zeros are as frequent as not, so no branch depends on a value; negative ones are rare.
    private void AddBuckets(ReadOnlySpan<double> values, Span<int> magnitudes)
    {
        int used = 0;
        long negatives = 0;
        foreach (double value in values)
        {
            long bits = BitConverter.DoubleToInt64Bits(value);
            int magnitude = Buckets.MagnitudeIndexOf(bits);
            magnitudes[used] = magnitude;
            used += (int)((uint)-magnitude >> 31);
            negatives |= bits & -magnitude;
        }

        if (negatives < 0)
        {
            foreach (double value in values)
                AddToBucket(value);
            return;
        }

        zeros += values.Length - used;
        positive.AddOnes(magnitudes[..used]);
    }

    private void AddToBucket(double value) => AddBucket(Buckets.IndexOf(value), 1);

    /// <summary>
    /// Walks the buckets in use by ascending index: negative ones from the largest magnitude down,
    /// zero, positive ones up.
    /// </summary>
    [StructLayout(LayoutKind.Auto)]
    public struct Cursor(Spread owner)
    {
        private int next = Math.Min(0, 1 - owner.negative.End);

        public BucketCount Current { get; private set; }

        public bool MoveNext()
        {
            for (; next < 0; next++)
            {
                if (-next < owner.negative.First)
                    break;
                if (owner.negative[-next] != 0)
                    return Take(owner.negative[-next]);
            }

            if (next <= 0)
            {
                next = 0;
                if (owner.zeros != 0)
                    return Take(owner.zeros);
                next = 1;
            }

            next = owner.positive.NextUsed(Math.Max(next, owner.positive.First));
            return next < owner.positive.End && Take(owner.positive[next]);
        }

        private bool Take(long values)
        {
            Current = new BucketCount(next, values);
            next++;
            return true;
        }
    }
}
