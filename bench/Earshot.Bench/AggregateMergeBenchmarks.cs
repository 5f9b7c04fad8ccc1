using BenchmarkDotNet.Attributes;
using Earshot.Analytics;

namespace Earshot.Bench;

/// <summary>
/// A partial aggregate merged into its key's: 1,000 keys, many values in each. One that has very
/// many starts anew, as with a window.
/// </summary>
[MemoryDiagnoser]
public class AggregateMergeBenchmarks
{
    private const int Keys = 1_000;

    private Aggregate[] partials = [];
    private Aggregate[] starts = [];
    private Aggregate[] totals = [];

    /// <summary>Values in each partial: raw up to 64, buckets beyond.</summary>
    [Params(1, 16, 64, 1_000)]
    public int Partial { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        partials = Values.Aggregates(Keys, Partial);
        starts = Values.Aggregates(Keys, valuesEach: 2_000);
        totals = Values.Aggregates(Keys, valuesEach: 2_000);
    }

    [Benchmark(OperationsPerInvoke = Keys)]
    public void Merge()
    {
        for (int key = 0; key < Keys; key++)
        {
            Values.Renew(totals[key], starts[key]);
            totals[key].Merge(partials[key]);
        }
    }
}
