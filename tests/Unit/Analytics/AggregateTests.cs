using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

public class AggregateTests
{
    [Fact]
    public void StatisticsOfAKnownStream()
    {
        Aggregate aggregate = Aggregate.FromRaw([2, 4, 4, 4, 5, 5, 7, 9]);
        Assert.Equal(8, aggregate.Count);
        Assert.Equal(40, aggregate.Sum);
        Assert.Equal(2, aggregate.Min);
        Assert.Equal(9, aggregate.Max);
        Assert.Equal(5, aggregate.Mean);
        Assert.Equal(32, aggregate.M2, 1e-12);
        Assert.Equal(Math.Sqrt(32.0 / 7), aggregate.StandardDeviation!.Value, 1e-12);
        Assert.Equal(5, aggregate.Quantile(50));
        Assert.Equal(7, aggregate.Quantile(75));
    }

    [Fact]
    public void AnEmptyOneIsTheIdentityAndHasNoMean()
    {
        Aggregate empty = new();
        Assert.Equal(0, empty.Count);
        Assert.Equal(0, empty.Sum);
        Assert.Equal(double.PositiveInfinity, empty.Min);
        Assert.Equal(double.NegativeInfinity, empty.Max);
        Assert.Null(empty.StandardDeviation);
        Assert.Empty(Streams.BucketsOf(empty));
        Assert.True(empty.RawValues.IsEmpty);
        Assert.Throws<InvalidOperationException>(() => empty.Mean);
        Assert.Throws<InvalidOperationException>(() => empty.Quantile(50));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void EqualValuesHaveExactlyTheirMeanAndNoDeviation(int count)
    {
        Aggregate aggregate = Aggregate.FromRaw(Enumerable.Repeat(0.1, count).ToArray());
        Assert.Equal(0.1, aggregate.Mean);
        Assert.Equal(count == 1 ? null : 0.0, aggregate.StandardDeviation);
        Assert.All(Streams.QuantilesOf(aggregate), quantile => Assert.Equal(0.1, quantile));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void WhatIsNotFiniteIsRefusedAndLeavesNoTrace(double value)
    {
        Aggregate aggregate = Aggregate.FromRaw([1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => aggregate.Add(value));
        Streams.AssertSame(Aggregate.FromRaw([1]), aggregate);
    }

    [Fact]
    public void QuantilesAreExactWhileRaw()
    {
        for (int size = 1; size <= Aggregate.RawMax; size++)
        {
            double[] values = Streams.Random(size, size, -50, 200);
            Aggregate aggregate = Aggregate.FromRaw(values);
            Assert.Equal(values, aggregate.RawValues.ToArray());
            double[] sorted = [.. values.Order()];
            for (int percent = 0; percent <= 100; percent++)
            {
                Assert.Equal(
                    sorted[Math.Min(size * percent / 100, size - 1)], aggregate.Quantile(percent));
            }
        }
    }

    [Theory]
    [InlineData(65, 0, 100)]
    [InlineData(66, -100, 0)]
    [InlineData(1000, -3, 3)]
    [InlineData(5000, 1e-9, 1e-6)]
    [InlineData(5000, -1e12, 1e15)]
    public void QuantilesBeyondAreWithinOnePercent(int size, double low, double high)
    {
        double[] values = Streams.Random(size, size, low, high);
        for (int i = 0; i < size; i += 7)
            values[i] = 0;
        Aggregate aggregate = Aggregate.FromRaw(values);
        Assert.True(aggregate.RawValues.IsEmpty);
        double[] sorted = [.. values.Order()];
        for (int percent = 0; percent <= 100; percent++)
        {
            double exact = sorted[Math.Min(size * percent / 100, size - 1)];
            double actual = aggregate.Quantile(percent);
            Assert.Equal(exact, actual, 0.01 * Math.Abs(exact));
            Assert.InRange(actual, aggregate.Min, aggregate.Max);
        }
    }

    [Fact]
    public void PercentsInAnyOrderGiveTheSame()
    {
        foreach (int size in new[] { 40, 500 })
        {
            Aggregate aggregate = Aggregate.FromRaw(Streams.Random(9, size, -10, 10));
            int[] percents = [99, 5, 5, 50, 0, 100, 49, 51];
            double[] together = new double[percents.Length];
            aggregate.Quantiles(percents, together);
            Assert.Equal(percents.Select(aggregate.Quantile), together);
        }
    }

    [Fact]
    public void PercentsOutsideOfTheRangeAreRefused()
    {
        Aggregate aggregate = Aggregate.FromRaw([1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => aggregate.Quantile(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => aggregate.Quantile(101));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => aggregate.Quantiles([1, 2], new double[1]));
    }

    [Fact]
    public void BucketsAscendAndCountEveryValue() =>
        Streams.Check(Streams.Stream, values =>
        {
            BucketCount[] buckets = Streams.BucketsOf(Aggregate.FromRaw(values));
            BucketCount[] expected =
            [
                .. values.GroupBy(Buckets.IndexOf).OrderBy(group => group.Key)
                    .Select(group => new BucketCount(group.Key, group.Count())),
            ];
            Assert.Equal(expected, buckets);
        });

    [Fact]
    public void ExtremeValuesStayBounded()
    {
        double[] extremes = [1e-300, -1e-300, 1e300, -1e300, 0, 1, -1, 1e100, -1e100, 1e-13, 1e18];
        Aggregate aggregate = new();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            aggregate.Add(extremes[i % extremes.Length]);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, 400_000);
        Assert.Equal(1000, aggregate.Count);
        Assert.Equal(-1e300, aggregate.Min);
        Assert.Equal(1e300, aggregate.Max);
        Assert.Null(aggregate.StandardDeviation);
        Assert.Equal(6, Streams.BucketsOf(aggregate).Length);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(10_000)]
    public void AddingAllocatesNothingOnceWarm(int size)
    {
        double[] values = Streams.Random(3, size, -200, 500);
        Aggregate aggregate = Aggregate.FromRaw(values);
        aggregate.Reset();
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (double value in values)
            aggregate.Add(value);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void AfterAResetNothingIsLeft() =>
        Streams.Check(Streams.Pairs(Streams.Stream), pair =>
        {
            Aggregate aggregate = Aggregate.FromRaw(pair.A);
            aggregate.Reset();
            Streams.AssertSame(new Aggregate(), aggregate);
            foreach (double value in pair.B)
                aggregate.Add(value);
            Streams.AssertSame(Aggregate.FromRaw(pair.B), aggregate);
        });
}
