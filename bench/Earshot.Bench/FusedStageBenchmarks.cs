using BenchmarkDotNet.Attributes;
using Earshot.Actors.Stages;

namespace Earshot.Bench;

/// <summary>
/// Both stages in one, with epochs: what the default pipeline does with an event between reading
/// and committing it. Per event; rows are taken at each epoch's end.
/// </summary>
[MemoryDiagnoser]
public class FusedStageBenchmarks
{
    private readonly StageFeed feed = new();
    private FusedStage stage = null!;
    private long appends;

    /// <summary>Events in an epoch.</summary>
    [Params(1_000, 10_000, 100_000)]
    public int Epoch { get; set; }

    [IterationSetup]
    public void Fill()
    {
        stage = new FusedStage(StageFeed.Options, 0, StageFeed.Decoder);
        feed.Fill(stage, static _ => { });
    }

    [Benchmark(OperationsPerInvoke = StageFeed.Count)]
    public long Run()
    {
        appends = 0;
        feed.Measure(stage, Epoch, taken => appends += taken.Count);
        return appends;
    }
}
