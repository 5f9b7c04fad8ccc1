using Earshot.Actors.Keys;
using Earshot.Schemas;
using Earshot.Snapshots;
using Earshot.Tests.Simulation.Run;
using Earshot.Tests.Simulation.World;

namespace Earshot.Tests.Simulation.Bugs;

/// <summary>What the snapshot has of an idle key is not found again.</summary>
internal sealed class IdleKeyForgotten : Bug
{
    private static readonly byte[] empty = KeyPage.Write([], new SymbolTable());

    public override ISnapshotStore Wrap(
        ISnapshotStore snapshots, Life life, SimulatedRun world) =>
        new Store(snapshots);

    private sealed class Store(ISnapshotStore store) : PassingStore(store)
    {
        public override byte[] ReadCold(
            SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets)
        {
            base.ReadCold(owner, key, offsets);
            return empty;
        }
    }
}

/// <summary>A state may need idle keys that the stored snapshot does not have out of memory.
/// </summary>
internal sealed class ColdPartsOfAnyone : Bug
{
    public override ISnapshotStore Wrap(
        ISnapshotStore snapshots, Life life, SimulatedRun world) =>
        new Store(snapshots, life, world);

    private sealed class Store(ISnapshotStore store, Life life, SimulatedRun world)
        : PassingStore(store)
    {
        public override ValueTask<bool> SaveAsync(
            SnapshotChange change, CancellationToken cancel) =>
            new(world.Network.Ask(life, (out bool saved) =>
            {
                saved = !world.Dawdles(life);
                return saved && world.Snapshots.Save(change, checksCold: false);
            }));

        public override byte[] ReadCold(
            SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets) =>
            world.Snapshots.ReadCold(owner, key, offsets, checks: false);
    }
}

/// <summary>A store with single calls done wrong.</summary>
internal abstract class PassingStore(ISnapshotStore store) : ISnapshotStore
{
    public ValueTask<StoredSnapshot?> LoadAsync(
        SnapshotOwner owner, CancellationToken cancel) => store.LoadAsync(owner, cancel);

    public virtual ValueTask<bool> SaveAsync(SnapshotChange change, CancellationToken cancel) =>
        store.SaveAsync(change, cancel);

    public virtual byte[] ReadCold(
        SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets) =>
        store.ReadCold(owner, key, offsets);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
