using Earshot.Actors.Ports;
using Earshot.Log;
using Earshot.Snapshots;
using Earshot.Tests.Simulation.Run;
using Earshot.Tests.Simulation.World;

namespace Earshot.Tests.Simulation.Bugs;

/// <summary>The snapshot store takes every change, also of a slow old owner.</summary>
internal sealed class SnapshotOverwritten : Bug
{
    public override ISnapshotStore Wrap(
        ISnapshotStore snapshots, Life life, SimulatedRun world) =>
        new Store(snapshots, life, world);

    private sealed class Store(ISnapshotStore store, Life life, SimulatedRun world)
        : ISnapshotStore
    {
        public ValueTask<StoredSnapshot?> LoadAsync(
            SnapshotOwner owner, CancellationToken cancel) => store.LoadAsync(owner, cancel);

        public ValueTask<bool> SaveAsync(SnapshotChange change, CancellationToken cancel) =>
            new(world.Network.Ask(life, (out bool saved) =>
            {
                saved = !world.Dawdles(life);
                return saved && world.Snapshots.Save(change, checks: false);
            }));

        public byte[] ReadCold(
            SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets) =>
            store.ReadCold(owner, key, offsets);

        public ValueTask DisposeAsync() => store.DisposeAsync();
    }
}

/// <summary>The chronicler commits its offset while the file is still being written.</summary>
internal sealed class FileNotDurable : Bug
{
    public override IArchive Wrap(IArchive archive, Life life, SimulatedRun world) =>
        new Hasty(archive);

    private sealed class Hasty(IArchive archive) : IArchive
    {
        public ValueTask RecoverAsync(
            string table, int partition, long committed, CancellationToken cancel) =>
            archive.RecoverAsync(table, partition, committed, cancel);

        public ValueTask WriteAsync(
            string table, int partition, IReadOnlyList<RecordBatch> batches,
            CancellationToken cancel)
        {
            _ = archive.WriteAsync(table, partition, batches, cancel).AsTask();
            return ValueTask.CompletedTask;
        }

        public ValueTask ReleaseAsync(string table, int partition, CancellationToken cancel) =>
            archive.ReleaseAsync(table, partition, cancel);

        public ValueTask CompactAsync(CancellationToken cancel) => archive.CompactAsync(cancel);
    }
}

/// <summary>
/// A chronicler that starts deletes the files from its offset on, although by now another owner
/// may have committed them.
/// </summary>
internal sealed class FilesOfOthersDeleted : Bug
{
    public override IArchive Wrap(IArchive archive, Life life, SimulatedRun world) =>
        new ProcessArchive(world.Archive, world.Network, life, world.DiskFails, shared: false);
}
