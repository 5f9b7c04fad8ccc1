using Earshot.Actors.Partitions;
using Earshot.Log;

namespace Earshot.Tests.Simulation.Run;

/// <summary>A partition of an archived topic: the chronicler's machine.</summary>
internal sealed class SimulatedChronicler(PartId id, string table, SimulatedProcess process)
    : SimulatedPart(id, process)
{
    private ChroniclerMachine? machine;
    private bool flushing;

    public override string ToString() =>
        $"{Id} at {machine?.Position} of {World.Broker.EndOf(Id.Source)}, finished {Finished}";

    protected override async Task StartAsync()
    {
        ChroniclerMachine mine = machine = new(
            Id.Source, table, Id.Group, Process.Archive, Process.ArchiveCommitter.CommitAsync,
            World.Options.ArchiveRowsMax);
        await Process.ArchiveCommitter.SettleAsync();
        long? committed = await Process.Log.ReadCommittedAsync(
            Id.Group, Id.Source, CancellationToken.None);
        await mine.RecoverAsync(committed, CancellationToken.None);
        if (machine != mine || Closing)
            return;
        Running = true;
        if (Stopping)
            Stop();
    }

    protected override void Act(Random random)
    {
        if (flushing || Finished)
            return;
        if (machine!.Full || random.Next(5) == 0)
        {
            Flush(last: false);
            return;
        }

        RecordBatch? batch =
            World.Broker.Read(Id.Source, machine.Position, random.Next(1, 200));
        if (batch is not null)
            machine.Hold(batch);
        else if (World.Draining)
            Flush(last: true);
    }

    /// <summary>An owner that goes leaves what it holds to the next one.</summary>
    protected override void Stop() => Fail();

    protected override void Reset() => (machine, flushing) = (null, false);

    private void Flush(bool last)
    {
        flushing = true;
        Track(GuardAsync(FlushAsync()));
        async Task FlushAsync()
        {
            await machine!.FlushAsync(
                CancellationToken.None, CancellationToken.None);
            flushing = false;
            Finished = last && World.Draining;
        }
    }
}
