using System.Buffers.Binary;
using System.Text;
using Earshot.Sqlite;

namespace Earshot.Snapshots;

/// <summary>
/// How heads and parts are written, the same in every store. A part's value is {version (1),
/// CRC-32C (4), bytes}; a head's header is {magic (4), version (2), part count (8), CRC-32C (4)},
/// little endian. Checksums cover whose it is as well, so that a value in the wrong row shows.
/// So each part is checked for itself, and the count shows parts lost: saving a few parts does
/// not read the others.
/// </summary>
internal static class SnapshotFormat
{
    /// <summary>The format this program writes, and the newest it reads.</summary>
    public const int Version = 1;

    private const uint Magic = 'E' | ('S' << 8) | ('N' << 16) | ((uint)'P' << 24);
    private const int VersionAt = 4;
    private const int CountAt = 6;
    private const int HeaderCrcAt = 14;
    private const int HeaderBytes = 18;
    private const int PartCrcAt = 1;
    private const int PartPrefixBytes = 5;

    public static byte[] EncodeHeader(SnapshotOwner owner, long offset, long partCount)
    {
        byte[] header = new byte[HeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(VersionAt), Version);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(CountAt), partCount);
        BinaryPrimitives.WriteUInt32LittleEndian(
            header.AsSpan(HeaderCrcAt), HeaderCrc(owner, offset, header));
        return header;
    }

    /// <summary>Checks a header.</summary>
    /// <returns>How many parts the snapshot has.</returns>
    /// <exception cref="SnapshotException">Newer or damaged.</exception>
    public static long DecodeHeader(SnapshotOwner owner, long offset, ReadOnlySpan<byte> header)
    {
        if (header.Length < CountAt
            || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic)
        {
            throw Damaged(owner, "its header does not begin as one does");
        }
        // Before the checksum: a newer format may keep it elsewhere.
        RequireVersion(owner, BinaryPrimitives.ReadUInt16LittleEndian(header[VersionAt..]));
        if (header.Length != HeaderBytes)
            throw Damaged(owner, $"its header has {header.Length} bytes");
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(header[HeaderCrcAt..]);
        if (stored != HeaderCrc(owner, offset, header))
            throw Damaged(owner, "the checksum of its header does not match");
        return BinaryPrimitives.ReadInt64LittleEndian(header[CountAt..]);
    }

    /// <summary>Refuses the header of a newer format; a damaged one passes.</summary>
    /// <exception cref="SnapshotException">Newer.</exception>
    public static void RequireNotNewer(SnapshotOwner owner, ReadOnlySpan<byte> header)
    {
        if (header.Length >= CountAt && BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic)
            RequireKnown(owner, BinaryPrimitives.ReadUInt16LittleEndian(header[VersionAt..]));
    }

    public static byte[] EncodePart(SnapshotOwner owner, string key, ReadOnlySpan<byte> value)
    {
        byte[] stored = GC.AllocateUninitializedArray<byte>(PartPrefixBytes + value.Length);
        stored[0] = Version;
        value.CopyTo(stored.AsSpan(PartPrefixBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(
            stored.AsSpan(PartCrcAt), Crc32C.Continue(SeedOf(owner, key), value));
        return stored;
    }

    /// <summary>Checks a part and returns its bytes.</summary>
    /// <exception cref="SnapshotException">Newer or damaged.</exception>
    public static byte[] DecodePart(SnapshotOwner owner, string key, ReadOnlySpan<byte> stored)
    {
        if (stored.Length < 1)
            throw Damaged(owner, $"part {key} is empty");
        RequireVersion(owner, stored[0]);
        if (stored.Length < PartPrefixBytes)
            throw Damaged(owner, $"part {key} has {stored.Length} bytes");
        ReadOnlySpan<byte> value = stored[PartPrefixBytes..];
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(stored[PartCrcAt..]);
        if (crc != Crc32C.Continue(SeedOf(owner, key), value))
            throw Damaged(owner, $"the checksum of part {key} does not match");
        return value.ToArray();
    }

    public static SnapshotException Damaged(SnapshotOwner owner, string how) => new(
        $"The snapshot of {owner.Stage} partition {owner.Partition} is damaged: {how}. Restore a "
        + "backup, or remove the snapshot: the state is then rebuilt from the log, if the log "
        + "still begins at 0, and otherwise accepted as incomplete with --accept-incomplete-state.");

    private static void RequireVersion(SnapshotOwner owner, int version)
    {
        RequireKnown(owner, version);
        if (version < 1)
            throw Damaged(owner, $"there is no format version {version}");
    }

    private static void RequireKnown(SnapshotOwner owner, int version)
    {
        if (version > Version)
        {
            throw new SnapshotException(
                $"The snapshot of {owner.Stage} partition {owner.Partition} has format version "
                + $"{version}; this program reads version {Version}. Run the newer program that "
                + "wrote it, or start a new pipeline (another --data folder or pipeline id).");
        }
    }

    private static uint HeaderCrc(SnapshotOwner owner, long offset, ReadOnlySpan<byte> header)
    {
        Span<byte> place = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(place, offset);
        uint crc = Crc32C.Continue(SeedOf(owner, ""), place);
        return Crc32C.Continue(crc, header[..HeaderCrcAt]);
    }

    // The checksum of the row's key: stage, partition, part.
    private static uint SeedOf(SnapshotOwner owner, string key)
    {
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(number, owner.Partition);
        uint crc = Crc32C.Of(number);
        return ContinueText(ContinueText(crc, owner.Stage), key);
    }

    private static uint ContinueText(uint crc, string text)
    {
        const int StackBytesMax = 256;
        int bytesMax = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> utf8 = bytesMax <= StackBytesMax ? stackalloc byte[bytesMax] : new byte[bytesMax];
        int count = Encoding.UTF8.GetBytes(text, utf8);
        // A closing zero keeps ("a", "bc") and ("ab", "c") apart.
        return Crc32C.Continue(Crc32C.Continue(crc, utf8[..count]), [0]);
    }
}
