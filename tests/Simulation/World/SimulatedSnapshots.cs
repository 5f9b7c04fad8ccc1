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
            ? new StoredSnapshot(found.Offset, new Dictionary<string, byte[]>(
                found.Parts.Where(part => !IsCold(part.Key))))
            : null;

    /// <summary>Reads a cold part of the snapshot that is meant.</summary>
    public byte[] ReadCold(
        SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets, bool checks = true) =>
        stored.TryGetValue(owner, out (long Offset, Dictionary<string, byte[]> Parts) found)
        && (!checks || offsets.Contains(found.Offset))
        && found.Parts.TryGetValue(key, out byte[]? value)
            ? value
            : throw new SnapshotException($"no part {key} at {string.Join(" or ", offsets)}");

    /// <summary>Applies a change if it follows on what is stored.</summary>
    /// <param name="change">The change.</param>
    /// <param name="checks">False: whatever is stored (a bug).</param>
    /// <param name="checksCold">False: whatever cold parts it needs (a bug).</param>
    public bool Save(SnapshotChange change, bool checks = true, bool checksCold = true)
    {
        bool known = stored.TryGetValue(
            change.Owner, out (long Offset, Dictionary<string, byte[]> Parts) found);
        if (checks && known && change.Offset <= found.Offset)
            return false;
        if (checks && change.Base is not null && (!known || found.Offset != change.Base))
            return false;
        if (checks && checksCold && change.ColdOf is { } cold
            && (!known || !cold.Contains(found.Offset)))
            return false;
        Dictionary<string, byte[]> parts = !known ? []
            : change.Base is not null ? new(found.Parts)
            : change.ColdOf is not null ? new(found.Parts.Where(part => IsCold(part.Key)))
            : [];
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

    private static bool IsCold(string key) => new SnapshotPart(key, null).IsCold;
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

    public byte[] ReadCold(
        SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets) =>
        fails() ? throw new SnapshotException("the snapshot store does not answer")
            : table.ReadCold(owner, key, offsets);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
