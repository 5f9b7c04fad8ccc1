using Earshot.Analytics;
using FsCheck.Fluent;

namespace Earshot.Tests.Unit.Analytics;

public class AggregateMergeTests
{
    [Fact]
    public void TheEmptyOneIsTheIdentity() =>
        Streams.Check(Streams.Stream, values =>
        {
            Aggregate left = new();
            left.Merge(Aggregate.FromRaw(values));
            Streams.AssertSame(Aggregate.FromRaw(values), left);
            Aggregate right = Aggregate.FromRaw(values);
            right.Merge(new Aggregate());
            Streams.AssertSame(Aggregate.FromRaw(values), right);
        });

    [Fact]
    public void MergeIsCommutativeAndLeavesTheOtherAsItIs() =>
        Streams.Check(Streams.Pairs(Streams.Stream), pair =>
        {
            Aggregate b = Aggregate.FromRaw(pair.B);
            Aggregate ab = Merged(Aggregate.FromRaw(pair.A), b);
            Aggregate ba = Merged(Aggregate.FromRaw(pair.B), Aggregate.FromRaw(pair.A));
            Streams.AssertSame(ab, ba);
            Assert.Equal(ab.Sum, ba.Sum);
            Assert.Equal(ab.M2, ba.M2);
            Streams.AssertSame(Aggregate.FromRaw([.. pair.A, .. pair.B]), ab);
            Streams.AssertSame(Aggregate.FromRaw(pair.B), b);
        });

    [Fact]
    public void MergeIsAssociative() =>
        Streams.Check(Streams.Triples(Streams.Stream), triple =>
        {
            Aggregate left = Merged(
                Merged(Aggregate.FromRaw(triple.A), Aggregate.FromRaw(triple.B)),
                Aggregate.FromRaw(triple.C));
            Aggregate right = Merged(
                Aggregate.FromRaw(triple.A),
                Merged(Aggregate.FromRaw(triple.B), Aggregate.FromRaw(triple.C)));
            Streams.AssertSame(left, right);
        });

    [Fact]
    public void MergedWithItselfEveryValueCountsTwice()
    {
        foreach (int size in new[] { 0, 1, 32, 33, 64, 65, 300 })
        {
            double[] values = Streams.Random(size, size, -9, 90);
            Aggregate aggregate = Aggregate.FromRaw(values);
            aggregate.Merge(aggregate);
            Streams.AssertSame(Aggregate.FromRaw([.. values, .. values]), aggregate);
        }
    }

    [Fact]
    public void AnyOrderAndSplitEqualsTheBatch() =>
        Streams.Check(
            Streams.Stream.SelectMany(values => Gen.Choose(0, int.MaxValue)
                .Select(seed => (Values: values, Seed: seed))),
            input =>
            {
                Random random = new(input.Seed);
                double[] shuffled = [.. input.Values];
                random.Shuffle(shuffled);
                Streams.AssertSame(
                    Aggregate.FromRaw(input.Values), MergedInParts(shuffled, random));
            },
            200);

    [Theory]
    [InlineData(31, 32)] // 63
    [InlineData(32, 32)] // 64
    [InlineData(32, 33)] // 65, each part raw
    [InlineData(64, 1)]
    [InlineData(1, 64)]
    [InlineData(64, 64)]
    [InlineData(65, 64)]
    [InlineData(64, 65)]
    [InlineData(65, 65)]
    public void SplitsAroundTheLimitEqualTheBatch(int first, int second)
    {
        double[] values = Streams.Random(first, first + second, -20, 200);
        Aggregate merged = Merged(
            Aggregate.FromRaw(values.AsSpan(0, first)), Aggregate.FromRaw(values.AsSpan(first)));
        Streams.AssertSame(Aggregate.FromRaw(values), merged);
        Assert.Equal(first + second <= 64 ? first + second : 0, merged.RawValues.Length);
    }

    [Fact]
    public void SumsOfOneSignAgreeToAPartInABillion()
    {
        double[] values = Streams.Random(5, 20_000, 1, 500);
        Aggregate batch = Aggregate.FromRaw(values);
        Aggregate merged = MergedInParts(values, new Random(6));
        double mean = values.Average();
        double squares = values.Sum(value => (value - mean) * (value - mean));
        double deviation = Math.Sqrt(squares / (values.Length - 1));
        foreach (Aggregate aggregate in new[] { batch, merged })
        {
            Assert.Equal(1, aggregate.Sum / values.Sum(), 1e-9);
            Assert.Equal(1, aggregate.Mean / mean, 1e-9);
            Assert.Equal(1, aggregate.StandardDeviation!.Value / deviation, 1e-9);
        }
    }

    [Fact]
    public void SmallDeviationsOfALargeMeanSurvive()
    {
        double[] values = [.. Streams.Random(7, 500, 0, 1).Select(value => 1e6 + value)];
        double mean = 1e6 + values.Average(value => value - 1e6);
        double variance = values.Sum(value => (value - mean) * (value - mean)) / 499;
        Aggregate merged = MergedInParts(values, new Random(8));
        Assert.Equal(1, merged.StandardDeviation!.Value / Math.Sqrt(variance), 1e-6);
    }

    [Fact]
    public void FromBucketsIsTheInverseOfCopyBuckets()
    {
        Aggregate aggregate = Aggregate.FromRaw(Streams.Random(4, 300, -5, 50));
        BucketCount[] buckets = Streams.BucketsOf(aggregate);
        Aggregate copy = Aggregate.FromBuckets(
            aggregate.Sum,
            aggregate.M2,
            aggregate.Min,
            aggregate.Max,
            [.. buckets.Select(bucket => bucket.Index)],
            [.. buckets.Select(bucket => bucket.Count)]);
        Streams.AssertSame(aggregate, copy);
        Assert.Equal(aggregate.Sum, copy.Sum);
        Assert.Equal(aggregate.M2, copy.M2);
    }

    [Fact]
    public void ImpossibleBucketsAreRefused()
    {
        Refuse(1, 2, [1], [64]); // so few are kept raw
        Refuse(1, 2, [1, 2], [65]);
        Refuse(1, 2, [1], [0]);
        Refuse(1, 2, [Buckets.IndexMax + 1], [65]);
        Refuse(2, 1, [1], [65]);
        Refuse(double.NaN, 1, [1], [65]);

        static void Refuse(double min, double max, int[] indexes, long[] counts) =>
            Assert.Throws<ArgumentException>(
                () => Aggregate.FromBuckets(1, 1, min, max, indexes, counts));
    }

    internal static Aggregate MergedInParts(ReadOnlySpan<double> values, Random random)
    {
        List<Aggregate> parts = [];
        while (!values.IsEmpty)
        {
            int size = random.Next(0, Math.Min(values.Length, 90)) + 1;
            parts.Add(Aggregate.FromRaw(values[..size]));
            values = values[size..];
        }

        while (parts.Count > 1)
        {
            int a = random.Next(parts.Count);
            Aggregate taken = parts[a];
            parts.RemoveAt(a);
            parts[random.Next(parts.Count)].Merge(taken);
        }

        return parts.Count == 0 ? new Aggregate() : parts[0];
    }

    private static Aggregate Merged(Aggregate into, Aggregate other)
    {
        into.Merge(other);
        return into;
    }
}
