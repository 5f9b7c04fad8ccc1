using Earshot.Actors.Ports;
using Earshot.Log;
using Earshot.Snapshots;

namespace Earshot.Actors.Partitions;

/// <summary>What a partition starts from.</summary>
/// <param name="Snapshot">Its stored state; null when there is none.</param>
/// <param name="Committed">Its committed input offset; null when it never committed.</param>
/// <param name="LogBegin">Smallest input offset still kept.</param>
/// <param name="Skips">Records to skip, by offset, with the error they raised.</param>
/// <param name="EndedAt">The offset at which the finite input was declared complete.</param>
/// <param name="NewAt">
/// The offset a partition begins at that never was this pipeline's before; null otherwise.
/// </param>
/// <param name="BeganAt">The offset the pipeline once began at: what is before is not its.</param>
public sealed record RecoveryPoint(
    StoredSnapshot? Snapshot, long? Committed, long LogBegin,
    IReadOnlyDictionary<long, string> Skips, long? EndedAt, long? NewAt = null,
    long BeganAt = 0)
{
    /// <summary>The offset up to which input was processed before and is only replayed.</summary>
    internal long ReplayTo => Committed ?? 0;

    /// <summary>
    /// The offset to read from: where the snapshot stands, else where the pipeline began; or
    /// where the log begins when input in between is missing, provided that is accepted.
    /// </summary>
    /// <exception cref="UnrecoverableException">State and log do not fit together.</exception>
    internal long StartOf(TopicPartition source, bool acceptIncompleteState)
    {
        if (NewAt is { } start)
            return start;
        if (Snapshot is { } snapshot)
        {
            if (snapshot.Offset > ReplayTo)
            {
                throw new UnrecoverableException(
                    $"the snapshot of {source} stands at {snapshot.Offset}, beyond the committed " +
                    $"offset {ReplayTo}: the log is older than the snapshots, or the group's " +
                    "offsets have expired. Restore both from one backup, or start a new pipeline.");
            }

            if (LogBegin <= snapshot.Offset)
                return snapshot.Offset;
        }

        if (LogBegin > BeganAt && !acceptIncompleteState)
        {
            string stored = Snapshot is { Offset: long offset }
                ? $"stands at {offset}" : "does not exist";
            throw new UnrecoverableException(
                $"the snapshot of {source} {stored} and its log begins at {LogBegin}: its " +
                "state cannot be rebuilt. Restore the snapshots, or start with " +
                "--accept-incomplete-state to go on without what came before.");
        }

        return Math.Max(LogBegin, BeganAt);
    }
}
