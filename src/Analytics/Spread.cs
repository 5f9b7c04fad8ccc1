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

    /// <summary>Appends the buckets in use, ascending by index.</summary>
    public void CopyBuckets(List<BucketCount> into)
    {
        int start = into.Count;
        negative.CopyTo(into);
        Span<BucketCount> negatives = CollectionsMarshal.AsSpan(into)[start..];
        negatives.Reverse();
        foreach (ref BucketCount bucket in negatives)
            bucket = bucket with { Index = -bucket.Index };
        if (zeros != 0)
            into.Add(new BucketCount(0, zeros));
        positive.CopyTo(into);
    }

    /// <summary>Empties it; the memory of the buckets stays.</summary>
    public void Clear()
    {
        Moments = Moments.None;
        positive.Clear();
        negative.Clear();
        zeros = 0;
    }

    private void AddBuckets(ReadOnlySpan<double> values, Span<int> magnitudes)
    {
        Buckets.MagnitudeIndexesOf(values, magnitudes, out bool isNegative);
        if (isNegative)
        {
            foreach (double value in values)
                AddToBucket(value);
            return;
        }

        // Zeros are as frequent as not, so no branch depends on a value.
        int used = 0;
        for (int i = 0; i < values.Length; i++)
        {
            int magnitude = magnitudes[i];
            magnitudes[used] = magnitude;
            used += (int)((uint)-magnitude >> 31);
        }

        zeros += values.Length - used;
        positive.AddOnes(magnitudes[..used]);
    }

    private void AddToBucket(double value)
    {
        int index = Buckets.IndexOf(value);
        if (index > 0)
            positive.AddOnes(new ReadOnlySpan<int>(in index));
        else
            AddBucket(index, 1);
    }
}
