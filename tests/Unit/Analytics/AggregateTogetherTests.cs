using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

/// <summary>Values added together, and buckets of many values.</summary>
public class AggregateTogetherTests
{
    [Fact]
    public void ValuesAddedTogetherAreAddedOneByOne() =>
        Streams.Check(Streams.Triples(Streams.Stream), triple =>
        {
            Aggregate together = new(), single = new();
            foreach (double[] values in (double[][])[triple.A, triple.B, triple.C])
            {
                together.Add(values);
                foreach (double value in values)
                    single.Add(value);
            }

            Streams.AssertSame(single, together);
        });

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void WhereOneIsNotFiniteNoneIsAdded(double wrong)
    {
        foreach (int before in (int[])[0, 3, 64, 200])
        {
            double[] values = Streams.Random(before, before, -3, 8);
            Aggregate aggregate = Aggregate.FromRaw(values);
            double[] more = [1, 2, wrong, 4];
            Assert.Throws<ArgumentOutOfRangeException>(() => aggregate.Add(more));
            Streams.AssertSame(Aggregate.FromRaw(values), aggregate);
        }
    }

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    public void ABucketCountsOnWhereItsCountNeedsMoreBytes(int count)
    {
        Aggregate aggregate = new();
        for (int i = 0; i < count; i++)
        {
            aggregate.Add(1.5);
            if (i % 100 == 0)
                aggregate.Add(-20);
        }

        Assert.Equal(
            [
                new BucketCount(Buckets.IndexOf(-20), (count + 99) / 100),
                new BucketCount(Buckets.IndexOf(1.5), count),
            ],
            Streams.BucketsOf(aggregate));
    }

    [Fact]
    public void CountsOfAnyWidthMerge()
    {
        long[] counts = [100, 200, 255, 256, 40_000, 65_535, 65_536, 3_000_000_000, 5_000_000_000];
        foreach (long first in counts)
        {
            foreach (long second in counts)
            {
                Aggregate merged = Of(first, 100);
                merged.Merge(Of(100, second));
                merged.Merge(Of(first, second));
                Assert.Equal(
                    [
                        new BucketCount(Buckets.IndexOf(1), (2 * first) + 100),
                        new BucketCount(Buckets.IndexOf(900), 100 + (2 * second)),
                    ],
                    Streams.BucketsOf(merged));
                merged.Reset();
                merged.Merge(Of(second, 1 + first));
                Assert.Equal(second, Streams.BucketsOf(merged)[0].Count);
            }
        }
    }

    private static Aggregate Of(long ones, long larger) => Aggregate.FromBuckets(
        ones + (900.0 * larger), 1, 1, 900, [Buckets.IndexOf(1), Buckets.IndexOf(900)],
        [ones, larger]);
}
