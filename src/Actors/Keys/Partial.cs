namespace Earshot.Actors.Keys;

/// <summary>
/// One partial aggregate: a key, a pane, and what fell into it, as a cell or as events that
/// another one has.
/// </summary>
internal readonly struct Partial
{
    private readonly Cell? cell;
    private readonly IPartialSource? source;
    private readonly int first;
    private readonly int end;

    /// <summary>Creates one of a cell.</summary>
    /// <param name="key">The key.</param>
    /// <param name="paneMs">Start of the pane, ms since the epoch.</param>
    /// <param name="cell">The statistics.</param>
    /// <param name="ahead">A key to come, see <see cref="KeysAhead"/>.</param>
    public Partial(GroupingKey key, long paneMs, Cell cell, GroupingKey? ahead = null) =>
        (Key, PaneMs, this.cell, Ahead) = (key, paneMs, cell, ahead);

    /// <summary>Creates one of events.</summary>
    /// <param name="key">The key.</param>
    /// <param name="paneMs">Start of the pane, ms since the epoch.</param>
    /// <param name="source">Has the events.</param>
    /// <param name="first">Their place there.</param>
    /// <param name="end">The place after the last.</param>
    /// <param name="ahead">A key to come, see <see cref="KeysAhead"/>.</param>
    public Partial(
        GroupingKey key, long paneMs, IPartialSource source, int first, int end,
        GroupingKey? ahead = null) =>
        (Key, PaneMs, this.source, this.first, this.end, Ahead) =
            (key, paneMs, source, first, end, ahead);

    /// <summary>The key.</summary>
    public GroupingKey Key { get; }

    /// <summary>Start of the pane, ms since the epoch.</summary>
    public long PaneMs { get; }

    /// <summary>The key that comes <see cref="KeysAhead.Distance"/> later, where it is known.
    /// </summary>
    public GroupingKey? Ahead { get; }

    /// <summary>The statistics; of events they are added up each time.</summary>
    public Cell Cell => cell ?? source!.AddUp(first, end);

    /// <summary>Adds it to a cell: cheaper than merging <see cref="Cell"/>, once.</summary>
    public void AddTo(Cell into)
    {
        if (cell is null)
            source!.AddTo(into, first, end);
        else
            into.Merge(cell);
    }

    /// <summary>Copies its rows, see <see cref="IPartialSource.TryCopyRows"/>.</summary>
    public bool TryCopyRows(int metricsEnd, Span<long> into, out int length)
    {
        length = 0;
        return cell is null && source!.TryCopyRows(first, end, metricsEnd, into, out length);
    }
}
