namespace Earshot.Actors.Keys;

/// <summary>Has the events of partial aggregates, one after another.</summary>
internal interface IPartialSource
{
    /// <summary>Adds what is between two places to a cell.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="first">The first place.</param>
    /// <param name="end">The place after the last.</param>
    void AddTo(Cell cell, int first, int end);

    /// <summary>
    /// A cell that holds what is between two places and nothing else. Valid until the next one is
    /// asked for.
    /// </summary>
    Cell AddUp(int first, int end);

    /// <summary>Copies the rows of what is between two places, where they are few.</summary>
    /// <param name="first">The first place.</param>
    /// <param name="end">The place after the last.</param>
    /// <param name="metricsEnd">Their metrics must be below this.</param>
    /// <param name="into">Room for <see cref="CellRows.CountMax"/> rows of any length.</param>
    /// <param name="length">Numbers copied; 0: the rows say nothing.</param>
    /// <returns>False: there are more, or others, and nothing is told.</returns>
    bool TryCopyRows(int first, int end, int metricsEnd, Span<long> into, out int length)
    {
        length = 0;
        return false;
    }
}
