namespace Earshot.Actors.Keys;

/// <summary>
/// One partial aggregate: a key, a pane, and what fell into it, as a cell or as the events of a
/// <see cref="PartialTable"/>.
/// </summary>
internal readonly struct Partial
{
    private readonly Cell? cell;
    private readonly PartialTable? table;
    private readonly int first;
    private readonly int end;

    /// <summary>Creates one of a cell.</summary>
    /// <param name="key">The key.</param>
    /// <param name="paneMs">Start of the pane, ms since the epoch.</param>
    /// <param name="cell">The statistics.</param>
    public Partial(GroupingKey key, long paneMs, Cell cell) =>
        (Key, PaneMs, this.cell) = (key, paneMs, cell);

    /// <summary>Creates one of events.</summary>
    /// <param name="key">The key.</param>
    /// <param name="paneMs">Start of the pane, ms since the epoch.</param>
    /// <param name="table">Has the events.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="end">The first that is none of them.</param>
    public Partial(GroupingKey key, long paneMs, PartialTable table, int first, int end) =>
        (Key, PaneMs, this.table, this.first, this.end) = (key, paneMs, table, first, end);

    /// <summary>The key.</summary>
    public GroupingKey Key { get; }

    /// <summary>Start of the pane, ms since the epoch.</summary>
    public long PaneMs { get; }

    /// <summary>The statistics; of events they are added up each time.</summary>
    public Cell Cell => cell ?? table!.AddUp(first, end);

    /// <summary>Adds it to a cell: cheaper than merging <see cref="Cell"/>, once.</summary>
    public void AddTo(Cell into)
    {
        if (cell is null)
            table!.AddTo(into, first, end);
        else
            into.Merge(cell);
    }
}
