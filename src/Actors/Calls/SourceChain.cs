using System.Buffers.Binary;
using Earshot.Log;

namespace Earshot.Actors.Calls;

/// <summary>
/// What a re-keyed record says of where it comes from: header <c>earshot-source</c>, little
/// endian {source partition (4), its offset there (8), offset of the record before it that went
/// from that partition to the same target (8; -1: none)}. The links make a chain per source and
/// target, so that a record that comes again, or one that is missing, shows.
/// </summary>
/// <param name="Partition">Source partition.</param>
/// <param name="Offset">Offset there.</param>
/// <param name="Previous">Offset of the one before; -1: it is the first.</param>
internal readonly record struct SourceLink(int Partition, long Offset, long Previous)
{
    private const int Bytes = 20;

    public static ReadOnlySpan<byte> HeaderName => "earshot-source"u8;

    /// <summary>Reads the link of a record; false when it has none.</summary>
    public static bool TryRead(RecordHeaders headers, out SourceLink link)
    {
        link = default;
        if (!headers.TryGet(HeaderName, out ReadOnlySpan<byte> value) || value.Length != Bytes)
            return false;
        link = new SourceLink(
            BinaryPrimitives.ReadInt32LittleEndian(value),
            BinaryPrimitives.ReadInt64LittleEndian(value[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(value[12..]));
        return true;
    }

    /// <summary>Adds it to a record's headers.</summary>
    public void AddTo(RecordHeadersBuilder headers)
    {
        Span<byte> value = stackalloc byte[Bytes];
        BinaryPrimitives.WriteInt32LittleEndian(value, Partition);
        BinaryPrimitives.WriteInt64LittleEndian(value[4..], Offset);
        BinaryPrimitives.WriteInt64LittleEndian(value[12..], Previous);
        headers.Add(HeaderName, value);
    }
}

/// <summary>The newest link of each source: finds repeats and gaps.</summary>
internal sealed class SourceChain
{
    private readonly SortedDictionary<int, long> newest = [];

    /// <summary>Records that should have come and did not, in runs.</summary>
    public long Gaps { get; private set; }

    /// <summary>Takes a link in.</summary>
    /// <returns>False when its record came before.</returns>
    public bool Take(SourceLink link)
    {
        long last = newest.GetValueOrDefault(link.Partition, -1);
        if (link.Offset <= last)
            return false;
        if (link.Previous > last)
            Gaps++;
        newest[link.Partition] = link.Offset;
        return true;
    }

    /// <summary>Writes it for a snapshot.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write(Gaps);
        writer.Write7BitEncodedInt(newest.Count);
        foreach ((int partition, long offset) in newest)
        {
            writer.Write7BitEncodedInt(partition);
            writer.Write(offset);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public void Load(BinaryReader reader)
    {
        Gaps = reader.ReadInt64();
        int count = reader.Read7BitEncodedInt();
        for (int i = 0; i < count; i++)
        {
            int partition = reader.Read7BitEncodedInt();
            newest.Add(partition, reader.ReadInt64());
        }
    }
}
