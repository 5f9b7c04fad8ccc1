using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Earshot.Schemas;

/// <summary>
/// SHA-256 (FIPS 180-4, https://doi.org/10.6028/NIST.FIPS.180-4) of many short texts, eight side
/// by side: every row has an id made by it, and one at a time it was a third of what a row costs.
/// </summary>
public static class Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashBytes = 32;

    private const int Lanes = 8;
    private const int BlockBytes = 64;
    private const int BlockWords = BlockBytes / sizeof(uint);
    private const int Rounds = 64;
    private const int StateWords = 8;

    private static readonly uint[] roundConstants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2,
    ];

    private static readonly uint[] firstState =
    [
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
        0x5be0cd19,
    ];

    /// <summary>Hashes texts that lie one behind the other.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="ends">Where each of them ends, ascending.</param>
    /// <param name="hashes">
    /// Receives the hashes, <see cref="HashBytes"/> each, in order of the texts.
    /// </param>
    public static void Hash(
        ReadOnlySpan<byte> texts, ReadOnlySpan<int> ends, Span<byte> hashes)
    {
        int start = 0;
        while (!ends.IsEmpty)
        {
            ReadOnlySpan<int> some = ends[..Math.Min(Lanes, ends.Length)];
            HashLanes(texts, start, some, hashes);
            start = some[^1];
            ends = ends[some.Length..];
            hashes = hashes[(some.Length * HashBytes)..];
        }
    }

    private static void HashLanes(
        ReadOnlySpan<byte> texts, int start, ReadOnlySpan<int> ends, Span<byte> hashes)
    {
        Span<Vector256<uint>> state = stackalloc Vector256<uint>[StateWords];
        for (int i = 0; i < StateWords; i++)
            state[i] = Vector256.Create(firstState[i]);

        // Word i of all lanes is one vector: words[(i * Lanes) + lane].
        Span<uint> words = stackalloc uint[BlockWords * Lanes];
        Span<uint> running = stackalloc uint[Lanes];
        Span<byte> padded = stackalloc byte[BlockBytes];
        for (int block = 0; ; block++)
        {
            running.Clear();
            int first = start;
            for (int lane = 0; lane < ends.Length; lane++)
            {
                ReadOnlySpan<byte> text = texts[first..ends[lane]];
                first = ends[lane];
                ReadOnlySpan<byte> bytes = BlockOf(text, block, padded);
                if (bytes.IsEmpty)
                    continue;
                running[lane] = uint.MaxValue;
                for (int i = 0; i < BlockWords; i++)
                {
                    words[(i * Lanes) + lane] =
                        BinaryPrimitives.ReadUInt32BigEndian(bytes[(i * sizeof(uint))..]);
                }
            }

            if (running.IndexOfAnyExcept(0u) < 0)
                break;
            Compress(
                state, MemoryMarshal.Cast<uint, Vector256<uint>>(words),
                Vector256.Create<uint>(running));
        }

        for (int lane = 0; lane < ends.Length; lane++)
        {
            for (int i = 0; i < StateWords; i++)
            {
                BinaryPrimitives.WriteUInt32BigEndian(hashes, state[i][lane]);
                hashes = hashes[sizeof(uint)..];
            }
        }
    }

    // A block of a text with its padding: a bit that is 1, zeros, the number of bits. Empty: there
    // is none.
    private static ReadOnlySpan<byte> BlockOf(
        ReadOnlySpan<byte> text, int block, Span<byte> padded)
    {
        int at = block * BlockBytes;
        if (at + BlockBytes <= text.Length)
            return text.Slice(at, BlockBytes);

        // The last block is the first with room for one byte and the length.
        int last = (text.Length + sizeof(ulong)) / BlockBytes;
        if (block > last)
            return [];
        padded.Clear();
        int left = text.Length - at;
        if (left > 0)
            text[at..].CopyTo(padded);
        if (left >= 0)
            padded[left] = 0x80;
        if (block == last)
        {
            BinaryPrimitives.WriteUInt64BigEndian(
                padded[^sizeof(ulong)..], (ulong)text.Length * 8);
        }

        return padded;
    }

    private static void Compress(
        Span<Vector256<uint>> state, ReadOnlySpan<Vector256<uint>> block,
        Vector256<uint> running)
    {
        Span<Vector256<uint>> words = stackalloc Vector256<uint>[Rounds];
        block.CopyTo(words);
        for (int i = BlockWords; i < words.Length; i++)
        {
            Vector256<uint> early = words[i - 15], late = words[i - 2];
            words[i] = words[i - 16] + words[i - 7]
                + (Rotate(early, 7) ^ Rotate(early, 18) ^ (early >>> 3))
                + (Rotate(late, 17) ^ Rotate(late, 19) ^ (late >>> 10));
        }

        Vector256<uint> a = state[0], b = state[1], c = state[2], d = state[3];
        Vector256<uint> e = state[4], f = state[5], g = state[6], h = state[7];
        for (int i = 0; i < words.Length; i++)
        {
            Vector256<uint> one = h + words[i] + Vector256.Create(roundConstants[i])
                + ((e & f) ^ Vector256.AndNot(g, e))
                + (Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25));
            Vector256<uint> two = ((a & (b ^ c)) ^ (b & c))
                + (Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + one, c, b, a, one + two);
        }

        // Texts that ended before stay as they are.
        state[0] += a & running;
        state[1] += b & running;
        state[2] += c & running;
        state[3] += d & running;
        state[4] += e & running;
        state[5] += f & running;
        state[6] += g & running;
        state[7] += h & running;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rotate(Vector256<uint> value, int bits) =>
        (value >>> bits) | (value << (32 - bits));
}
