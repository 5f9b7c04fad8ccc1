using Earshot.Schemas;

namespace Earshot.Actors.Wire;

/// <summary>
/// A packed field, read number by number where it lies. Reading beyond its end, or something that
/// is no number, is an <see cref="ArgumentException"/>.
/// </summary>
internal ref struct PackedColumn(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> bytes = bytes;
    private ProtoReader reader = new(bytes);

    /// <summary>All of it.</summary>
    public readonly ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>Whether all was read.</summary>
    public readonly bool IsAtEnd => reader.Position >= bytes.Length;

    /// <summary>The next number of an int64 field.</summary>
    public long Next()
    {
        long value = (long)reader.ReadVarint();
        return reader.Error is null ? value : throw Short();
    }

    /// <summary>The next number of an int32 field.</summary>
    public int NextInt() => (int)Next();

    /// <summary>The next number of a sint32 or sint64 field.</summary>
    public long NextSigned()
    {
        ulong value = (ulong)Next();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>The next number of a double field.</summary>
    public double NextDouble()
    {
        double value = reader.ReadDouble();
        return reader.Error is null ? value : throw Short();
    }

    /// <summary>Fails unless all was read.</summary>
    public readonly void RequireEnd()
    {
        if (!IsAtEnd)
            throw new ArgumentException("a column that is too long");
    }

    private readonly ArgumentException Short() => new($"a column that ends: {reader.Error}");
}
