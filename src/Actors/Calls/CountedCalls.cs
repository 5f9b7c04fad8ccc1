using System.Globalization;
using Earshot.Actors.Stages;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>A call that was counted.</summary>
/// <param name="TimeMs">The event time it was counted at.</param>
/// <param name="Complete">True when it was counted from a complete summary.</param>
/// <param name="PddCounted">True when its PDD was counted.</param>
internal readonly record struct CountedCall(long TimeMs, bool Complete, bool PddCounted);

/// <summary>
/// The calls counted already. What happens less than the horizon after a call was counted belongs
/// to it; what happens later begins a call of its own. So it does not matter when exactly a call
/// is dropped: only once the watermark, which no event is behind, is past that time. Past
/// <c>callsMax</c> the oldest go early; that is counted, since it may let a call in twice.
/// </summary>
internal sealed class CountedCalls(long horizonMs, int callsMax)
{
    private const string PartKey = "counted-calls";
    private const string BucketPrefix = PartKey + "/";

    private readonly long bucketMs = Math.Max(1000, horizonMs / 10);
    private readonly Dictionary<ulong, CountedCall> calls = [];

    // By event time: dropped as a whole.
    private readonly SortedDictionary<long, Bucket> buckets = [];
    private readonly List<SnapshotPart> removed = [];

    // End of the first bucket: asked for with every move of the watermark.
    private long firstEndMs = long.MaxValue;

    /// <summary>Calls dropped before their time.</summary>
    public long Forgotten { get; private set; }

    /// <summary>The counted call an event belongs to; null when there is none.</summary>
    public CountedCall? Find(ulong id, long eventTimeMs) =>
        calls.TryGetValue(id, out CountedCall call) && eventTimeMs < call.TimeMs + horizonMs
            ? call : null;

    /// <summary>A call is counted.</summary>
    public void Add(ulong id, CountedCall call)
    {
        Put(id, call);
        if (calls.Count > callsMax)
            Forgotten += DropFirst();
    }

    /// <summary>Drops what no event can belong to any more.</summary>
    public void DropBefore(long watermarkMs)
    {
        while (buckets.Count > 0 && firstEndMs <= watermarkMs - horizonMs)
            DropFirst();
    }

    /// <summary>Adds the calls that came since, and the removal of dropped ones.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        into.Add(StatePart.Write(PartKey, writer => writer.Write(Forgotten)));
        if (!whole)
            into.AddRange(removed);
        removed.Clear();
        foreach ((long start, Bucket bucket) in buckets)
        {
            if (whole)
                (bucket.Saved, bucket.Parts) = (0, 0);
            if (bucket.Saved == bucket.Calls.Count)
                continue;
            into.Add(StatePart.Write(KeyOf(start, bucket.Parts++), writer =>
            {
                foreach ((ulong id, CountedCall call) in bucket.Calls.Skip(bucket.Saved))
                {
                    writer.Write(id);
                    writer.Write(call.TimeMs);
                    writer.Write(call.Complete);
                    writer.Write(call.PddCounted);
                }
            }));
            bucket.Saved = bucket.Calls.Count;
        }
    }

    /// <summary>Takes the calls back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        StatePart.Read(parts, PartKey, reader => Forgotten = reader.ReadInt64());
        foreach ((string key, byte[] value) in parts)
        {
            if (!key.StartsWith(BucketPrefix, StringComparison.Ordinal))
                continue;
            using BinaryReader reader = new(new MemoryStream(value));
            Bucket? bucket = null;
            while (reader.BaseStream.Position < reader.BaseStream.Length)
            {
                ulong id = reader.ReadUInt64();
                long time = reader.ReadInt64();
                bool complete = reader.ReadBoolean();
                bucket = Put(id, new CountedCall(time, complete, reader.ReadBoolean()));
            }

            if (bucket is null)
                continue;
            int part = int.Parse(key.Split('/')[^1], CultureInfo.InvariantCulture);
            (bucket.Saved, bucket.Parts) = (bucket.Calls.Count, Math.Max(bucket.Parts, part + 1));
        }
    }

    private Bucket Put(ulong id, CountedCall call)
    {
        // Parts come in no order: the call counted last is the one that is known.
        if (!calls.TryGetValue(id, out CountedCall known) || known.TimeMs < call.TimeMs)
            calls[id] = call;
        long start = call.TimeMs - (call.TimeMs % bucketMs);
        if (!buckets.TryGetValue(start, out Bucket? bucket))
        {
            buckets.Add(start, bucket = new Bucket());
            firstEndMs = Math.Min(firstEndMs, start + bucketMs);
        }

        bucket.Calls.Add((id, call));
        return bucket;
    }

    private int DropFirst()
    {
        (long start, Bucket bucket) = buckets.First();
        foreach ((ulong id, CountedCall call) in bucket.Calls)
        {
            if (calls.TryGetValue(id, out CountedCall known) && known.TimeMs == call.TimeMs)
                calls.Remove(id);
        }

        for (int part = 0; part < bucket.Parts; part++)
            removed.Add(new SnapshotPart(KeyOf(start, part), null));
        buckets.Remove(start);
        firstEndMs = buckets.Count == 0 ? long.MaxValue : buckets.First().Key + bucketMs;
        return bucket.Calls.Count;
    }

    private static string KeyOf(long start, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{BucketPrefix}{start}/{part}");

    private sealed class Bucket
    {
        public readonly List<(ulong Id, CountedCall Call)> Calls = [];

        // How many of them are in snapshots already, in how many parts.
        public int Saved;
        public int Parts;
    }
}
