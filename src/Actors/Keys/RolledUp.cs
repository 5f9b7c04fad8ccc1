namespace Earshot.Actors.Keys;

/// <summary>
/// The partial aggregates of a grouping set that is part of another one, such as country of
/// carrier and country: added up from those of the other, where most events of a key are one
/// aggregate by then. Memory is used again for the next epoch.
/// </summary>
internal sealed class RolledUp
{
    // By key and pane, in the order of the first of each.
    private readonly List<(int Key, int Pane, Cell Cell)> all = [];
    private readonly Dictionary<(int Key, int Pane), Cell> byKey = [];
    private readonly Stack<Cell> spare = [];

    /// <summary>All there are: the numbers of key and pane, and what fell into them.</summary>
    public List<(int Key, int Pane, Cell Cell)> All => all;

    /// <summary>Adds a partial aggregate of the other set.</summary>
    /// <param name="key">The number of the key it belongs to here.</param>
    /// <param name="pane">The number of its pane.</param>
    /// <param name="partial">The partial aggregate.</param>
    public void Add(int key, int pane, in Partial partial)
    {
        if (!byKey.TryGetValue((key, pane), out Cell? cell))
        {
            cell = spare.TryPop(out Cell? used) ? used : new Cell();
            all.Add((key, pane, cell));
            byKey.Add((key, pane), cell);
        }

        partial.AddTo(cell);
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        foreach ((_, _, Cell cell) in all)
        {
            cell.Reset();
            spare.Push(cell);
        }

        all.Clear();
        byKey.Clear();
    }

    /// <summary>Gives back the memory that is not in use.</summary>
    public void Trim() => spare.Clear();
}
