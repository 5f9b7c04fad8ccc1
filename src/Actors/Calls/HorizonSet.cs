using System.Globalization;
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
    /// <summary>A tenth of the horizon: so much longer than needed an id is kept at most.</summary>
    private readonly long bucketMs = Math.Max(1000, horizonMs / 10);

    private readonly HashSet<ulong> ids = [];
    private readonly SortedDictionary<long, Bucket> buckets = [];
    private readonly List<SnapshotPart> removed = [];
    private long firstEndMs = long.MaxValue;

    /// <summary>Ids held.</summary>
    public int Count => ids.Count;

    /// <summary>Ids dropped before their time.</summary>
    public long Forgotten { get; set; }

    /// <summary>True when the id is held.</summary>
    public bool Contains(ulong id) => ids.Contains(id);

    /// <summary>Adds an id; false when it is held already.</summary>
    public bool Add(ulong id, long timeMs)
    {
        if (!ids.Add(id))
            return false;
        long start = timeMs - (timeMs % bucketMs);
        if (!buckets.TryGetValue(start, out Bucket? bucket))
        {
            buckets.Add(start, bucket = new Bucket());
            firstEndMs = Math.Min(firstEndMs, start + bucketMs);
        }

        bucket.Ids.Add(id);
        if (ids.Count > idsMax)
            Forgotten += DropFirst();
        return true;
    }

    /// <summary>Drops what the watermark has passed.</summary>
    public void DropBefore(long watermarkMs)
    {
        while (firstEndMs <= watermarkMs && buckets.Count > 0)
            DropFirst();
    }

    /// <summary>
    /// Adds the ids that came since the last call, and the removal of dropped ones.
    /// </summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        if (!whole)
            into.AddRange(removed);
        removed.Clear();
        foreach ((long start, Bucket bucket) in buckets)
        {
            if (whole)
                (bucket.Saved, bucket.Parts) = (0, 0);
            if (bucket.Saved == bucket.Ids.Count)
                continue;
            Span<ulong> fresh = CollectionsMarshal.AsSpan(bucket.Ids)[bucket.Saved..];
            into.Add(new SnapshotPart(
                PartKey(start, bucket.Parts++), MemoryMarshal.AsBytes(fresh).ToArray()));
            bucket.Saved = bucket.Ids.Count;
        }
    }

    /// <summary>Takes the ids back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        foreach ((string key, byte[] value) in parts)
        {
            if (!key.StartsWith(name + "/", StringComparison.Ordinal))
                continue;
            string[] fields = key.Split('/');
            long start = long.Parse(fields[^2], CultureInfo.InvariantCulture);
            if (!buckets.TryGetValue(start, out Bucket? bucket))
                buckets.Add(start, bucket = new Bucket());
            foreach (ulong id in MemoryMarshal.Cast<byte, ulong>(value))
            {
                ids.Add(id);
                bucket.Ids.Add(id);
            }

            bucket.Saved = bucket.Ids.Count;
            bucket.Parts = Math.Max(
                bucket.Parts, int.Parse(fields[^1], CultureInfo.InvariantCulture) + 1);
            firstEndMs = Math.Min(firstEndMs, start + bucketMs);
        }
    }

    private int DropFirst()
    {
        (long start, Bucket bucket) = buckets.First();
        foreach (ulong id in bucket.Ids)
            ids.Remove(id);
        for (int part = 0; part < bucket.Parts; part++)
            removed.Add(new SnapshotPart(PartKey(start, part), null));
        buckets.Remove(start);
        firstEndMs = buckets.Count == 0 ? long.MaxValue : buckets.First().Key + bucketMs;
        return bucket.Ids.Count;
    }

    private string PartKey(long start, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}/{start}/{part}");

    private sealed class Bucket
    {
        public readonly List<ulong> Ids = [];

        // How many of them are in snapshots already, in how many parts.
        public int Saved;
        public int Parts;
    }
}
