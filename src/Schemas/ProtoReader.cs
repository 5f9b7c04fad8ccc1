using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Earshot.Schemas;

/// <summary>
/// Reads the protobuf wire format in place (https://protobuf.dev/programming-guides/encoding/).
/// It never throws and never reads outside its bytes: the first thing wrong is kept in
/// <see cref="Error"/>, and from then on there are no more fields. What it accepts is what
/// Google.Protobuf for C# accepts, less two things it refuses: groups, and wire types that do not
/// exist (Google's reader passes over them inside map entries).
/// </summary>
public ref struct ProtoReader
{
    /// <summary>Wire type 0: int32, int64, sint, bool, enum.</summary>
    public const int Varint = 0;

    /// <summary>Wire type 1: double, fixed64.</summary>
    public const int Fixed64 = 1;

    /// <summary>Wire type 2: string, bytes, message, packed.</summary>
    public const int Length = 2;

    /// <summary>Wire type 5: float, fixed32.</summary>
    public const int Fixed32 = 5;

    /// <summary>Bits of a tag that say the wire type; the rest is the field number.</summary>
    public const int TagTypeBits = 3;

    private const int VarintBytesMax = 10;

    private readonly ReadOnlySpan<byte> data;
    private int position;
    private int end; // of the message being read, at most data.Length

    /// <summary>Reads a message from its first byte to its last.</summary>
    public ProtoReader(ReadOnlySpan<byte> data)
    {
        this.data = data;
        end = data.Length;
    }

    /// <summary>What is wrong with the bytes, in words; null while nothing is.</summary>
    public string? Error { readonly get; private set; }

    /// <summary>The next field's tag; 0 at the end of the message, or after an error.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint NextTag()
    {
        if (position >= end)
            return 0;
        uint tag = data[position];
        if (tag is >= 0x80 or < 1 << TagTypeBits)
            return LongTag();
        position++;
        return tag;
    }

    /// <summary>A varint's 64 bits; int32 and enum fields keep the lower 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadVarint()
    {
        if (position < end && data[position] < 0x80)
            return data[position++];
        return LongVarint();
    }

    /// <summary>A double.</summary>
    public double ReadDouble()
    {
        if (end - position < sizeof(double))
        {
            Fail("truncated");
            return 0;
        }

        double value = BinaryPrimitives.ReadDoubleLittleEndian(data[position..]);
        position += sizeof(double);
        return value;
    }

    /// <summary>The bytes of a string or bytes field, in place; empty after an error.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        int length = ReadLength();
        ReadOnlySpan<byte> bytes = data.Slice(position, length);
        position += length;
        return bytes;
    }

    /// <summary>Goes into a nested message, until <see cref="Leave"/>.</summary>
    /// <returns>What <see cref="Leave"/> needs.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Enter()
    {
        int length = ReadLength();
        int outer = end;
        end = position + length;
        return outer;
    }

    /// <summary>Goes back to the outer message, after the nested one has no more fields.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Leave(int outer) => end = outer;

    /// <summary>What is left of the message being read; nothing after an error.</summary>
    internal readonly ReadOnlySpan<byte> Rest => position < end ? data[position..end] : default;

    /// <summary>Passes over what was read from <see cref="Rest"/>.</summary>
    internal void Advance(int bytes)
    {
        Debug.Assert(bytes >= 0 && bytes <= Rest.Length);
        position += bytes;
    }

    /// <summary>Skips the value of a field nobody asked for.</summary>
    public void Skip(uint tag)
    {
        switch ((int)tag & ((1 << TagTypeBits) - 1))
        {
            case Varint:
                ReadVarint();
                break;
            case Fixed64:
                SkipBytes(sizeof(ulong));
                break;
            case Length:
                ReadBytes();
                break;
            case Fixed32:
                SkipBytes(sizeof(uint));
                break;
            case 3 or 4:
                Fail("groups are not supported");
                break;
            default:
                Fail("invalid wire type");
                break;
        }
    }

    /// <summary>Bytes from the start of the data to the next unread one.</summary>
    public readonly int Position => position;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int ReadLength()
    {
        int length = (int)ReadVarint();
        if ((uint)length <= (uint)(end - position))
            return length;
        Fail(length < 0 ? "negative length" : "truncated");
        return 0;
    }

    private void SkipBytes(int count)
    {
        if (end - position < count)
            Fail("truncated");
        else
            position += count;
    }

    private uint LongTag()
    {
        // Fields 16 to 2047 have two bytes.
        if (end - position >= 2 && data[position] >= 0x80 && data[position + 1] is > 0 and < 0x80)
        {
            uint two = (data[position] & 0x7Fu) | ((uint)data[position + 1] << 7);
            position += 2;
            if (two >> TagTypeBits != 0)
                return two;
            position -= 2;
        }

        uint tag = (uint)ReadVarint();
        if (Error is not null)
            return 0;
        if (tag >> TagTypeBits != 0)
            return tag;
        Fail("field number 0");
        return 0;
    }

    private ulong LongVarint()
    {
        ReadOnlySpan<byte> rest = Rest;
        if (rest.Length >= sizeof(ulong) && TryReadVarint(
            BinaryPrimitives.ReadUInt64LittleEndian(rest), out ulong value, out int length))
        {
            position += length;
            return value;
        }

        return SlowVarint();
    }

    /// <summary>Reads a varint at once, where eight bytes hold it.</summary>
    /// <param name="eight">The varint's first byte is the lowest.</param>
    /// <param name="value">Its value.</param>
    /// <param name="length">Its bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryReadVarint(ulong eight, out ulong value, out int length)
    {
        const ulong Continues = 0x8080808080808080;
        (value, length) = (0, 0);
        ulong last = ~eight & Continues;
        if (last == 0)
            return false;
        length = (BitOperations.TrailingZeroCount(last) >> 3) + 1;
        value = JoinSevens(eight & (last ^ (last - 1)));
        return true;
    }

    // Eight groups of seven bits, each in a byte, become 56 bits.
    private static ulong JoinSevens(ulong x)
    {
        x = ((x & 0x7F007F007F007F00) >> 1) | (x & 0x007F007F007F007F);
        x = ((x & 0x3FFF00003FFF0000) >> 2) | (x & 0x00003FFF00003FFF);
        return ((x & 0x0FFFFFFF00000000) >> 4) | (x & 0x000000000FFFFFFF);
    }

    private ulong SlowVarint()
    {
        ulong value = 0;
        int length = Math.Min(end - position, VarintBytesMax);
        for (int i = 0; i < length; i++)
        {
            byte b = data[position + i];
            value |= (ulong)(b & 0x7F) << (7 * i);
            if (b >= 0x80)
                continue;
            position += i + 1;
            return value;
        }

        Fail(length == VarintBytesMax ? "varint of more than 10 bytes" : "truncated");
        return 0;
    }

    // Nothing is left to read after this, whatever the limits of the messages around.
    private void Fail(string error)
    {
        Error ??= error;
        position = data.Length;
        end = data.Length;
    }
}
