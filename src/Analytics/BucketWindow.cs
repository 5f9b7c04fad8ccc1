using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Earshot.Analytics;

/// <summary>
/// The counts of the buckets of one sign, addressed by magnitude index (1 to
/// <see cref="Buckets.IndexMax"/>): one dense array over the powers of two in use. It grows by
/// whole powers of two and at least by half, so that adding costs amortised constant time.
/// <para>
/// Most counts are small: each takes one byte, until one of them needs two, then four, then eight.
/// So the counts of a power of two are one or two cache lines, and all of them 52 KiB at most.
/// </para>
/// </summary>
internal struct BucketWindow
{
    private const int OctaveCount = Buckets.IndexMax / Buckets.PerOctave;
    private const int WidestShift = 3;

    // Count of magnitude index i is at i - first, 1 << shift bytes wide; null until the first.
    private byte[]? counts;

    // Magnitude index of the first count: 1 + a multiple of 64.
    private int first;
    private int shift;

    /// <summary>The least magnitude index that may have a count.</summary>
    public readonly int First => first;

    /// <summary>The magnitude index after the last one that may have a count.</summary>
    public readonly int End => first + Length;

    private readonly int Length => counts is null ? 0 : counts.Length >> shift;

    /// <summary>The count of a magnitude index between First and End.</summary>
    public readonly long this[int magnitude] => CountAt(magnitude - first);

    /// <summary>Adds a value to the bucket of each magnitude index.</summary>
    public void AddOnes(ReadOnlySpan<int> magnitudes)
    {
        while (true)
        {
            magnitudes = magnitudes[CountOnes(magnitudes)..];
            if (magnitudes.IsEmpty)
                return;

            // This one has to make room first.
            Add(magnitudes[0], 1);
            magnitudes = magnitudes[1..];
        }
    }

    /// <summary>Adds values to a bucket.</summary>
    public void Add(int magnitude, long count)
    {
        Debug.Assert(magnitude is > 0 and <= Buckets.IndexMax);
        int at = magnitude - first;
        if ((uint)at >= (uint)Length)
        {
            Grow(magnitude, magnitude);
            at = magnitude - first;
        }

        long sum = CountAt(at) + count;
        Widen(sum);
        Set(at, sum);
    }

    /// <summary>Adds all counts of another window, which may be this one.</summary>
    public void Add(in BucketWindow other)
    {
        int low = other.NextUsed(other.first), last = other.LastUsed();
        if (low > last)
            return;
        if (low < first || last >= End)
            Grow(low, last);
        while (low <= last)
        {
            int next = StartOfOctave(low) + Buckets.PerOctave;
            if (!TryAddOctave(other, StartOfOctave(low)))
            {
                for (; low < next && low <= last; low = other.NextUsed(low + 1))
                    Add(low, other[low]);
            }

            low = other.NextUsed(Math.Min(next, other.End));
        }
    }

    /// <summary>The first magnitude index from one on that has a count; End: none.</summary>
    /// <param name="magnitude">Not below First.</param>
    public readonly int NextUsed(int magnitude)
    {
        int start = (magnitude - first) << shift;
        int found = counts.AsSpan(Math.Min(start, counts?.Length ?? 0)).IndexOfAnyExcept((byte)0);
        return found < 0 ? End : first + ((start + found) >> shift);
    }

    /// <summary>Appends the buckets in use, ascending by magnitude index.</summary>
    public readonly void CopyTo(List<BucketCount> into)
    {
        for (int octave = first; octave < End; octave += Buckets.PerOctave)
        {
            for (ulong used = UsedIn(octave); used != 0; used &= used - 1)
            {
                int magnitude = octave + BitOperations.TrailingZeroCount(used);
                into.Add(new BucketCount(magnitude, this[magnitude]));
            }
        }
    }

    /// <summary>Sets all counts to 0 and keeps the array.</summary>
    public readonly void Clear()
    {
        if (counts is not null)
            Array.Clear(counts);
    }

    // How many ones were added before the first for which something has to grow or widen.
    private readonly int CountOnes(ReadOnlySpan<int> magnitudes) => shift switch
    {
        0 => CountOnes(counts.AsSpan(), magnitudes),
        1 => CountOnes(As<ushort>(), magnitudes),
        2 => CountOnes(As<uint>(), magnitudes),
        _ => 0,
    };

    private readonly int CountOnes<T>(Span<T> into, ReadOnlySpan<int> magnitudes)
        where T : IBinaryInteger<T>, IMinMaxValue<T>
    {
        int start = first;
        for (int i = 0; i < magnitudes.Length; i++)
        {
            int at = magnitudes[i] - start;
            if ((uint)at >= (uint)into.Length || into[at] == T.MaxValue)
                return i;
            into[at]++;
        }

        return magnitudes.Length;
    }

    // All counts of a power of two at once, where both are narrow. False: nothing was added.
    private readonly bool TryAddOctave(in BucketWindow other, int magnitude)
    {
        if (other.shift != 0 || shift > 1)
            return false;
        Vector512<byte> added = Vector512.Create(
            other.counts.AsSpan(magnitude - other.first, Buckets.PerOctave));
        int at = magnitude - first;
        if (shift == 0)
        {
            Span<byte> bytes = counts.AsSpan(at, Buckets.PerOctave);
            Vector512<byte> before = Vector512.Create<byte>(bytes), sum = before + added;
            if (Vector512.LessThanAny(sum, before))
                return false;
            sum.CopyTo(bytes);
            return true;
        }

        Span<ushort> pairs = As<ushort>().Slice(at, Buckets.PerOctave);
        (Vector512<ushort> addedLow, Vector512<ushort> addedHigh) = Vector512.Widen(added);
        Vector512<ushort> low = Vector512.Create<ushort>(pairs);
        Vector512<ushort> high = Vector512.Create<ushort>(pairs[Vector512<ushort>.Count..]);
        if (Vector512.LessThanAny(low + addedLow, low)
            || Vector512.LessThanAny(high + addedHigh, high))
            return false;
        (low + addedLow).CopyTo(pairs);
        (high + addedHigh).CopyTo(pairs[Vector512<ushort>.Count..]);
        return true;
    }

    private static int StartOfOctave(int magnitude) =>
        1 + ((magnitude - 1) & -Buckets.PerOctave);

    // Bit i: the bucket at i in a power of two has a count.
    private readonly ulong UsedIn(int octave)
    {
        int at = octave - first;
        if (shift == 0)
        {
            return ~Vector512.Equals(
                Vector512.Create(counts.AsSpan(at, Buckets.PerOctave)), Vector512<byte>.Zero)
                .ExtractMostSignificantBits();
        }

        ulong used = 0;
        for (int i = 0; i < Buckets.PerOctave; i++)
            used |= CountAt(at + i) == 0 ? 0 : 1UL << i;
        return used;
    }

    private readonly int LastUsed() =>
        first + (counts.AsSpan().LastIndexOfAnyExcept((byte)0) >> shift);

    private readonly long CountAt(int at) => shift switch
    {
        0 => counts![at],
        1 => As<ushort>()[at],
        2 => As<uint>()[at],
        _ => As<long>()[at],
    };

    private readonly void Set(int at, long count)
    {
        switch (shift)
        {
            case 0: counts![at] = (byte)count; break;
            case 1: As<ushort>()[at] = (ushort)count; break;
            case 2: As<uint>()[at] = (uint)count; break;
            default: As<long>()[at] = count; break;
        }
    }

    private readonly Span<T> As<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(counts.AsSpan());

    // Makes every count wide enough for this one.
    private void Widen(long count)
    {
        if (shift == WidestShift || (ulong)count >> (8 << shift) == 0)
            return;
        int wider = shift + 1;
        while (wider < WidestShift && (ulong)count >> (8 << wider) != 0)
            wider++;
        BucketWindow widened = new()
        {
            counts = new byte[Length << wider], first = first, shift = wider,
        };
        for (int at = 0; at < Length; at++)
            widened.Set(at, CountAt(at));
        this = widened;
    }

    private void Grow(int low, int high)
    {
        int lowOctave = (low - 1) / Buckets.PerOctave;
        int endOctave = ((high - 1) / Buckets.PerOctave) + 1;
        if (counts is not null)
        {
            int oldLow = (first - 1) / Buckets.PerOctave;
            int oldEnd = oldLow + (Length / Buckets.PerOctave);
            int half = (oldEnd - oldLow) / 2;
            lowOctave = lowOctave < oldLow
                ? Math.Max(0, Math.Min(lowOctave, oldLow - half))
                : oldLow;
            endOctave = endOctave > oldEnd
                ? Math.Min(OctaveCount, Math.Max(endOctave, oldEnd + half))
                : oldEnd;
        }

        byte[] grown = new byte[(endOctave - lowOctave) * Buckets.PerOctave << shift];
        int grownFirst = 1 + (lowOctave * Buckets.PerOctave);
        counts?.CopyTo(grown, (first - grownFirst) << shift);
        counts = grown;
        first = grownFirst;
    }
}
