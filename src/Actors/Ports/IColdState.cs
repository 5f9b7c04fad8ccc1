namespace Earshot.Actors.Ports;

/// <summary>
/// Where a stage reads the parts of its state that it has put out of memory. What it reads is part
/// of the state like any other: the same whenever it is read.
/// </summary>
public interface IColdState
{
    /// <summary>Reads a part that the stored snapshot has; the caller waits.</summary>
    /// <param name="key">The part's key, which begins with
    /// <see cref="Snapshots.SnapshotPart.ColdPrefix"/>.</param>
    /// <exception cref="Snapshots.SnapshotException">
    /// It cannot be read, or is not there any more: the state has to be loaded anew.
    /// </exception>
    byte[] Read(string key);
}
