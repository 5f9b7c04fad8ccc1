using Earshot.Actors.Partitions;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Snapshots;

namespace Earshot.Tests.Simulation.Run;

/// <summary>
/// A partition of a stage: the partition machine, its effects carried out by the simulated world,
/// the answers coming through a mailbox.
/// </summary>
internal sealed class SimulatedStage(PartId id, SimulatedProcess process)
    : SimulatedPart(id, process)
{
    private Incarnation? now;

    public StageProgress? Books => now?.Stage.Progress;

    private bool Finite => Id.Stage is "call" or "fused";

    public override string ToString() => now is null ? $"{Id}: not started"
        : $"{Id} at {now.Machine.Position} of {World.Broker.EndOf(Id.Source)}, committed " +
        $"{now.Machine.CommittedOffset}, running {Running}, closing {Closing}, recovering " +
        $"{now.Machine.Recovering}, complete {now.Stage.Complete}, finished {Finished}";

    protected override async Task StartAsync()
    {
        Incarnation mine = now = new Incarnation(this);
        RecoveryPoint point = await Process.ReadRecoveryAsync(Id, mine.Stage.Name);
        if (now != mine || Closing)
            return;
        mine.Machine.Recover(point, World.Time.NowMs);
        Running = true;
        if (Stopping)
            Stop();
    }

    protected override void Act(Random random)
    {
        Incarnation mine = now!;
        if (mine.Mail.Count > 0 && random.Next(2) == 0)
            mine.Mail.Dequeue()();
        else if (Finished)
            return;
        else if (random.Next(6) == 0)
            mine.Machine.Tick(World.Time.NowMs);
        else if (mine.Machine.WantsInput)
            Feed(mine.Machine, random.Next(1, World.Weather.FeedMax + 1));

        // An aggregator commits when nothing waits for it, whenever that may be.
        if (Id.Stage == "aggregator" && Running && random.Next(2) == 0)
            mine.Machine.Drained();
    }

    protected override void Stop()
    {
        if (!Finished)
            now!.Machine.Stop();
        else
            Fail();
    }

    protected override void Reset() => now = null;

    private void Feed(PartitionMachine machine, int max)
    {
        RecordBatch? batch = World.Broker.Read(Id.Source, machine.Position, max);
        if (batch is not null)
            machine.Apply(batch);
        else if (Finite)
            machine.EndInput();
    }

    private void Commit(Incarnation mine, EpochCommit epoch)
    {
        Track(GuardAsync(CommitAsync()));
        async Task CommitAsync()
        {
            CommitResult result = await Process.StageCommitter.CommitAsync(epoch.Transaction);
            mine.Mail.Enqueue(() =>
            {
                if (result.Outcome == CommitOutcome.Committed)
                    mine.Machine.Committed(epoch.Number);
                else
                    Fail();
            });
        }
    }

    private void Save(Incarnation mine, SnapshotChange change)
    {
        Track(GuardAsync(SaveAsync()));
        async Task SaveAsync()
        {
            bool saved = false, refused = false;
            try
            {
                saved = await Process.Snapshots.SaveAsync(change, CancellationToken.None);
                refused = !saved;
            }
            catch (IOException)
            {
                // Recovery would take longer; that is all.
            }

            mine.Mail.Enqueue(() =>
            {
                mine.Machine.SnapshotSaved(change.Offset, saved);
                if (refused && mine.Stage.NeedsColdParts)
                    Fail();
            });
        }
    }

    /// <summary>The machine is done: for good, or because it was told to stop.</summary>
    private void End()
    {
        // Told to stop, it has not come to the input's end: the next owner goes on.
        Finished = !Stopping;
        if (Stopping)
            Fail();
    }

    private sealed class Incarnation : IPartitionEffects
    {
        private readonly SimulatedStage owner;

        public Incarnation(SimulatedStage owner)
        {
            this.owner = owner;
            PartId id = owner.Id;
            Stage = owner.Process.CreateStage(id);
            Machine = new PartitionMachine(
                Stage, owner.World.Options, id.Source, id.Group, this);
            Stage.Attach(new ColdParts(
                owner.Process.Snapshots, new SnapshotOwner(Stage.Name, id.Source.Partition),
                Machine.SnapshotMayStandAt));
        }

        public IStage Stage { get; }

        public PartitionMachine Machine { get; }

        public Queue<Action> Mail { get; } = [];

        void IPartitionEffects.Commit(EpochCommit epoch) => owner.Commit(this, epoch);

        void IPartitionEffects.SaveSnapshot(SnapshotChange change) => owner.Save(this, change);

        void IPartitionEffects.Finished() => owner.End();
    }
}
