using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;
using Earshot.Tests.Simulation.World;

namespace Earshot.Tests.Simulation.Run;

/// <summary>
/// A fault put in on purpose, to show that the simulation finds it: wraps what a process works
/// with. <see cref="None"/> does nothing.
/// </summary>
internal abstract class Bug
{
    public static readonly Bug None = new Nothing();

    public virtual void Prepare(SimulatedRun world)
    {
    }

    public virtual ILog Wrap(ILog log, Life life, SimulatedRun world) => log;

    public virtual ISnapshotStore Wrap(
        ISnapshotStore snapshots, Life life, SimulatedRun world) => snapshots;

    public virtual IArchive Wrap(IArchive archive, Life life, SimulatedRun world) => archive;

    public virtual IStage Wrap(IStage stage, PartId id, SimulatedRun world) => stage;

    public virtual IRecordDecoder Wrap(IRecordDecoder decoder) => decoder;

    private sealed class Nothing : Bug;
}
