using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas.V1;
using Earshot.Snapshots;

namespace Earshot.Tests.Unit.Actors;

/// <summary>A machine over a stage that only counts, with its effects kept as lists.</summary>
internal sealed class MachineBench : IPartitionEffects
{
    public static readonly PipelineOptions Options = new()
    {
        EpochRecordsMax = 4,
        SnapshotEvery = TimeSpan.FromSeconds(30),
        IdleAfter = TimeSpan.FromSeconds(10),
    };

    private static readonly TopicPartition Source = new(Topics.Default.Calls, 0);

    private readonly PartitionMachine machine;

    public MachineBench(PipelineOptions? options = null) => machine =
        new PartitionMachine(Stage, options ?? Options, Source, "group", this);

    public PartitionMachine Machine => machine;

    public CountingStage Stage { get; } = new();

    public List<EpochCommit> Commits { get; } = [];

    public List<SnapshotChange> Snapshots { get; } = [];

    public int Finishes { get; private set; }

    public IEnumerable<(long? From, long To)> Moves =>
        Commits.Select(c => (c.Transaction.Offsets[0].From, c.Transaction.Offsets[0].To));

    public MachineBench Recover(
        long? snapshot = null, long? committed = null, long begin = 0, long? endedAt = null,
        Dictionary<long, string>? skips = null, long nowMs = 0)
    {
        StoredSnapshot? stored = snapshot is { } offset
            ? new StoredSnapshot(offset, new Dictionary<string, byte[]>()) : null;
        machine.Recover(new RecoveryPoint(stored, committed, begin, skips ?? [], endedAt), nowMs);
        return this;
    }

    /// <summary>Gives the records [from, to).</summary>
    public MachineBench Give(long from, long to)
    {
        RecordBatchBuilder builder = new();
        for (long offset = from; offset < to; offset++)
            builder.Add(offset, [], [1]);
        machine.Apply(builder.Build(Source, from, to, 0));
        return this;
    }

    /// <summary>Gives a range without records: transaction markers.</summary>
    public MachineBench GiveGap(long from, long to)
    {
        machine.Apply(new RecordBatchBuilder().Build(Source, from, to, 0));
        return this;
    }

    public MachineBench CommitLast()
    {
        machine.Committed(Commits[^1].Number);
        return this;
    }

    public static List<Control> ControlsOf(EpochCommit commit)
    {
        List<Control> controls = [];
        foreach (RecordAppend append in commit.Transaction.Appends)
        {
            if (append.Target.Topic != Topics.Default.Control)
                continue;
            for (int i = 0; i < append.Records.Count; i++)
                controls.Add(Control.Parser.ParseFrom(append.Records[i].Value));
        }

        return controls;
    }

    void IPartitionEffects.Commit(EpochCommit epoch) => Commits.Add(epoch);

    void IPartitionEffects.SaveSnapshot(SnapshotChange change) => Snapshots.Add(change);

    void IPartitionEffects.Finished() => Finishes++;

    /// <summary>Remembers what was asked of it.</summary>
    public sealed class CountingStage : IStage
    {
        public List<long> Applied { get; } = [];

        public List<(long Offset, string Error)> Skipped { get; } = [];

        public List<(long From, long To, bool Idle, bool Suppressed)> Epochs { get; } = [];

        public List<bool> Saves { get; } = [];

        public string Name => "counting";

        public bool Complete { get; set; }

        public StageProgress Progress => new();

        public void Apply(RecordBatch batch, int index, EpochOutputs outputs) =>
            Applied.Add(batch[index].Offset);

        public void Skip(RecordBatch batch, int index, string error, EpochOutputs outputs) =>
            Skipped.Add((batch[index].Offset, error));

        public void EndInput(EpochOutputs outputs) => Complete = true;

        public void EndEpoch(long from, long to, bool idle, EpochOutputs outputs) =>
            Epochs.Add((from, to, idle, outputs.Suppressed));

        public void Save(List<SnapshotPart> into, bool whole) => Saves.Add(whole);

        public void Load(IReadOnlyDictionary<string, byte[]> parts)
        {
        }
    }
}
