using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Snapshots;
using Earshot.Tests.Simulation.Run;
using Google.Protobuf;

namespace Earshot.Tests.Simulation.Bugs;

/// <summary>A snapshot is written at the epoch's end, before its commit is known.</summary>
internal sealed class SnapshotBeforeCommit : Bug
{
    public override IStage Wrap(IStage stage, PartId id, SimulatedRun world) =>
        new Early(stage, id, world);

    private sealed class Early(IStage stage, PartId id, SimulatedRun world)
        : SabotagedStage(stage)
    {
        private long end;

        public override void EndEpoch(long from, long to, bool idle, EpochOutputs outputs)
        {
            base.EndEpoch(from, to, idle, outputs);
            end = to;
        }

        public override void Save(List<SnapshotPart> into, bool whole)
        {
            base.Save(into, whole);
            SnapshotOwner owner = new(Name, id.Source.Partition);
            long? since = whole ? null : world.Snapshots.Load(owner)?.Offset;
            world.Snapshots.Save(new SnapshotChange(owner, end, [.. into], since));
        }
    }
}

/// <summary>A snapshot leaves out a part that changed.</summary>
internal sealed class ChangeNotSaved : Bug
{
    public override IStage Wrap(IStage stage, PartId id, SimulatedRun world) =>
        new Forgetful(stage);

    private sealed class Forgetful(IStage stage) : SabotagedStage(stage)
    {
        public override void Save(List<SnapshotPart> into, bool whole)
        {
            base.Save(into, whole);
            if (!whole && into.Count > 0)
                into.RemoveAt(into.Count - 1);
        }
    }
}

/// <summary>Parts of a name are left out of snapshots.</summary>
internal sealed class PartsNotSaved(string prefix) : Bug
{
    public override IStage Wrap(IStage stage, PartId id, SimulatedRun world) =>
        new Forgetful(stage, prefix);

    private sealed class Forgetful(IStage stage, string prefix) : SabotagedStage(stage)
    {
        public override void Save(List<SnapshotPart> into, bool whole)
        {
            base.Save(into, whole);
            into.RemoveAll(part => part.Key.StartsWith(prefix, StringComparison.Ordinal));
        }
    }
}

/// <summary>The aggregator merges a bundle that comes again.</summary>
internal sealed class RepeatAccepted : Bug
{
    public override IStage Wrap(IStage stage, PartId id, SimulatedRun world) =>
        id.Stage == "aggregator" ? new Credulous(stage) : stage;

    private sealed class Credulous(IStage stage) : SabotagedStage(stage)
    {
        private readonly Dictionary<int, long> next = [];

        public override void Apply(RecordBatch batch, int index, EpochOutputs outputs)
        {
            LogRecord record = batch[index];
            Bundle bundle = Bundle.Parser.ParseFrom(record.Value);
            long expected = next.GetValueOrDefault(bundle.SourcePartition);
            if (bundle.From >= expected)
            {
                next[bundle.SourcePartition] = bundle.To;
                base.Apply(batch, index, outputs);
                return;
            }

            bundle.From = bundle.To = expected;
            RecordBatchBuilder builder = new();
            builder.Add(record.Offset, record.Key, bundle.ToByteArray());
            base.Apply(
                builder.Build(batch.Source, record.Offset, record.Offset + 1, record.AppendTimeMs),
                0, outputs);
        }
    }
}

/// <summary>A window takes in its end: off by one.</summary>
internal sealed class WindowEndIncluded : Bug
{
    /// <summary>Every window starts at a multiple of this.</summary>
    private const long PaneMs = 30_000;

    public override IRecordDecoder Wrap(IRecordDecoder decoder) => new OffByOne(decoder);

    private sealed class OffByOne(IRecordDecoder decoder) : IRecordDecoder
    {
        public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
        {
            DecodeResult result = decoder.Decode(record, into);
            if (into.EventTimeMs % PaneMs == 0)
                into.EventTimeMs--;
            return result;
        }

        public ulong RoutingHash(ReadOnlySpan<byte> record) => decoder.RoutingHash(record);
    }
}

/// <summary>A stage with single calls done wrong.</summary>
internal abstract class SabotagedStage(IStage stage) : IStage
{
    public string Name => stage.Name;

    public bool Complete => stage.Complete;

    public StageProgress Progress => stage.Progress;

    public virtual void Apply(RecordBatch batch, int index, EpochOutputs outputs) =>
        stage.Apply(batch, index, outputs);

    public void Skip(RecordBatch batch, int index, string error, EpochOutputs outputs) =>
        stage.Skip(batch, index, error, outputs);

    public void EndInput(EpochOutputs outputs) => stage.EndInput(outputs);

    public virtual void EndEpoch(long from, long to, bool idle, EpochOutputs outputs) =>
        stage.EndEpoch(from, to, idle, outputs);

    public virtual void Save(List<SnapshotPart> into, bool whole) => stage.Save(into, whole);

    public void Load(IReadOnlyDictionary<string, byte[]> parts) => stage.Load(parts);

    public void Attach(IColdState cold) => stage.Attach(cold);

    public bool NeedsColdParts => stage.NeedsColdParts;

    public void SnapshotAnswered(bool stored) => stage.SnapshotAnswered(stored);
}
