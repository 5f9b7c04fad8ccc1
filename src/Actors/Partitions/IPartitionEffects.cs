using Earshot.Log;
using Earshot.Snapshots;

namespace Earshot.Actors.Partitions;

/// <summary>What a partition machine asks of the world. Answers come back as calls on it.</summary>
public interface IPartitionEffects
{
    /// <summary>
    /// Commit an epoch; answer with <see cref="PartitionMachine.Committed"/> once it is known to be
    /// written. Any other outcome ends this incarnation.
    /// </summary>
    void Commit(EpochCommit epoch);

    /// <summary>
    /// Save a snapshot; answer with <see cref="PartitionMachine.SnapshotSaved"/>.
    /// </summary>
    void SaveSnapshot(SnapshotChange change);

    /// <summary>Everything is committed and saved: nothing more will be asked.</summary>
    void Finished();
}

/// <summary>An epoch to commit: held unchanged until its fate is known.</summary>
/// <param name="Number">Counts the epochs of this incarnation, from 1.</param>
/// <param name="Transaction">Outputs and offset.</param>
public sealed record EpochCommit(long Number, LogTransaction Transaction);
