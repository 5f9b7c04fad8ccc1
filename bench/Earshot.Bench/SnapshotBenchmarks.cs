using BenchmarkDotNet.Attributes;
using Earshot.Actors.Stages;
using Earshot.Snapshots;

namespace Earshot.Bench;

/// <summary>
/// The whole state of a fused stage to parts and back, after 400,000 events of generated traffic:
/// some 400 keys with their open windows, live calls, remembered ids. Without the store.
/// </summary>
[MemoryDiagnoser]
public class SnapshotBenchmarks
{
    private readonly List<SnapshotPart> parts = [];
    private FusedStage stage = null!;
    private Dictionary<string, byte[]> stored = [];

    [GlobalSetup]
    public void Setup()
    {
        StageFeed feed = new();
        stage = new FusedStage(StageFeed.Options, 0, StageFeed.Decoder);
        feed.Fill(stage, static _ => { });
        feed.Measure(stage, StageFeed.Count, static _ => { });
        stored = [];
        Save();
        foreach (SnapshotPart part in parts)
            stored[part.Key] = part.Value!;
    }

    /// <summary>All of it; parts with their bytes.</summary>
    [Benchmark]
    public int Save()
    {
        parts.Clear();
        stage.Save(parts, whole: true);
        return parts.Count;
    }

    [Benchmark]
    public StageProgress Load()
    {
        FusedStage fresh = new(StageFeed.Options, 0, StageFeed.Decoder);
        fresh.Load(stored);
        return fresh.Progress;
    }
}
