using BenchmarkDotNet.Attributes;
using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Log;

namespace Earshot.Bench;

/// <summary>
/// The two stages with bundles as bytes between them. Per event; what this takes beyond
/// <see cref="FusedStageBenchmarks"/> is writing and reading the bundles.
/// </summary>
[MemoryDiagnoser]
public class ShuffledStagesBenchmarks
{
    private readonly StageFeed feed = new();
    private readonly EpochOutputs rows = new(Topics.Default, 0);
    private CallStage call = null!;
    private AggregatorStage aggregator = null!;
    private long bundles;
    private long appends;

    /// <summary>Events in an epoch.</summary>
    [Params(1_000, 10_000, 100_000)]
    public int Epoch { get; set; }

    [IterationSetup]
    public void Fill()
    {
        call = new CallStage(StageFeed.Options, 0, StageFeed.Decoder);
        aggregator = new AggregatorStage(StageFeed.Options);
        bundles = 0;
        feed.Fill(call, Aggregate);
    }

    [Benchmark(OperationsPerInvoke = StageFeed.Count)]
    public long Run()
    {
        appends = 0;
        feed.Measure(call, Epoch, Aggregate);
        return appends;
    }

    private void Aggregate(IReadOnlyList<RecordAppend> outputs)
    {
        long from = bundles;
        foreach (RecordAppend append in outputs)
        {
            if (append.Target.Topic != Topics.Default.Bundles)
                continue;
            for (int i = 0; i < append.Records.Count; i++)
                aggregator.Apply(append.Records, i, rows);
            bundles += append.Records.Count;
        }

        aggregator.EndEpoch(from, bundles, idle: false, rows);
        appends += rows.Take().Count;
    }
}
