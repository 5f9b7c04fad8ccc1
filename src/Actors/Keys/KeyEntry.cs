namespace Earshot.Actors.Keys;

/// <summary>
/// A key as the call stage knows it: the cells of the panes it was used for last, and an emptied
/// one from the epoch before.
/// </summary>
internal sealed class KeyEntry(GroupingKey key, int index, bool isLimited)
{
    private Cell? cell;
    private long paneMs;
    private Cell? otherCell;
    private long otherPaneMs;

    /// <summary>The key.</summary>
    public GroupingKey Key => key;

    /// <summary>Tells it from the others in its table.</summary>
    public int Index => index;

    /// <summary>False for the total and for "other": they are always admitted.</summary>
    public bool IsLimited => isLimited;

    /// <summary>The period in which it was admitted last.</summary>
    public long Period { get; set; }

    /// <summary>The epoch in which it was used last.</summary>
    public long Epoch { get; set; }

    /// <summary>True when it had many values lately.</summary>
    public bool Busy { get; set; }

    /// <summary>An empty cell, as large as this key needs; null: none.</summary>
    public Cell? Spare { get; set; }

    /// <summary>The cell of a pane when that is one of the two used last.</summary>
    public Cell? CellOf(long pane)
    {
        if (cell is not null && paneMs == pane)
            return cell;
        if (otherCell is null || otherPaneMs != pane)
            return null;
        Use(pane, otherCell);
        return cell;
    }

    /// <summary>A pane's cell, used now.</summary>
    public void Use(long pane, Cell its)
    {
        (otherCell, otherPaneMs) = (cell, paneMs);
        (cell, paneMs) = (its, pane);
    }

    /// <summary>The cells are taken back.</summary>
    public void EndEpoch() => cell = otherCell = null;
}
