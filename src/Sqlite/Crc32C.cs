using System.Numerics;
using System.Runtime.InteropServices;

namespace Earshot.Sqlite;

/// <summary>CRC-32C (Castagnoli, RFC 3720 appendix B.4), in hardware where there is any.</summary>
public static class Crc32C
{
    /// <summary>The checksum of <paramref name="bytes"/>.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => Continue(0, bytes);

    /// <summary>The checksum of what gave <paramref name="crc"/> followed by these bytes.</summary>
    public static uint Continue(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : Swap(word));
        foreach (byte value in bytes[(words.Length * sizeof(ulong))..])
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    private static ulong Swap(ulong word) =>
        System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word);
}
