using System.Globalization;
using System.Runtime.InteropServices;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>
/// Entries filed under their event time, in buckets that are dropped as a whole, the oldest first.
/// Snapshots only ever get the entries that came since the last one. Dropped buckets are used
/// again: once there are as many as it takes, nothing is allocated.
/// </summary>
/// <param name="name">Begins the keys of its snapshot parts.</param>
/// <param name="bucketMs">Length of a bucket, ms.</param>
internal sealed class TimeBuckets<TEntry>(string name, long bucketMs)
    where TEntry : unmanaged
{
    private readonly SortedDictionary<long, Bucket> buckets = [];
    private readonly Stack<Bucket> spare = new();
    private readonly List<SnapshotPart> removed = [];

    // Of the entry before: the next one is mostly of the same.
    private Bucket? last;
    private long lastStartMs;

    /// <summary>Turns entries into bytes of a snapshot part.</summary>
    public delegate byte[] Encoding(ReadOnlySpan<TEntry> entries);

    /// <summary>Turns the bytes of a snapshot part into entries, in their order.</summary>
    public delegate TEntry[] Decoding(ReadOnlySpan<byte> part);

    /// <summary>True when no bucket is held.</summary>
    public bool IsEmpty => buckets.Count == 0;

    /// <summary>End of the oldest bucket, ms since the epoch; long.MaxValue without one.</summary>
    public long FirstEndMs { get; private set; } = long.MaxValue;

    /// <summary>Files an entry.</summary>
    public void Add(long timeMs, TEntry entry)
    {
        bool ofLast = last is not null && (ulong)(timeMs - lastStartMs) < (ulong)bucketMs;
        Bucket bucket = ofLast ? last! : At(timeMs - (timeMs % bucketMs));
        bucket.Entries.Add(entry);
    }

    /// <summary>The entries of the oldest bucket; there must be one.</summary>
    public ReadOnlySpan<TEntry> First => CollectionsMarshal.AsSpan(buckets.First().Value.Entries);

    /// <summary>Drops the oldest bucket; there must be one.</summary>
    public void DropFirst()
    {
        (long start, Bucket bucket) = buckets.First();
        for (int part = 0; part < bucket.Parts; part++)
            removed.Add(new SnapshotPart(PartKey(start, part), null));
        buckets.Remove(start);
        FirstEndMs = buckets.Count == 0 ? long.MaxValue : buckets.First().Key + bucketMs;
        last = null;
        bucket.Entries.Clear();
        (bucket.Saved, bucket.Parts) = (0, 0);
        spare.Push(bucket);
    }

    /// <summary>
    /// Adds the entries that came since the last call, and the removal of dropped buckets.
    /// </summary>
    public void Save(List<SnapshotPart> into, bool whole, Encoding encode)
    {
        if (!whole)
            into.AddRange(removed);
        removed.Clear();
        foreach ((long start, Bucket bucket) in buckets)
        {
            if (whole)
                (bucket.Saved, bucket.Parts) = (0, 0);
            if (bucket.Saved == bucket.Entries.Count)
                continue;
            Span<TEntry> fresh = CollectionsMarshal.AsSpan(bucket.Entries)[bucket.Saved..];
            into.Add(new SnapshotPart(PartKey(start, bucket.Parts++), encode(fresh)));
            bucket.Saved = bucket.Entries.Count;
        }
    }

    /// <summary>Takes the entries back from a snapshot, and gives each to the caller.</summary>
    public void Load(
        IReadOnlyDictionary<string, byte[]> parts, Decoding decode, Action<TEntry> take)
    {
        foreach ((string key, byte[] value) in parts)
        {
            if (!key.StartsWith(name + "/", StringComparison.Ordinal))
                continue;
            string[] fields = key.Split('/');
            Bucket bucket = At(long.Parse(fields[^2], CultureInfo.InvariantCulture));
            foreach (TEntry entry in decode(value))
            {
                bucket.Entries.Add(entry);
                take(entry);
            }

            bucket.Saved = bucket.Entries.Count;
            bucket.Parts = Math.Max(
                bucket.Parts, int.Parse(fields[^1], CultureInfo.InvariantCulture) + 1);
        }
    }

    private Bucket At(long startMs)
    {
        if (!buckets.TryGetValue(startMs, out Bucket? bucket))
        {
            bucket = spare.TryPop(out Bucket? used) ? used : new Bucket();
            buckets.Add(startMs, bucket);
            FirstEndMs = Math.Min(FirstEndMs, startMs + bucketMs);
        }

        (last, lastStartMs) = (bucket, startMs);
        return bucket;
    }

    private string PartKey(long start, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}/{start}/{part}");

    private sealed class Bucket
    {
        public readonly List<TEntry> Entries = [];

        // How many of them are in snapshots already, in how many parts.
        public int Saved;
        public int Parts;
    }
}
