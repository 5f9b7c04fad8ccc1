using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Earshot.Actors.Wire;

/// <summary>
/// Writes protobuf messages straight into a buffer that is used again: rows are many, and as
/// objects each would be made, measured, written and thrown away. Fields come in order of their
/// numbers, and what has its default value is left out, so the bytes are those that the generated
/// classes write. Wire format: https://protobuf.dev/programming-guides/encoding/.
/// </summary>
internal sealed class ProtoBytes
{
    private const int VarintBytesMax = 10;
    private const int TagBytesMax = 5;
    private const int WireVarint = 0;
    private const int WireFixed64 = 1;
    private const int WireBytes = 2;

    private byte[] bytes = new byte[1024];
    private int used;

    /// <summary>What was written. Valid until the next change.</summary>
    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, used);

    /// <summary>Begins anew.</summary>
    public void Clear() => used = 0;

    /// <summary>A whole number; 0 is left out.</summary>
    public void Int(int field, long value)
    {
        if (value == 0)
            return;
        Reserve(TagBytesMax + VarintBytesMax);
        Tag(field, WireVarint);
        Varint((ulong)value);
    }

    /// <summary>A truth value; false is left out.</summary>
    public void Bool(int field, bool value) => Int(field, value ? 1 : 0);

    /// <summary>A number; 0 is left out.</summary>
    public void Double(int field, double value)
    {
        if (value != 0)
            Always(field, value);
    }

    /// <summary>A number of a field that can be absent: 0 is written, null is not.</summary>
    public void Optional(int field, double? value)
    {
        if (value is { } known)
            Always(field, known);
    }

    /// <summary>A text; an empty one is left out.</summary>
    public void Text(int field, string value)
    {
        if (value.Length > 0)
            Element(field, value);
    }

    /// <summary>A text among others of a repeated field.</summary>
    public void Element(int field, string value)
    {
        Reserve((2 * TagBytesMax) + (3 * value.Length));
        Tag(field, WireBytes);

        // Most texts are short: room for one byte of length, more is made when it needs more.
        int start = ++used;
        used += Encoding.UTF8.GetBytes(value, bytes.AsSpan(used));
        SetLength(start);
    }

    /// <summary>A whole number of a packed field, without a tag.</summary>
    public void Packed(long value)
    {
        Reserve(VarintBytesMax);
        Varint((ulong)value);
    }

    /// <summary>A number of a packed field of sint32 or sint64, without a tag.</summary>
    public void PackedSigned(long value) => Packed((value << 1) ^ (value >> 63));

    /// <summary>A double of a packed field, without a tag.</summary>
    public void Packed(double value)
    {
        Reserve(sizeof(double));
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(used), value);
        used += sizeof(double);
    }

    /// <summary>Numbers of a packed field of fixed64, without a tag.</summary>
    public void PackedFixed(ReadOnlySpan<long> values)
    {
        Reserve(sizeof(long) * values.Length);
        Span<byte> into = bytes.AsSpan(used, sizeof(long) * values.Length);
        if (BitConverter.IsLittleEndian)
            MemoryMarshal.AsBytes(values).CopyTo(into);
        else
            BinaryPrimitives.ReverseEndianness(values, MemoryMarshal.Cast<byte, long>(into));
        used += into.Length;
    }

    /// <summary>Fields that were written before.</summary>
    public void Append(ReadOnlySpan<byte> fields)
    {
        Reserve(fields.Length);
        fields.CopyTo(bytes.AsSpan(used));
        used += fields.Length;
    }

    /// <summary>A message, or a packed field, that was written before.</summary>
    public void Message(int field, ReadOnlySpan<byte> message)
    {
        Reserve((2 * TagBytesMax) + message.Length);
        Tag(field, WireBytes);
        Varint((ulong)message.Length);
        Append(message);
    }

    /// <summary>
    /// A message of a number, its field 1, and a whole number, its field 2: what rows have most of,
    /// so at once.
    /// </summary>
    public void Pair(int field, double first, long second)
    {
        Reserve((2 * TagBytesMax) + 2 + sizeof(double) + VarintBytesMax);
        Tag(field, WireBytes);

        // Never as long as 128 bytes, so that its length takes one.
        int start = ++used;
        if (first != 0)
        {
            bytes[used++] = (1 << 3) | WireFixed64;
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(used), first);
            used += sizeof(double);
        }

        if (second != 0)
        {
            bytes[used++] = (2 << 3) | WireVarint;
            Varint((ulong)second);
        }

        bytes[start - 1] = (byte)(used - start);
    }

    /// <summary>Begins a message inside this one.</summary>
    /// <returns>What <see cref="End"/> needs.</returns>
    public int Begin(int field)
    {
        Reserve(2 * TagBytesMax);
        Tag(field, WireBytes);
        return ++used;
    }

    /// <summary>Ends the message that <paramref name="begun"/> stands for.</summary>
    public void End(int begun)
    {
        Reserve(TagBytesMax);
        SetLength(begun);
    }

    private void Always(int field, double value)
    {
        Reserve(TagBytesMax + sizeof(double));
        Tag(field, WireFixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(used), value);
        used += sizeof(double);
    }

    // The length of what begins at start goes before it, where there is room for one byte.
    private void SetLength(int start)
    {
        int length = used - start;
        int more = BitOperations.Log2((uint)length | 1) / 7;
        if (more > 0)
            bytes.AsSpan(start, length).CopyTo(bytes.AsSpan(start + more));
        int end = used + more;
        used = start - 1;
        Varint((ulong)length);
        used = end;
    }

    private void Tag(int field, int wire) => Varint((uint)((field << 3) | wire));

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            bytes[used++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[used++] = (byte)value;
    }

    private void Reserve(int more)
    {
        if (used + more > bytes.Length)
            Array.Resize(ref bytes, Math.Max(used + more, 2 * bytes.Length));
    }
}
