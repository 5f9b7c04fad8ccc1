using System.Runtime.InteropServices;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>
/// Ids seen within the lateness horizon, in buckets of event time. A bucket goes when the
/// watermark has passed its end: whatever would repeat its ids is late by then. Past
/// <c>idsMax</c> the oldest bucket goes early; that is counted, since it may let a duplicate in.
/// </summary>
internal sealed class HorizonSet(string name, long horizonMs, int idsMax)
{
    // So many removals before its turn an id's place is fetched.
    private const int Ahead = 16;

    private readonly IdMap<Nothing> ids = new();

    // A tenth of the horizon each: so much longer than needed an id is kept at most.
    private readonly TimeBuckets<ulong> buckets = new(name, Math.Max(1000, horizonMs / 10));

    /// <summary>Ids held.</summary>
    public int Count => ids.Count;

    /// <summary>Ids dropped before their time.</summary>
    public long Forgotten { get; set; }

    /// <summary>Says that an id is added soon.</summary>
    public void WillAdd(ulong id) => ids.WillFind(id);

    /// <summary>Adds an id; false when it is held already.</summary>
    /// <param name="id">Not 0.</param>
    /// <param name="timeMs">When its event happened.</param>
    public bool Add(ulong id, long timeMs)
    {
        ids.GetOrAdd(id, out bool added);
        if (!added)
            return false;
        buckets.Add(timeMs, id);
        if (ids.Count > idsMax)
            Forgotten += DropFirst();
        return true;
    }

    /// <summary>Drops what the watermark has passed.</summary>
    public void DropBefore(long watermarkMs)
    {
        while (buckets.FirstEndMs <= watermarkMs && !buckets.IsEmpty)
            DropFirst();
    }

    /// <summary>
    /// Adds the ids that came since the last call, and the removal of dropped ones.
    /// </summary>
    public void Save(List<SnapshotPart> into, bool whole) => buckets.Save(
        into, whole, static fresh => MemoryMarshal.AsBytes(fresh).ToArray());

    /// <summary>Takes the ids back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts) => buckets.Load(
        parts, static part => MemoryMarshal.Cast<byte, ulong>(part).ToArray(),
        id => ids.GetOrAdd(id, out _));

    private int DropFirst()
    {
        ReadOnlySpan<ulong> first = buckets.First;
        int dropped = first.Length;
        for (int i = 0; i < first.Length; i++)
        {
            if (i + Ahead < first.Length)
                ids.WillFind(first[i + Ahead]);
            ids.Remove(first[i]);
        }

        buckets.DropFirst();
        return dropped;
    }
}
