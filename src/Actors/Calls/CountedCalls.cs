using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Earshot.Actors.Stages;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>A call that was counted. There are millions: it is one number.</summary>
/// <param name="timeMs">The event time it was counted at; less than 2^61 ms from 1970.</param>
/// <param name="complete">True when it was counted from a complete summary.</param>
/// <param name="pddCounted">True when its PDD was counted.</param>
internal readonly struct CountedCall(long timeMs, bool complete, bool pddCounted)
{
    private const int FlagBits = 2;

    private readonly long bits =
        (timeMs << FlagBits) | (complete ? 2L : 0) | (pddCounted ? 1L : 0);

    /// <summary>The event time it was counted at.</summary>
    public long TimeMs => bits >> FlagBits;

    /// <summary>True when it was counted from a complete summary.</summary>
    public bool Complete => (bits & 2) != 0;

    /// <summary>True when its PDD was counted.</summary>
    public bool PddCounted => (bits & 1) != 0;
}

/// <summary>
/// The calls counted already. What happens less than the horizon after a call was counted belongs
/// to it; what happens later begins a call of its own. So it does not matter when exactly a call
/// is dropped: only once the watermark, which no event is behind, is past that time. Past
/// <c>callsMax</c> the oldest go early; that is counted, since it may let a call in twice.
/// </summary>
internal sealed class CountedCalls(long horizonMs, int callsMax)
{
    private const string PartKey = "counted-calls";

    // So many removals before its turn a call's place is fetched.
    private const int Ahead = 16;

    // Id, time, two flags.
    private const int EntryBytes = 18;

    private readonly IdMap<CountedCall> calls = new();
    private readonly TimeBuckets<Entry> buckets = new(PartKey, Math.Max(1000, horizonMs / 10));

    /// <summary>Calls dropped before their time.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Says that a call is asked for soon.</summary>
    public void WillFind(ulong id) => calls.WillFind(id);

    /// <summary>The counted call an event belongs to; null when there is none.</summary>
    /// <param name="id">The call's id, not 0.</param>
    /// <param name="eventTimeMs">When the event happened.</param>
    public CountedCall? Find(ulong id, long eventTimeMs)
    {
        ref CountedCall call = ref calls.Find(id);
        return !Unsafe.IsNullRef(ref call) && eventTimeMs < call.TimeMs + horizonMs ? call : null;
    }

    /// <summary>A call is counted.</summary>
    public void Add(ulong id, CountedCall call)
    {
        buckets.Add(call.TimeMs, new Entry(id, call));
        Put(id, call);
        if (calls.Count > callsMax)
            Forgotten += DropFirst();
    }

    /// <summary>Drops what no event can belong to any more.</summary>
    public void DropBefore(long watermarkMs)
    {
        while (buckets.FirstEndMs <= watermarkMs - horizonMs && !buckets.IsEmpty)
            DropFirst();
    }

    /// <summary>Adds the calls that came since, and the removal of dropped ones.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        into.Add(StatePart.Write(PartKey, writer => writer.Write(Forgotten)));
        buckets.Save(into, whole, Encode);
    }

    /// <summary>Takes the calls back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        StatePart.Read(parts, PartKey, reader => Forgotten = reader.ReadInt64());
        buckets.Load(parts, Decode, entry => Put(entry.Id, entry.Call));
    }

    // Parts come in no order: the call counted last is the one that is known.
    private void Put(ulong id, CountedCall call)
    {
        ref CountedCall known = ref calls.GetOrAdd(id, out bool added);
        if (added || known.TimeMs < call.TimeMs)
            known = call;
    }

    private int DropFirst()
    {
        ReadOnlySpan<Entry> first = buckets.First;
        int dropped = first.Length;
        for (int i = 0; i < first.Length; i++)
        {
            if (i + Ahead < first.Length)
                calls.WillFind(first[i + Ahead].Id);
            Entry entry = first[i];
            ref CountedCall known = ref calls.Find(entry.Id);
            if (!Unsafe.IsNullRef(ref known) && known.TimeMs == entry.Call.TimeMs)
                calls.Remove(entry.Id);
        }

        buckets.DropFirst();
        return dropped;
    }

    private static byte[] Encode(ReadOnlySpan<Entry> entries)
    {
        byte[] part = new byte[entries.Length * EntryBytes];
        Span<byte> rest = part;
        foreach (Entry entry in entries)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, entry.Id);
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], entry.Call.TimeMs);
            rest[16] = entry.Call.Complete ? (byte)1 : (byte)0;
            rest[17] = entry.Call.PddCounted ? (byte)1 : (byte)0;
            rest = rest[EntryBytes..];
        }

        return part;
    }

    private static Entry[] Decode(ReadOnlySpan<byte> part)
    {
        Entry[] entries = new Entry[part.Length / EntryBytes];
        for (int i = 0; i < entries.Length; i++)
        {
            ReadOnlySpan<byte> at = part.Slice(i * EntryBytes, EntryBytes);
            entries[i] = new Entry(
                BinaryPrimitives.ReadUInt64LittleEndian(at),
                new CountedCall(
                    BinaryPrimitives.ReadInt64LittleEndian(at[8..]), at[16] != 0, at[17] != 0));
        }

        return entries;
    }

    private readonly record struct Entry(ulong Id, CountedCall Call);
}
