using Earshot.Analytics;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace Earshot.Tests.Unit.Analytics;

/// <summary>Streams of values for properties, and when two results are the same.</summary>
internal static class Streams
{
    public static readonly int[] Percents = [0, 1, 10, 25, 50, 75, 90, 95, 99, 100];

    private static readonly int[] Sizes = [0, 1, 2, 5, 32, 33, 63, 64, 65, 66, 100, 128, 129, 400];

    /// <summary>Zero, repeated small numbers, wide magnitudes and negative ones.</summary>
    public static readonly Gen<double> Value = Gen.Frequency(
        (1, Gen.Constant(0.0)),
        (1, Gen.Constant(-0.0)),
        (3, Gen.Choose(-5, 20).Select(n => (double)n)),
        (3, Gen.Choose(1, 1_000_000).Select(n => n / 997.0)),
        (2, Gen.Choose(1, 1_000_000).Select(n => -n / 1013.0)),
        (1, Gen.Choose(-30, 30).Select(n => Math.ScaleB(1.1, n))));

    /// <summary>Streams whose sizes crowd around the limit of the raw values.</summary>
    public static readonly Gen<double[]> Stream =
        Gen.Elements(Sizes).SelectMany(size => Gen.ArrayOf(Value, size));

    public static Gen<(T A, T B)> Pairs<T>(Gen<T> gen) =>
        gen.SelectMany(a => gen.Select(b => (a, b)));

    public static Gen<(T A, T B, T C)> Triples<T>(Gen<T> gen) =>
        Pairs(gen).SelectMany(pair => gen.Select(c => (pair.A, pair.B, c)));

    /// <summary>Checks a property with a fixed seed.</summary>
    public static void Check<T>(Gen<T> gen, Action<T> property, int tests = 100)
    {
        Replay replay = new(new Rnd(20221221UL), FSharpOption<int>.None);
        Config config = Config.QuickThrowOnFailure
            .WithMaxTest(tests)
            .WithReplay(FSharpOption<Replay>.Some(replay));
        FsCheck.Check.One(config, Prop.ForAll(Arb.From(gen), property));
    }

    /// <summary>The same in every way that must not depend on order and cut.</summary>
    public static void AssertSame(Aggregate expected, Aggregate actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        Assert.Equal(expected.Min, actual.Min);
        Assert.Equal(expected.Max, actual.Max);
        Assert.Equal(expected.RawValues.Length, actual.RawValues.Length);
        Assert.Equal(BucketsOf(expected), BucketsOf(actual));
        if (expected.Count == 0)
            return;
        Assert.Equal(QuantilesOf(expected), QuantilesOf(actual));

        // Relative to the values' magnitude: sums of both signs may cancel to nearly nothing.
        double scale = Math.Max(Math.Abs(expected.Min), Math.Abs(expected.Max));
        double tolerance = 1e-9 * scale;
        Assert.Equal(expected.Sum, actual.Sum, tolerance * expected.Count);
        Assert.Equal(expected.Mean, actual.Mean, tolerance);
        Assert.Equal(expected.StandardDeviation.HasValue, actual.StandardDeviation.HasValue);
        Assert.Equal(expected.StandardDeviation ?? 0, actual.StandardDeviation ?? 0, tolerance);
    }

    public static BucketCount[] BucketsOf(Aggregate aggregate)
    {
        List<BucketCount> buckets = [];
        aggregate.CopyBuckets(buckets);
        return [.. buckets];
    }

    public static double[] QuantilesOf(Aggregate aggregate)
    {
        double[] quantiles = new double[Percents.Length];
        aggregate.Quantiles(Percents, quantiles);
        return quantiles;
    }

    public static double[] Random(int seed, int size, double low, double high)
    {
        Random random = new(seed);
        double[] values = new double[size];
        for (int i = 0; i < size; i++)
            values[i] = low + ((high - low) * random.NextDouble());
        return values;
    }
}
