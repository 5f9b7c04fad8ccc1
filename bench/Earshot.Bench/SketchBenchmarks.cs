using BenchmarkDotNet.Attributes;
using Earshot.Analytics;

namespace Earshot.Bench;

/// <summary>
/// Reading a distribution, as a closing window does: the six percentiles and the buckets of one
/// of 1,000 aggregates. Per aggregate.
/// </summary>
[MemoryDiagnoser]
public class SketchBenchmarks
{
    private const int Keys = 1_000;

    private static readonly int[] percents = [25, 50, 75, 90, 95, 99];

    private readonly double[] quantiles = new double[percents.Length];
    private readonly List<BucketCount> buckets = [];
    private Aggregate[] aggregates = [];

    /// <summary>Values in each: raw up to 64, buckets beyond.</summary>
    [Params(8, 64, 1_000)]
    public int EachHas { get; set; }

    [GlobalSetup]
    public void Setup() => aggregates = Values.Aggregates(Keys, EachHas);

    [Benchmark(OperationsPerInvoke = Keys)]
    public double Percentiles()
    {
        double sum = 0;
        foreach (Aggregate aggregate in aggregates)
        {
            aggregate.Quantiles(percents, quantiles);
            sum += quantiles[^1];
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = Keys)]
    public int CopyBuckets()
    {
        int sum = 0;
        foreach (Aggregate aggregate in aggregates)
        {
            buckets.Clear();
            aggregate.CopyBuckets(buckets);
            sum += buckets.Count;
        }

        return sum;
    }
}
