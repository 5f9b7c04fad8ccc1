using System.Buffers.Binary;
using System.Diagnostics;
using Earshot.Sqlite;

namespace Earshot.Log;

/// <summary>
/// Records as one block of bytes. Little endian: magic and format version (4), CRC-32C of all
/// that follows (4), record count (4), bytes of lengths (4), for each record the lengths of key
/// and value (version 2: and headers) as base-128 numbers, then all keys, values and headers.
/// Offsets are not in it: the log knows the first one and there are no gaps. Blocks without
/// headers are written as version 1.
/// </summary>
internal static class BlockCodec
{
    /// <summary>Most bytes of keys and values in a block; a lone record may have more.</summary>
    public const int BlockBytesMax = 4 * 1024 * 1024;

    /// <summary>Most records in a block: bounds what a reader decodes at once.</summary>
    public const int BlockRecordsMax = 64 * 1024;

    /// <summary>Largest record, in bytes of key and value. Envelopes have some hundred.</summary>
    public const int RecordBytesMax = 64 * 1024 * 1024;

    private const uint Magic = 'E' | ('S' << 8) | ('B' << 16);
    private const uint WithoutHeaders = 1;
    private const uint WithHeaders = 2;
    private const uint MagicMask = 0x00FF_FFFF;
    private const int CrcAt = 4;
    private const int CountAt = 8;
    private const int LengthsAt = 12;
    private const int HeaderBytes = 16;

    /// <summary>Cuts records into parts that each fit a block.</summary>
    public static List<RecordBatch> Split(RecordBatch records)
    {
        List<RecordBatch> parts = [];
        ReadOnlySpan<RecordBatch.Entry> entries = records.Entries;
        int start = 0;
        for (int index = 0; index < entries.Length; index++)
        {
            RequireSize(entries[index]);
            bool full = index - start == BlockRecordsMax
                || entries[index].End - entries[start].Start > BlockBytesMax;
            if (full && index > start)
            {
                parts.Add(records.Slice(start, index - start));
                start = index;
            }
        }
        if (start < entries.Length)
            parts.Add(records.Slice(start, entries.Length - start));
        return parts;
    }

    /// <summary>Writes records as a block.</summary>
    public static byte[] Encode(RecordBatch records)
    {
        ReadOnlySpan<RecordBatch.Entry> entries = records.Entries;
        uint version = HaveHeaders(entries) ? WithHeaders : WithoutHeaders;
        int lengthsBytes = 0;
        foreach (ref readonly RecordBatch.Entry entry in entries)
        {
            lengthsBytes += SizeOf(entry.ValueStart - entry.Start)
                + SizeOf(entry.ValueEnd - entry.ValueStart);
            if (version == WithHeaders)
                lengthsBytes += SizeOf(entry.End - entry.ValueEnd);
        }
        ReadOnlySpan<byte> payload = records.Payload;
        byte[] block = GC.AllocateUninitializedArray<byte>(
            checked(HeaderBytes + lengthsBytes + payload.Length));
        int at = HeaderBytes;
        foreach (ref readonly RecordBatch.Entry entry in entries)
        {
            at = WriteLength(block, at, entry.ValueStart - entry.Start);
            at = WriteLength(block, at, entry.ValueEnd - entry.ValueStart);
            if (version == WithHeaders)
                at = WriteLength(block, at, entry.End - entry.ValueEnd);
        }
        Debug.Assert(at == HeaderBytes + lengthsBytes);
        payload.CopyTo(block.AsSpan(at));
        Span<byte> header = block;
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic | (version << 24));
        BinaryPrimitives.WriteInt32LittleEndian(header[CountAt..], entries.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[LengthsAt..], lengthsBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(
            header[CrcAt..], Crc32C.Of(block.AsSpan(CountAt)));
        return block;
    }

    /// <summary>Reads a block; the batch keeps <paramref name="block"/> as its bytes.</summary>
    /// <exception cref="InvalidDataException">It is damaged; the message says how.</exception>
    public static RecordBatch Decode(
        byte[] block, TopicPartition source, long from, int count, long appendTimeMs)
    {
        int lengthsBytes = CheckHeader(block, count, out uint version);
        RecordBatch.Entry[] entries = new RecordBatch.Entry[count];
        int lengthAt = HeaderBytes;
        int payloadAt = HeaderBytes + lengthsBytes;
        ReadOnlySpan<byte> lengths = block.AsSpan(0, payloadAt);
        int start = payloadAt;
        for (int index = 0; index < entries.Length; index++)
        {
            int valueStart = start + ReadLength(lengths, ref lengthAt);
            int valueEnd = valueStart + ReadLength(lengths, ref lengthAt);
            int end = version == WithHeaders
                ? valueEnd + ReadLength(lengths, ref lengthAt)
                : valueEnd;
            entries[index] = new RecordBatch.Entry(
                from + index, start, valueStart, valueEnd, end);
            start = end;
        }
        // The checksum was right, so only a broken writer can have made these disagree.
        if (lengthAt != payloadAt || start != block.Length)
            throw new InvalidDataException("its lengths do not add up");
        return new RecordBatch(block, entries, count)
        {
            Source = source,
            From = from,
            To = from + count,
            AppendTimeMs = appendTimeMs,
            Origin = source.Topic,
        };
    }

    private static int CheckHeader(ReadOnlySpan<byte> block, int count, out uint version)
    {
        if (block.Length < HeaderBytes)
            throw new InvalidDataException($"it has {block.Length} bytes");
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(block);
        if ((magic & MagicMask) != Magic)
            throw new InvalidDataException("it does not begin as a block does");
        version = magic >> 24;
        if (version is not (WithoutHeaders or WithHeaders))
        {
            throw new InvalidDataException(
                $"its format is version {version}, this program reads versions 1 and 2: run the "
                + "newer program");
        }
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(block[CrcAt..]);
        if (stored != Crc32C.Of(block[CountAt..]))
            throw new InvalidDataException("its checksum does not match");
        int storedCount = BinaryPrimitives.ReadInt32LittleEndian(block[CountAt..]);
        int lengthsBytes = BinaryPrimitives.ReadInt32LittleEndian(block[LengthsAt..]);
        if (storedCount != count)
            throw new InvalidDataException($"it has {storedCount} records, not {count}");
        if (lengthsBytes < 0 || lengthsBytes > block.Length - HeaderBytes)
            throw new InvalidDataException("its lengths do not fit");
        return lengthsBytes;
    }

    private static bool HaveHeaders(ReadOnlySpan<RecordBatch.Entry> entries)
    {
        foreach (ref readonly RecordBatch.Entry entry in entries)
        {
            if (entry.End > entry.ValueEnd)
                return true;
        }
        return false;
    }

    private static void RequireSize(in RecordBatch.Entry entry)
    {
        if (entry.End - entry.Start > RecordBytesMax)
        {
            throw new LogException(
                $"A record of {entry.End - entry.Start} bytes is too large; the limit is "
                + $"{RecordBytesMax} bytes.");
        }
    }

    private static int SizeOf(int length)
    {
        int size = 1;
        for (; length >= 0x80; length >>= 7)
            size++;
        return size;
    }

    private static int WriteLength(Span<byte> block, int at, int length)
    {
        for (; length >= 0x80; length >>= 7)
            block[at++] = (byte)(length | 0x80);
        block[at++] = (byte)length;
        return at;
    }

    private static int ReadLength(ReadOnlySpan<byte> lengths, ref int at)
    {
        int length = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            if (at == lengths.Length)
                throw new InvalidDataException("its lengths end early");
            byte next = lengths[at++];
            length |= (next & 0x7F) << shift;
            if (next < 0x80)
                return length;
        }
        throw new InvalidDataException("one of its lengths is no number");
    }
}
