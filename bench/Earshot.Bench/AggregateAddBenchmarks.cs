using BenchmarkDotNet.Attributes;
using Earshot.Analytics;

namespace Earshot.Bench;

/// <summary>A value added to one of 1,000 aggregates, in random order.</summary>
[MemoryDiagnoser]
public class AggregateAddBenchmarks
{
    private const int Keys = 1_000;

    // As many values as each key keeps raw, all in all.
    private const int Count = Keys * Aggregate.RawMax;

    private double[] values = [];
    private int[] order = [];
    private Aggregate[] raw = [];
    private Aggregate[] bucketed = [];
    private Aggregate[] starts = [];

    [GlobalSetup]
    public void Setup()
    {
        values = Values.Make(Count);
        order = Values.Order(Keys, Count);
        raw = Values.Aggregates(Keys, valuesEach: 1);
        bucketed = Values.Aggregates(Keys, valuesEach: 1_000);
        starts = Values.Aggregates(Keys, valuesEach: 1_000);
    }

    /// <summary>Few values: each is kept. An aggregate that is full starts anew.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public void Raw()
    {
        for (int i = 0; i < Count; i++)
        {
            Aggregate aggregate = raw[order[i]];
            if (aggregate.Count == Aggregate.RawMax)
                aggregate.Reset();
            aggregate.Add(values[i]);
        }
    }

    /// <summary>
    /// Many values: each is counted in its bucket. An aggregate that has very many starts anew.
    /// </summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public void Bucketed()
    {
        for (int i = 0; i < Count; i++)
        {
            Values.Renew(bucketed[order[i]], starts[order[i]]);
            bucketed[order[i]].Add(values[i]);
        }
    }
}
