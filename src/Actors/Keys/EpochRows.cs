using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// The rows of an epoch's events, each written once, in the order they came: in blocks of memory
/// that are used again in the next epoch, so that nothing is copied when they become more.
/// </summary>
internal sealed class EpochRows
{
    private const int BlockBits = 16;
    private const int BlockLength = 1 << BlockBits;
    private const int NumbersOfLine = 64 / sizeof(long);

    private readonly List<long[]> blocks = [];
    private long[] last = [];

    // How many blocks are in use, and how much of the last one.
    private int used;
    private int length = BlockLength;

    /// <summary>Room for a row of any length, until <see cref="Keep"/>.</summary>
    public Span<long> Next()
    {
        if (length + EventRow.LengthMax > BlockLength)
            UseBlock();
        return last.AsSpan(length, EventRow.LengthMax);
    }

    /// <summary>Keeps the row that was written to <see cref="Next"/>.</summary>
    /// <returns>What finds it again.</returns>
    public uint Keep()
    {
        uint place = ((uint)(used - 1) << BlockBits) | (uint)length;
        length += EventRow.LengthOf(last[length]);
        return place;
    }

    /// <summary>A row.</summary>
    /// <param name="place">What <see cref="Keep"/> returned.</param>
    public ReadOnlySpan<long> this[uint place]
    {
        get
        {
            long[] block = blocks[(int)(place >> BlockBits)];
            int at = (int)(place & (BlockLength - 1));
            return block.AsSpan(at, EventRow.LengthOf(block[at]));
        }
    }

    /// <summary>A row, as one of several that are read in turn.</summary>
    /// <param name="place">What <see cref="Keep"/> returned.</param>
    /// <param name="turn">How many of them came before.</param>
    /// <param name="ahead">Those to come, one of which is fetched with each turn.</param>
    public ReadOnlySpan<long> Read(uint place, int turn, ReadOnlySpan<EventPlace> ahead)
    {
        if (turn < ahead.Length)
            WillRead(ahead[turn].Row);
        return this[place];
    }

    /// <summary>Says that a row is read soon, so that it is in the cache by then.</summary>
    public void WillRead(uint place)
    {
        long[] block = blocks[(int)(place >> BlockBits)];
        int at = (int)(place & (BlockLength - 1));
        CacheLine.Fetch(ref block[at]);
        CacheLine.Fetch(ref block[Math.Min(at + NumbersOfLine, BlockLength - 1)]);
    }

    /// <summary>Forgets all rows; keeps the memory.</summary>
    public void Clear()
    {
        used = 0;
        length = BlockLength;
    }

    /// <summary>Gives back the memory that is not in use.</summary>
    public void Trim() => blocks.RemoveRange(used, blocks.Count - used);

    private void UseBlock()
    {
        if (used == blocks.Count)
            blocks.Add(GC.AllocateUninitializedArray<long>(BlockLength));
        last = blocks[used++];
        length = 0;
    }
}
