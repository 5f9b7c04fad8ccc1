using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Earshot.Actors.Keys;

namespace Earshot.Actors.Wire;

/// <summary>
/// The rows of a bundle, in memory that is used for the next one again. A place is that of a
/// number, not of a row.
/// </summary>
internal sealed class BundleRows : IPartialSource
{
    private readonly Cell scratch = new();
    private long[] numbers = [];
    private int length;
    private bool isOld;

    /// <summary>Takes the rows of a bundle in place of those before.</summary>
    /// <param name="column">The rows.</param>
    /// <param name="format">The bundle's format.</param>
    /// <exception cref="ArgumentException">They are no numbers.</exception>
    public void Take(ReadOnlySpan<byte> column, long format)
    {
        isOld = format < BundleWriter.ShortRowsFormat;
        if (column.Length % sizeof(long) != 0)
            throw new ArgumentException($"rows of {column.Length} bytes");
        length = column.Length / sizeof(long);
        if (numbers.Length < length)
            numbers = new long[Math.Max(length, 2 * numbers.Length)];
        Span<long> all = numbers.AsSpan(0, length);
        column.CopyTo(MemoryMarshal.AsBytes(all));
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(all, all);
    }

    /// <summary>Fails unless some numbers are whole rows as they should be.</summary>
    /// <param name="first">The first number.</param>
    /// <param name="count">How many they are.</param>
    /// <returns>The number after the last one.</returns>
    /// <exception cref="ArgumentException">They are not.</exception>
    public int Require(int first, int count)
    {
        if (count < 0 || count > length - first)
            throw new ArgumentException($"{count} numbers of {length - first}");
        int end = first + count;
        while (first < end)
        {
            if (isOld)
                EventRow.Upgrade(ref numbers[first]);
            int its = EventRow.LengthOf(numbers[first]);
            if (its > EventRow.LengthMax || its > end - first)
                throw new ArgumentException($"a row of {its} numbers");
            EventRow.Require(numbers.AsSpan(first, its));
            first += its;
        }

        return end;
    }

    /// <summary>Fails unless a place is the end of all rows.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public void RequireEnd(int place)
    {
        if (place != length)
            throw new ArgumentException($"rows of {length} numbers, not {place}");
    }

    /// <inheritdoc/>
    public void AddTo(Cell cell, int first, int end)
    {
        while (first < end)
        {
            int next = first, rows = 0;
            for (; rows < CellRows.CountMax && next < end; rows++)
                next += EventRow.LengthOf(numbers[next]);
            cell.AddRows(numbers.AsSpan(first..next), rows);
            first = next;
        }
    }

    /// <inheritdoc/>
    public Cell AddUp(int first, int end)
    {
        scratch.Reset();
        AddTo(scratch, first, end);
        return scratch;
    }
}
