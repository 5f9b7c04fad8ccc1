using Earshot.Schemas;

namespace Earshot.Sources.Csv;

/// <summary>Hashes ids that are made of several fields.</summary>
internal sealed class CsvHash
{
    // ASCII's unit separator: no name has it, so ("a", "bc") and ("ab", "c") differ.
    private const byte Separator = 0x1F;

    private byte[] joined = new byte[256];

    /// <summary>The hash of two fields with a separator between them.</summary>
    public ulong Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = first.Length + second.Length + 1;
        if (joined.Length < length)
            joined = new byte[length * 2];
        first.CopyTo(joined);
        joined[first.Length] = Separator;
        second.CopyTo(joined.AsSpan(first.Length + 1));
        return StableHash.Of(joined.AsSpan(0, length));
    }

    /// <summary>The hash of three fields with separators between them.</summary>
    public ulong Of(
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        int head = first.Length + second.Length + 1, length = head + third.Length + 1;
        if (joined.Length < length)
            joined = new byte[length * 2];
        first.CopyTo(joined);
        joined[first.Length] = Separator;
        second.CopyTo(joined.AsSpan(first.Length + 1));
        joined[head] = Separator;
        third.CopyTo(joined.AsSpan(head + 1));
        return StableHash.Of(joined.AsSpan(0, length));
    }
}
