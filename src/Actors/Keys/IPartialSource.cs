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
}
