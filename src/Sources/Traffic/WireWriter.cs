using System.Buffers.Binary;
using System.Diagnostics;

namespace Earshot.Sources.Traffic;

/// <summary>Writes protobuf fields into a buffer that is known to be large enough.</summary>
internal ref struct WireWriter(Span<byte> buffer, int position)
{
    private readonly Span<byte> buffer = buffer;

    /// <summary>Where the next byte goes.</summary>
    public int Position { get; private set; } = position;

    public void Varint(int field, long value)
    {
        Raw((ulong)(field << 3));
        Raw((ulong)value);
    }

    public void Double(int field, double value)
    {
        Raw((ulong)((field << 3) | 1));
        BinaryPrimitives.WriteDoubleLittleEndian(buffer[Position..], value);
        Position += sizeof(double);
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Raw((ulong)((field << 3) | 2));
        Raw((ulong)value.Length);
        Copy(value);
    }

    /// <summary>A string field of a prefix letter pair and 16 hexadecimal digits.</summary>
    public void Id(int field, ReadOnlySpan<byte> prefix, ulong id, ReadOnlySpan<byte> suffix)
    {
        Raw((ulong)((field << 3) | 2));
        Raw((ulong)(prefix.Length + 16 + suffix.Length));
        Copy(prefix);
        for (int shift = 60; shift >= 0; shift -= 4)
            buffer[Position++] = "0123456789abcdef"u8[(int)(id >> shift) & 0xF];
        Copy(suffix);
    }

    /// <summary>Begins a nested message of fewer than 128 bytes.</summary>
    public int Begin(int field)
    {
        Raw((ulong)((field << 3) | 2));
        return Position++;
    }

    /// <summary>Ends it.</summary>
    public void End(int begun)
    {
        int length = Position - begun - 1;
        Debug.Assert(length < 0x80, "one byte says its length");
        buffer[begun] = (byte)length;
    }

    /// <summary>Fields that are written already.</summary>
    public void Copy(ReadOnlySpan<byte> fields)
    {
        fields.CopyTo(buffer[Position..]);
        Position += fields.Length;
    }

    private void Raw(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            buffer[Position++] = (byte)(value | 0x80);
        buffer[Position++] = (byte)value;
    }
}
