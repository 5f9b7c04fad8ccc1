using Earshot.Actors.Ports;
using Earshot.Log;

namespace Earshot.Actors.Partitions;

/// <summary>
/// The chronicler's protocol, without threads or a clock: recover, hold, write the file, commit the
/// offset. First the file under its final name, then the offset: what a crash leaves between the
/// two is deleted at the next start and written again, byte for byte the same rows. One call at a
/// time.
/// </summary>
/// <param name="source">Output partition it archives.</param>
/// <param name="table">Table its rows go to.</param>
/// <param name="group">Group its offset is committed for.</param>
/// <param name="archive">The archive.</param>
/// <param name="commit">Commits an offset; answers when its fate is known.</param>
/// <param name="rowsMax">Most rows held back for one file.</param>
public sealed class ChroniclerMachine(
    TopicPartition source, string table, string group, IArchive archive,
    Func<LogTransaction, Task<CommitResult>> commit, int rowsMax)
{
    /// <summary>Bytes held back for one file at most.</summary>
    private const long HeldBytesMax = 64 << 20;

    private readonly List<RecordBatch> held = [];
    private long? committed;
    private long heldRows;
    private long heldBytes;

    /// <summary>The next offset to take.</summary>
    public long Position { get; private set; }

    /// <summary>True when enough is held for a file.</summary>
    public bool Full => heldRows >= rowsMax || heldBytes >= HeldBytesMax;

    /// <summary>
    /// Removes what was written and not committed. The offset must have been read when no
    /// transaction of this process was open any more.
    /// </summary>
    /// <param name="committedOffset">The committed offset; null when there is none.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task RecoverAsync(long? committedOffset, CancellationToken cancel)
    {
        committed = committedOffset;
        Position = committed ?? 0;
        await archive.RecoverAsync(table, source.Partition, Position, cancel);
    }

    /// <summary>Takes a batch in.</summary>
    public void Hold(RecordBatch batch)
    {
        Position = batch.To;
        held.Add(batch);
        heldRows += batch.Count;
        heldBytes += batch.SizeBytes;
    }

    /// <summary>Writes what is held, then commits.</summary>
    /// <param name="turn">
    /// Gives up while the archive is busy with others: what is held stays held.
    /// </param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>False when nothing was held.</returns>
    /// <exception cref="LogException">The offset was not committed: recover again.</exception>
    public async Task<bool> FlushAsync(CancellationToken turn, CancellationToken cancel)
    {
        if (held.Count == 0)
            return false;
        await archive.WriteAsync(table, source.Partition, held, turn, cancel);
        OffsetMove move = new(group, source, committed, Position);
        CommitResult result = await commit(new LogTransaction([], [move]));
        if (result.Outcome != CommitOutcome.Committed)
        {
            throw new LogException(
                $"archiving {source}: the offset was not committed ({result.Outcome}): " +
                result.Error);
        }

        committed = Position;
        foreach (RecordBatch batch in held)
            batch.Release();
        held.Clear();
        heldRows = heldBytes = 0;
        return true;
    }
}
