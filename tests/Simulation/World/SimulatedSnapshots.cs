using Earshot.Snapshots;

namespace Earshot.Tests.Simulation.World;

/// <summary>The snapshots that all processes share.</summary>
internal sealed class SnapshotTable
{
    private readonly Dictionary<SnapshotOwner, (long Offset, Dictionary<string, byte[]> Parts)>
        stored = [];

    /// <summary>Loses everything, as a damaged disk would; the log still has it all.</summary>
    public void Lose() => stored.Clear();

    public StoredSnapshot? Load(SnapshotOwner owner) =>
        stored.TryGetValue(owner, out (long Offset, Dictionary<string, byte[]> Parts) found)
            ? new StoredSnapshot(found.Offset, new Dictionary<string, byte[]>(found.Parts))
            : null;

    /// <summary>Applies a change if it follows on what is stored.</summary>
    /// <param name="change">The change.</param>
    /// <param name="checks">False: whatever is stored (a bug).</param>
    public bool Save(SnapshotChange change, bool checks = true)
    {
        bool known = stored.TryGetValue(
            change.Owner, out (long Offset, Dictionary<string, byte[]> Parts) found);
        if (checks && known && change.Offset <= found.Offset)
            return false;
        if (checks && change.Base is not null && (!known || found.Offset != change.Base))
            return false;
        Dictionary<string, byte[]> parts =
            change.Base is not null && known ? new(found.Parts) : [];
        foreach (SnapshotPart part in change.Parts)
        {
            if (part.Value is null)
                parts.Remove(part.Key);
            else
                parts[part.Key] = part.Value;
        }

        stored[change.Owner] = (change.Offset, parts);
        return true;
    }
}

/// <summary>The snapshot store as one life of a process sees it.</summary>
internal sealed class ProcessSnapshots(
    SnapshotTable table, Network network, Life life, Func<bool> fails, Func<bool> dawdles)
    : ISnapshotStore
{
    public ValueTask<StoredSnapshot?> LoadAsync(SnapshotOwner owner, CancellationToken cancel) =>
        new(network.Ask(life, (out StoredSnapshot? snapshot) =>
        {
            snapshot = table.Load(owner);
            return true;
        }));

    public ValueTask<bool> SaveAsync(SnapshotChange change, CancellationToken cancel) =>
        new(network.Ask(life, (out bool saved) =>
        {
            saved = false;
            if (dawdles())
                return false;
            if (fails())
                throw new IOException("the snapshot store does not answer");
            saved = table.Save(change);
            return true;
        }));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
