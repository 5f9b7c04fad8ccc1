using BenchmarkDotNet.Attributes;
using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Stages;

namespace Earshot.Bench;

/// <summary>
/// The hot path: decode, decide, join and combine by the default keys, one record after another.
/// Per event; no epoch ends.
/// </summary>
[MemoryDiagnoser]
public class CallStageBenchmarks
{
    private readonly StageFeed feed = new();
    private CallStage stage = null!;

    [IterationSetup]
    public void Fill()
    {
        stage = new CallStage(StageFeed.Options, 0, StageFeed.Decoder);
        feed.Fill(stage, static _ => { });
    }

    [Benchmark(OperationsPerInvoke = StageFeed.Count)]
    public long Apply()
    {
        EpochOutputs outputs = new(Topics.Default, 0);
        feed.Apply(stage, outputs);
        return outputs.SizeBytes;
    }
}
