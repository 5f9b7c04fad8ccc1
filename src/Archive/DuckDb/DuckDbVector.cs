using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Earshot.Archive.DuckDb;

/// <summary>
/// One column of a data chunk, to read or to fill. Lives no longer than its chunk. A vector to
/// fill must come from <see cref="ForWriting"/>, so that NULLs can be set.
/// </summary>
internal readonly unsafe struct DuckDbVector
{
    private readonly nint vector;
    private readonly void* data;
    private readonly ulong* validity;

    /// <summary>A vector to read.</summary>
    internal DuckDbVector(nint vector)
    {
        this.vector = vector;
        data = DuckDbNative.VectorData(vector);
        validity = DuckDbNative.VectorValidity(vector);
    }

    /// <summary>A vector to fill.</summary>
    internal static DuckDbVector ForWriting(nint vector)
    {
        DuckDbNative.EnsureValidity(vector);
        return new DuckDbVector(vector);
    }

    /// <summary>The elements of a list vector, all rows' one after the other.</summary>
    internal DuckDbVector ListChild => new(DuckDbNative.ListChild(vector));

    /// <summary>The elements of a fixed array vector.</summary>
    internal DuckDbVector ArrayChild => new(DuckDbNative.ArrayChild(vector));

    /// <summary>A field of a struct vector.</summary>
    internal DuckDbVector Field(int index) => new(DuckDbNative.StructChild(vector, (ulong)index));

    /// <summary>The value of a row is NULL.</summary>
    internal bool IsNull(int row) =>
        validity != null && (validity[row >> 6] >> (row & 63) & 1) == 0;

    /// <summary>The value of a row, of a type of fixed size.</summary>
    internal T Get<T>(int row) where T : unmanaged => ((T*)data)[row];

    /// <summary>The bytes of a text or blob; valid as long as the chunk.</summary>
    internal ReadOnlySpan<byte> GetBytes(int row)
    {
        StringCell* cell = (StringCell*)data + row;
        byte* start = cell->Length <= StringCell.InlineMax ? cell->Inline : cell->Pointer;
        return new ReadOnlySpan<byte>(start, (int)cell->Length);
    }

    /// <summary>Sets a value of a type of fixed size.</summary>
    internal void Set<T>(int row, T value) where T : unmanaged => ((T*)data)[row] = value;

    /// <summary>Sets NULL.</summary>
    internal void SetNull(int row)
    {
        Debug.Assert(validity != null, "made by ForWriting");
        validity[row >> 6] &= ~(1UL << (row & 63));
    }

    /// <summary>Sets a text (valid UTF-8) or a blob.</summary>
    internal void SetBytes(int row, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > StringCell.InlineMax)
        {
            fixed (byte* start = bytes)
                DuckDbNative.AssignString(vector, (ulong)row, start, (ulong)bytes.Length);
            return;
        }

        // Short values lie in the cell itself, padded with zeros: no call needed.
        StringCell* cell = (StringCell*)data + row;
        *cell = default;
        cell->Length = (uint)bytes.Length;
        bytes.CopyTo(new Span<byte>(cell->Inline, StringCell.InlineMax));
    }

    /// <summary>Makes room for list elements. Child vectors taken before are void.</summary>
    internal void ResizeList(int elements)
    {
        if (DuckDbNative.ListReserve(vector, (ulong)elements) != 0
            || DuckDbNative.ListSetSize(vector, (ulong)elements) != 0)
            throw new DuckDbException($"no room for {elements} list elements");
    }

    /// <summary>duckdb_list_entry.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly record struct ListEntry(ulong Offset, ulong Length);

    /// <summary>duckdb_string_t: up to 12 bytes inline, else a prefix and a pointer.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    private struct StringCell
    {
        internal const int InlineMax = 12;

        [FieldOffset(0)]
        internal uint Length;

        [FieldOffset(4)]
        internal fixed byte Inline[InlineMax];

        [FieldOffset(8)]
        internal byte* Pointer;
    }
}
