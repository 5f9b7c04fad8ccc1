using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Earshot.Schemas;

/// <summary>
/// What a table looks UTF-8 texts up by: up to 16 bytes it says all of the text, so that most
/// look-ups compare three numbers and touch no text.
/// </summary>
/// <param name="Low">The first eight bytes, or what there is.</param>
/// <param name="High">The last eight bytes; they may overlap the first.</param>
/// <param name="Length">Bytes of the text.</param>
internal readonly record struct TextKey(ulong Low, ulong High, int Length)
{
    /// <summary>Longest text a key says all of.</summary>
    public const int WholeMax = 2 * sizeof(ulong);

    private const ulong Prime = 0x9E3779B97F4A7C15;

    /// <summary>The key of a text that is not empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TextKey Of(ReadOnlySpan<byte> utf8)
    {
        // Each branch has seen that the bytes are there; sliced, each would be checked again.
        int length = utf8.Length;
        ref byte first = ref MemoryMarshal.GetReference(utf8);
        if (length >= sizeof(ulong))
        {
            return new TextKey(
                Unsafe.ReadUnaligned<ulong>(ref first),
                Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, length - sizeof(ulong))),
                length);
        }

        if (length >= sizeof(uint))
        {
            return new TextKey(
                Unsafe.ReadUnaligned<uint>(ref first),
                Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, length - sizeof(uint))),
                length);
        }

        return new TextKey(utf8[0], ((uint)utf8[length / 2] << 8) | utf8[length - 1], length);
    }

    /// <summary>Where to look first: speed over strength, since it decides nothing else.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Hash(ReadOnlySpan<byte> utf8)
    {
        ulong hash = (Low * Prime) ^ (High + (ulong)Length);
        for (int at = sizeof(ulong); at < Length - sizeof(ulong); at += sizeof(ulong))
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(utf8[at..]));
        return (uint)(Mix(hash) >> 32);
    }

    private static ulong Mix(ulong value) => (value ^ (value >> 32)) * Prime;
}
