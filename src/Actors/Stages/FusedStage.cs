using Earshot.Actors.Calls;
using Earshot.Actors.Keys;
using Earshot.Actors.Ports;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Stages;

/// <summary>
/// Both stages in one, for a single source partition: the bundle is passed by reference, one
/// snapshot holds both states, and no bundles topic is needed.
/// </summary>
public sealed class FusedStage : IStage
{
    private readonly CallStage call;
    private readonly AggregatorStage aggregator;

    /// <summary>Creates an empty stage.</summary>
    public FusedStage(PipelineOptions options, int partition, IRecordDecoder decoder)
    {
        SymbolTable metrics = Schemas.Metrics.CreateTable();
        call = new CallStage(options, partition, decoder, metrics);
        aggregator = new AggregatorStage(options, metrics);
    }

    /// <inheritdoc/>
    public string Name => "fused";

    /// <inheritdoc/>
    public bool Complete => aggregator.Complete;

    /// <inheritdoc/>
    public StageProgress Progress => call.Progress with
    {
        Keys = aggregator.Progress.Keys,
        KeysOutOfMemory = aggregator.Progress.KeysOutOfMemory,
        OpenWindows = aggregator.Progress.OpenWindows,
        ClosedWindows = aggregator.Progress.ClosedWindows,
        LatePartials = aggregator.Progress.LatePartials,
        DuplicateBundles = aggregator.Progress.DuplicateBundles,
        BundleGaps = aggregator.Progress.BundleGaps,
    };

    /// <inheritdoc/>
    public IReadOnlyList<CountryPddLimit> PddLimits => call.PddLimits;

    /// <inheritdoc/>
    public void Apply(RecordBatch batch, int index, EpochOutputs outputs) =>
        call.Apply(batch, index, outputs);

    /// <inheritdoc/>
    public void Skip(RecordBatch batch, int index, string error, EpochOutputs outputs) =>
        call.Skip(batch, index, error, outputs);

    /// <inheritdoc/>
    public void EndInput(EpochOutputs outputs) => call.EndInput(outputs);

    /// <inheritdoc/>
    public void EndEpoch(long from, long to, bool idle, EpochOutputs outputs)
    {
        aggregator.Merge(call.CutBundle(from, to, idle), to - 1, outputs);
        call.ReleaseBundle();
        aggregator.EndEpoch(from, to, idle, outputs);
    }

    /// <inheritdoc/>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        call.Save(into, whole);
        aggregator.Save(into, whole);
    }

    /// <inheritdoc/>
    public void Attach(IColdState cold) => aggregator.Attach(cold);

    /// <inheritdoc/>
    public bool NeedsColdParts => aggregator.NeedsColdParts;

    /// <inheritdoc/>
    public void SnapshotAnswered(bool stored) => aggregator.SnapshotAnswered(stored);

    /// <inheritdoc/>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        call.Load(parts);
        aggregator.Load(parts);
    }
}
