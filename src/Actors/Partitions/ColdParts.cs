using Earshot.Actors.Ports;
using Earshot.Snapshots;

namespace Earshot.Actors.Partitions;

/// <summary>
/// The cold parts of a partition's own snapshot. Once a save has had no answer, the snapshot may
/// stand before it or after it; both have the parts that are out of memory, unchanged.
/// </summary>
/// <param name="store">Where snapshots are.</param>
/// <param name="owner">Whose.</param>
/// <param name="offsets">Where the snapshot may stand.</param>
internal sealed class ColdParts(
    ISnapshotStore store, SnapshotOwner owner, IReadOnlyCollection<long> offsets) : IColdState
{
    /// <inheritdoc/>
    public byte[] Read(string key) => store.ReadCold(owner, key, offsets);
}
