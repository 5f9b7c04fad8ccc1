using System.Runtime.InteropServices;

namespace Earshot.Analytics;

// Quantiles and buckets: reading the distribution.
public sealed partial class Aggregate
{
    /// <summary>
    /// An aggregate beyond <see cref="RawMax"/> values from its parts.
    /// </summary>
    /// <param name="sum">Sum of the values.</param>
    /// <param name="m2">Sum of squared deviations from the mean, not negative.</param>
    /// <param name="min">Least value, finite.</param>
    /// <param name="max">Greatest value, finite.</param>
    /// <param name="indexes">Buckets, in any order; one named twice adds up.</param>
    /// <param name="counts">Values per bucket, each above 0, as many as indexes.</param>
    /// <exception cref="ArgumentException">
    /// The parts contradict each other, or there are at most <see cref="RawMax"/> values: those are
    /// kept as they are (<see cref="FromRaw"/>), or the result would depend on how it was split.
    /// </exception>
    public static Aggregate FromBuckets(
        double sum,
        double m2,
        double min,
        double max,
        ReadOnlySpan<int> indexes,
        ReadOnlySpan<long> counts)
    {
        Aggregate aggregate = new();
        aggregate.SetBuckets(sum, m2, min, max, indexes, counts);
        return aggregate;
    }

    /// <summary>Makes this the aggregate of <see cref="FromBuckets"/>; keeps its memory.</summary>
    /// <exception cref="ArgumentException">The parts contradict each other; it is empty.
    /// </exception>
    public void SetBuckets(
        double sum,
        double m2,
        double min,
        double max,
        ReadOnlySpan<int> indexes,
        ReadOnlySpan<long> counts)
    {
        Reset();
        if (indexes.Length != counts.Length)
            throw new ArgumentException($"{indexes.Length} indexes for {counts.Length} counts.");
        if (!double.IsFinite(min) || !double.IsFinite(max) || min > max || m2 < 0)
            throw new ArgumentException($"Impossible statistics: min {min}, max {max}, m2 {m2}.");
        long total = 0;
        for (int i = 0; i < indexes.Length; i++)
        {
            if (indexes[i] is < -Buckets.IndexMax or > Buckets.IndexMax || counts[i] <= 0)
                throw new ArgumentException($"Impossible bucket {indexes[i]} x {counts[i]}.");
            total = checked(total + counts[i]);
        }

        if (total <= RawMax)
            throw new ArgumentException($"Buckets of only {total} values.");
        spread ??= new Spread();
        for (int i = 0; i < indexes.Length; i++)
            spread.AddBucket(indexes[i], counts[i]);
        spread.Moments = new Moments(total, sum, m2, min + 0.0, max + 0.0);
        count = total;
    }

    /// <summary>
    /// The P-percent quantile, sorted[min(n * P / 100, n - 1)] in integer arithmetic. Exact up to
    /// <see cref="RawMax"/> values; beyond, the middle of the bucket that holds that rank, clamped
    /// to Min and Max.
    /// </summary>
    /// <param name="percent">P, 0 to 100.</param>
    /// <exception cref="InvalidOperationException">There are no values.</exception>
    /// <exception cref="ArgumentOutOfRangeException">P is outside of its range.</exception>
    public double Quantile(int percent)
    {
        double result = 0;
        Quantiles(new ReadOnlySpan<int>(in percent), new Span<double>(ref result));
        return result;
    }

    /// <summary>
    /// Several quantiles as by <see cref="Quantile"/>, in one pass when the percents ascend.
    /// </summary>
    /// <param name="percents">Each 0 to 100.</param>
    /// <param name="into">Receives one value per percent; at least as long.</param>
    /// <exception cref="InvalidOperationException">There are no values.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A percent is outside of its range.</exception>
    public void Quantiles(ReadOnlySpan<int> percents, Span<double> into)
    {
        ThrowIfEmpty();
        ArgumentOutOfRangeException.ThrowIfLessThan(into.Length, percents.Length, nameof(into));
        foreach (int percent in percents)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(percent, nameof(percents));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100, nameof(percents));
        }

        if (IsRaw)
        {
            RawQuantiles(SortRaw(stackalloc double[RawMax]), percents, into);
            return;
        }

        List<BucketCount> used = [];
        spread!.CopyBuckets(used);
        BucketQuantiles(CollectionsMarshal.AsSpan(used), percents, into);
    }

    /// <summary>
    /// Moments, quantiles and buckets together: cheaper than one after the other.
    /// </summary>
    /// <param name="percents">As for <see cref="Quantiles"/>.</param>
    /// <param name="quantiles">Receives one value per percent; at least as long.</param>
    /// <param name="buckets">As for <see cref="CopyBuckets(List{BucketCount})"/>.</param>
    /// <exception cref="InvalidOperationException">There are no values.</exception>
    public Moments Describe(
        ReadOnlySpan<int> percents, Span<double> quantiles, List<BucketCount> buckets)
    {
        if (!IsRaw)
        {
            int start = buckets.Count;
            spread!.CopyBuckets(buckets);
            BucketQuantiles(CollectionsMarshal.AsSpan(buckets)[start..], percents, quantiles);
            return Moments;
        }

        ThrowIfEmpty();
        Span<double> sorted = SortRaw(stackalloc double[RawMax]);
        RawQuantiles(sorted, percents, quantiles);
        CopyBuckets(sorted, buckets);
        return Moments.OfSorted(sorted);
    }

    /// <summary>
    /// Appends the buckets in use, ascending by index, also while the values are still raw. Their
    /// counts add up to <see cref="Count"/>.
    /// </summary>
    public void CopyBuckets(List<BucketCount> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        if (!IsRaw)
        {
            spread!.CopyBuckets(into);
            return;
        }

        if (count > 0)
            CopyBuckets(SortRaw(stackalloc double[RawMax]), into);
    }

    // Of one value at least.
    private static void CopyBuckets(ReadOnlySpan<double> sorted, List<BucketCount> into)
    {
        int last = Buckets.IndexOf(sorted[0]), start = 0;
        for (int i = 1; i < sorted.Length; i++)
        {
            int index = Buckets.IndexOf(sorted[i]);
            if (index == last)
                continue;
            into.Add(new BucketCount(last, i - start));
            (last, start) = (index, i);
        }

        into.Add(new BucketCount(last, sorted.Length - start));
    }

    private long RankOf(int percent)
    {
        // n * P / 100 without overflow for any n.
        long rank = (count / 100 * percent) + (count % 100 * percent / 100);
        return Math.Min(rank, count - 1);
    }

    private Span<double> SortRaw(Span<double> buffer)
    {
        RawValues.CopyTo(buffer);
        Span<double> sorted = buffer[..(int)count];
        FewValues.Sort(sorted);
        return sorted;
    }

    private void RawQuantiles(
        ReadOnlySpan<double> sorted, ReadOnlySpan<int> percents, Span<double> into)
    {
        for (int i = 0; i < percents.Length; i++)
            into[i] = sorted[(int)RankOf(percents[i])];
    }

    // Of the buckets in use, ascending.
    private void BucketQuantiles(
        ReadOnlySpan<BucketCount> used, ReadOnlySpan<int> percents, Span<double> into)
    {
        int next = 0;
        long passed = 0;
        for (int i = 0; i < percents.Length; i++)
        {
            long rank = RankOf(percents[i]);
            if (next > 0 && rank < passed - used[next - 1].Count)
                (next, passed) = (0, 0);
            while (passed <= rank)
                passed += used[next++].Count;
            into[i] = Math.Clamp(
                Buckets.ValueOf(used[next - 1].Index), spread!.Moments.Min, spread.Moments.Max);
        }
    }
}
