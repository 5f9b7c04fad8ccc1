using System.Diagnostics;

namespace Earshot.Analytics;

/// <summary>
/// The counts of the buckets of one sign, addressed by magnitude index (1 to
/// <see cref="Buckets.IndexMax"/>): one dense array over the powers of two in use. It grows by
/// whole powers of two and at least by half, so that adding costs amortised constant time, and
/// never holds more than all of them (52 KiB).
/// </summary>
internal struct BucketWindow
{
    private const int OctaveCount = Buckets.IndexMax / Buckets.PerOctave;

    // Count of magnitude index i is counts[i - first]; null until the first value.
    private long[]? counts;

    // Magnitude index of counts[0]: 1 + a multiple of 64.
    private int first;

    /// <summary>The least magnitude index that may have a count.</summary>
    public readonly int First => first;

    /// <summary>The magnitude index after the last one that may have a count.</summary>
    public readonly int End => counts is null ? first : first + counts.Length;

    /// <summary>The count of a magnitude index between First and End.</summary>
    public readonly long this[int magnitude] => counts![magnitude - first];

    /// <summary>Adds values to a bucket.</summary>
    public void Add(int magnitude, long count)
    {
        Debug.Assert(magnitude is > 0 and <= Buckets.IndexMax);
        long[]? array = counts;
        int at = magnitude - first;
        if (array is null || (uint)at >= (uint)array.Length)
        {
            Grow(magnitude, magnitude);
            array = counts!;
            at = magnitude - first;
        }

        array[at] += count;
    }

    /// <summary>Adds all counts of another window, which may be this one.</summary>
    public void Add(in BucketWindow other)
    {
        int low = other.First, high = other.End - 1;
        while (low <= high && other[low] == 0)
            low++;
        while (high > low && other[high] == 0)
            high--;
        if (low > high)
            return;
        if (counts is null || low < first || high >= End)
            Grow(low, high);
        Span<long> into = counts.AsSpan(low - first, high - low + 1);
        ReadOnlySpan<long> from = other.counts.AsSpan(low - other.first, high - low + 1);
        for (int i = 0; i < into.Length; i++)
            into[i] += from[i];
    }

    /// <summary>Sets all counts to 0 and keeps the array.</summary>
    public readonly void Clear()
    {
        if (counts is not null)
            Array.Clear(counts);
    }

    private void Grow(int low, int high)
    {
        int lowOctave = (low - 1) / Buckets.PerOctave;
        int endOctave = ((high - 1) / Buckets.PerOctave) + 1;
        if (counts is not null)
        {
            int oldLow = (first - 1) / Buckets.PerOctave;
            int oldEnd = oldLow + (counts.Length / Buckets.PerOctave);
            int half = (oldEnd - oldLow) / 2;
            lowOctave = lowOctave < oldLow
                ? Math.Max(0, Math.Min(lowOctave, oldLow - half))
                : oldLow;
            endOctave = endOctave > oldEnd
                ? Math.Min(OctaveCount, Math.Max(endOctave, oldEnd + half))
                : oldEnd;
        }

        long[] grown = new long[(endOctave - lowOctave) * Buckets.PerOctave];
        int grownFirst = 1 + (lowOctave * Buckets.PerOctave);
        counts?.CopyTo(grown, first - grownFirst);
        counts = grown;
        first = grownFirst;
    }
}
