namespace Earshot.Actors.Keys;

/// <summary>
/// Cells of closed windows, emptied, for the next ones. Those with the memory of buckets are kept
/// apart for the keys that will need it: handed to any key, they would end up, a few kB each,
/// with keys that count a value or two.
/// </summary>
internal sealed class SpareCells(int max)
{
    /// <summary>One in so many keys may be busy.</summary>
    private const int BusyOneIn = 16;

    private readonly Stack<Cell> small = new();
    private readonly Stack<Cell> large = new();

    /// <summary>An empty cell.</summary>
    /// <param name="busy">True when many values are to be expected.</param>
    public Cell Take(bool busy) =>
        (busy ? large : small).TryPop(out Cell? cell) ? cell : new Cell();

    /// <summary>Takes a cell back, unless there are enough.</summary>
    public void Return(Cell cell)
    {
        bool busy = cell.HasBuckets;
        Stack<Cell> kept = busy ? large : small;
        if (kept.Count >= (busy ? max / BusyOneIn : max))
            return;
        cell.Reset();
        kept.Push(cell);
    }
}
