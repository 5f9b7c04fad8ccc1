using Earshot.Log;

namespace Earshot.Actors.Ports;

/// <summary>
/// Where output rows end up for good. Files are immutable and named by the range of log offsets
/// they hold, so writing the same range again after a crash gives the same files.
/// </summary>
public interface IArchive
{
    /// <summary>
    /// Removes what was written at or after a partition's committed offset and never committed,
    /// and what a compacted file replaced. An archive that several processes share must keep it:
    /// a slow old owner would remove what the new one has committed since. Called once before the
    /// first write.
    /// </summary>
    ValueTask RecoverAsync(string table, int partition, long committed, CancellationToken cancel);

    /// <summary>
    /// Writes the rows of one partition's range [from, to): one file per day and table. When it
    /// returns, the files are durable under their final names.
    /// </summary>
    /// <param name="table">
    /// "aggregates", "insights", "predictions", "warnings", "calls", "late" or "dead".
    /// </param>
    /// <param name="partition">Partition of the output topic.</param>
    /// <param name="batches">The records, protobuf messages of rows.proto, in offset order.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="IOException">
    /// The disk is full or not writable; nothing is half-written.
    /// </exception>
    ValueTask WriteAsync(
        string table, int partition, IReadOnlyList<RecordBatch> batches, CancellationToken cancel);

    /// <summary>The same, which may give up while it waits for its turn.</summary>
    /// <param name="table">Table.</param>
    /// <param name="partition">Partition of the output topic.</param>
    /// <param name="batches">The records.</param>
    /// <param name="turn">
    /// Gives up the wait: nothing is written then. What has begun runs through, and an archive
    /// where nobody waits need not look at it.
    /// </param>
    /// <param name="cancel">Gives up.</param>
    ValueTask WriteAsync(
        string table, int partition, IReadOnlyList<RecordBatch> batches, CancellationToken turn,
        CancellationToken cancel) => WriteAsync(table, partition, batches, cancel);

    /// <summary>A partition is no longer this process's to write or to merge.</summary>
    ValueTask ReleaseAsync(string table, int partition, CancellationToken cancel);

    /// <summary>
    /// Merges small files where there are many. Readers see every row once throughout.
    /// </summary>
    ValueTask CompactAsync(CancellationToken cancel);
}
