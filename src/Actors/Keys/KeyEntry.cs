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

    /// <summary>True when it was used for more panes in this epoch than it knows here.</summary>
    public bool HasMore { get; private set; }

    /// <summary>The cell of a pane when that is one of the two used last.</summary>
    public Cell? CellOf(long pane)
    {
        if (cell is not null && paneMs == pane)
            return cell;
        if (otherCell is null || otherPaneMs != pane)
            return null;
        (cell, otherCell) = (otherCell, cell);
        (paneMs, otherPaneMs) = (otherPaneMs, paneMs);
        return cell;
    }

    /// <summary>A pane is used that is not one of the two used last.</summary>
    /// <param name="pane">Its start.</param>
    /// <param name="its">Its cell.</param>
    /// <param name="forgotten">The one used longest ago, no longer known here; null: none.</param>
    /// <returns>The start of that one's pane.</returns>
    public long Use(long pane, Cell its, out Cell? forgotten)
    {
        forgotten = otherCell;
        HasMore |= forgotten is not null;
        long forgottenPane = otherPaneMs;
        (otherCell, otherPaneMs) = (cell, paneMs);
        (cell, paneMs) = (its, pane);
        return forgottenPane;
    }

    /// <summary>The cells are taken back.</summary>
    public void EndEpoch()
    {
        cell = otherCell = null;
        HasMore = false;
    }
}
