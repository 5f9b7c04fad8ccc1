using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Snapshots;

namespace Earshot.Tests.Simulation;

/// <summary>
/// One partition machine with its effects held back, so that the simulation decides when each is
/// carried out and answered, or lost in a crash.
/// </summary>
internal sealed class SimulatedPartition(
    SimulatedWorld world, PipelineOptions options, TopicPartition source, Func<IStage> create,
    bool finite, bool commitWhenDrained) : IPartitionEffects
{
    private PartitionMachine machine = null!;
    private IStage stage = null!;
    private EpochCommit? commit;
    private bool commitWritten;
    private SnapshotChange? snapshot;

    public bool Finished { get; private set; }

    public StageProgress Books => stage.Progress;

    private string Group => "sim." + stage.Name;

    public override string ToString() =>
        $"{source} at {machine.Position} of {world.EndOf(source)}, committed " +
        $"{machine.CommittedOffset}, recovering {machine.Recovering}, commit {commit?.Number} " +
        $"written {commitWritten}, snapshot {snapshot?.Offset}, complete {stage.Complete}, " +
        $"finished {Finished}";

    public void Start(long nowMs)
    {
        (commit, snapshot, commitWritten, Finished) = (null, null, false, false);
        stage = create();
        machine = new PartitionMachine(stage, options, source, Group, commitWhenDrained, this);
        SnapshotOwner owner = new(stage.Name, source.Partition);
        machine.Recover(world.RecoveryOf(owner, Group, source), nowMs);
    }

    /// <summary>Kills it; what was asked may still be carried out, or not.</summary>
    public void Crash(Random random)
    {
        if (commit is not null && !commitWritten && random.Next(2) == 0)
            world.Commit(commit.Transaction);

        // A snapshot is asked for only once its epoch is committed, so it may be written any time.
        if (snapshot is not null && random.Next(2) == 0)
            world.Save(snapshot);
    }

    public void Step(Random random, long nowMs)
    {
        switch (random.Next(8))
        {
            case 0 or 1 or 2 or 3:
                Feed(random.Next(1, 40));
                break;
            case 4:
                machine.Tick(nowMs);
                break;
            case 5 when commit is not null && !commitWritten:
                world.Commit(commit.Transaction);
                commitWritten = true;
                break;
            case 6 when commitWritten:
                long number = commit!.Number;
                (commit, commitWritten) = (null, false);
                machine.Committed(number);
                break;
            case 7 when snapshot is not null:
                SnapshotChange change = snapshot;
                snapshot = null;
                machine.SnapshotSaved(change.Offset, world.Save(change));
                break;
        }
    }

    void IPartitionEffects.Commit(EpochCommit epoch)
    {
        Assert.Null(commit);
        commit = epoch;
    }

    void IPartitionEffects.SaveSnapshot(SnapshotChange change)
    {
        Assert.Null(snapshot);
        snapshot = change;
    }

    void IPartitionEffects.Finished() => Finished = true;

    private void Feed(int max)
    {
        if (!machine.WantsInput)
            return;
        RecordBatch batch = world.Read(source, machine.Position, max);
        if (batch.Count > 0)
            machine.Apply(batch);
        else if (finite)
            machine.EndInput();
    }
}
