using System.Buffers.Binary;
using System.Text;
using Earshot.Sqlite;

namespace Earshot.Snapshots;

/// <summary>
/// How heads and parts are written, the same in every store. A part's value is {version (1),
/// CRC-32C (4), bytes}; a head's header is {magic (4), version (2), part count (8), settings (8),
/// CRC-32C (4)}, little endian. Checksums cover whose it is as well, so that a value in the wrong
/// row shows. So each part is checked for itself, and the count shows parts lost: saving a few
/// parts does not read the others.
/// </summary>
/// <remarks>
/// Version 1 had no settings in the header; versions 1 and 2 had no cold parts, a part for each
/// key, and live calls without what their stream reports say (parts of another name). How a part
/// is wrapped is the same in all. An older snapshot becomes one of this version at the next save,
/// whose header then covers parts of both.
/// </remarks>
internal static class SnapshotFormat
{
    /// <summary>The format this program writes, and the newest it reads.</summary>
    public const int Version = 3;

    private const uint Magic = 'E' | ('S' << 8) | ('N' << 16) | ((uint)'P' << 24);
    private const int VersionAt = 4;
    private const int CountAt = 6;
    private const int SettingsAt = 14;
    private const int HeaderCrcAt = 22;
    private const int CrcBytes = 4;
    private const int HeaderCrcAtVersion1 = 14;
    private const int PartCrcAt = 1;
    private const int PartPrefixBytes = 5;

    public static byte[] EncodeHeader(SnapshotOwner owner, long offset, SnapshotHeader header)
    {
        byte[] stored = new byte[HeaderCrcAt + CrcBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(stored, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(stored.AsSpan(VersionAt), Version);
        BinaryPrimitives.WriteInt64LittleEndian(stored.AsSpan(CountAt), header.PartCount);
        BinaryPrimitives.WriteUInt64LittleEndian(stored.AsSpan(SettingsAt), header.Settings);
        BinaryPrimitives.WriteUInt32LittleEndian(
            stored.AsSpan(HeaderCrcAt), HeaderCrc(owner, offset, stored.AsSpan(0, HeaderCrcAt)));
        return stored;
    }

    /// <summary>Checks a header and returns what it says.</summary>
    /// <exception cref="SnapshotException">Newer or damaged.</exception>
    public static SnapshotHeader DecodeHeader(
        SnapshotOwner owner, long offset, ReadOnlySpan<byte> stored)
    {
        if (stored.Length < CountAt || BinaryPrimitives.ReadUInt32LittleEndian(stored) != Magic)
            throw Damaged(owner, "its header does not begin as one does");
        // Before the checksum: a newer format may keep it elsewhere.
        int version = BinaryPrimitives.ReadUInt16LittleEndian(stored[VersionAt..]);
        RequireVersion(owner, version);
        int crcAt = version == 1 ? HeaderCrcAtVersion1 : HeaderCrcAt;
        if (stored.Length != crcAt + CrcBytes)
            throw Damaged(owner, $"its header has {stored.Length} bytes");
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(stored[crcAt..]);
        if (crc != HeaderCrc(owner, offset, stored[..crcAt]))
            throw Damaged(owner, "the checksum of its header does not match");
        return new SnapshotHeader(
            BinaryPrimitives.ReadInt64LittleEndian(stored[CountAt..]),
            version == 1 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(stored[SettingsAt..]));
    }

    /// <summary>Refuses the header of a newer format; a damaged one passes.</summary>
    /// <exception cref="SnapshotException">Newer.</exception>
    public static void RequireNotNewer(SnapshotOwner owner, ReadOnlySpan<byte> stored)
    {
        if (stored.Length >= CountAt && BinaryPrimitives.ReadUInt32LittleEndian(stored) == Magic)
            RequireKnown(owner, BinaryPrimitives.ReadUInt16LittleEndian(stored[VersionAt..]));
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
        + "still begins at 0, or else accepted as incomplete with --accept-incomplete-state.");

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
                + $"{version}; this program reads versions up to {Version}. Run the newer "
                + "program that wrote it, or start a new pipeline (another --data folder or "
                + "pipeline id).");
        }
    }

    private static uint HeaderCrc(SnapshotOwner owner, long offset, ReadOnlySpan<byte> header)
    {
        Span<byte> place = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(place, offset);
        uint crc = Crc32C.Continue(SeedOf(owner, ""), place);
        return Crc32C.Continue(crc, header);
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
        Span<byte> utf8 = bytesMax <= StackBytesMax
            ? stackalloc byte[bytesMax]
            : new byte[bytesMax];
        int count = Encoding.UTF8.GetBytes(text, utf8);
        // A closing zero keeps ("a", "bc") and ("ab", "c") apart.
        return Crc32C.Continue(Crc32C.Continue(crc, utf8[..count]), [0]);
    }
}
