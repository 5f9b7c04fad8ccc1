using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Actors.Partitions;

/// <summary>An epoch on its way into the log.</summary>
/// <param name="transaction">Outputs and offsets, held unchanged until its fate is known.</param>
public sealed class PendingEpoch(LogTransaction transaction)
{
    /// <summary>What is to be written.</summary>
    public LogTransaction Transaction { get; } = transaction;

    /// <summary>Its fate, once known.</summary>
    public CommitResult? Result { get; internal set; }

    /// <summary>Sent, and nobody knows what became of it.</summary>
    internal bool InDoubt { get; set; }

    /// <summary>
    /// Where the targets of its appends ended before it was sent; null where offsets tell.
    /// </summary>
    internal long[]? EndsBefore { get; set; }
}

/// <summary>
/// Finds out the fate of transactions: sends; without an answer opens the producer anew, which
/// makes the log decide what was left open; reads the committed offsets back; and then is done,
/// sends the same bytes again, or gives up. Owns the one producer of a transactional id. It has no
/// thread and no queue: one caller at a time.
/// </summary>
/// <param name="log">The log written to.</param>
/// <param name="transactionalId">Stable and unique per process.</param>
/// <param name="limit">Longest wait for one answer of the log; then the fate is unknown.</param>
/// <param name="time">Clock of that limit.</param>
/// <param name="logger">For people.</param>
public sealed partial class CommitResolver(
    ILog log, string transactionalId, TimeSpan limit, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>How often the same bytes are sent again before the partition reloads.</summary>
    private const int AttemptsMax = 3;

    private static readonly CommitResult MovedByAnother =
        new(CommitOutcome.Fenced, "the committed offset was moved by another owner");

    private ILogProducer? producer;

    /// <summary>
    /// Commits epochs in one transaction, or each on its own if that fails: one partition's trouble
    /// must not be the others'. Afterwards each has its <see cref="PendingEpoch.Result"/>. Never
    /// throws: the partitions wait for the answer.
    /// </summary>
    public async Task CommitAsync(
        IReadOnlyList<PendingEpoch> epochs, CancellationToken cancel)
    {
        if (epochs.Count > 1)
        {
            CommitResult result = await ResolveAsync(epochs, cancel);
            if (result.Outcome == CommitOutcome.Committed)
            {
                foreach (PendingEpoch epoch in epochs)
                    epoch.Result = result;
                return;
            }
        }

        foreach (PendingEpoch epoch in epochs)
            epoch.Result = await ResolveAsync([epoch], cancel);
    }

    /// <summary>
    /// Makes the log decide what an earlier producer of this id left open. Whoever reads a
    /// committed offset to start from calls this first: otherwise a transaction still open could
    /// move it afterwards.
    /// </summary>
    /// <exception cref="LogException">The log gave no answer in time.</exception>
    public async Task SettleAsync(CancellationToken cancel)
    {
        try
        {
            await OpenAsync(cancel);
        }
        catch (TimeoutException)
        {
            throw new LogException(
                $"{transactionalId}: its producer could not be opened within {limit}: the log " +
                "does not answer.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await CloseProducerAsync();

    private async Task<CommitResult> ResolveAsync(
        IReadOnlyList<PendingEpoch> epochs, CancellationToken cancel)
    {
        LogTransaction transaction = epochs.Count == 1 ? epochs[0].Transaction : new LogTransaction(
            [.. epochs.SelectMany(epoch => epoch.Transaction.Appends)],
            [.. epochs.SelectMany(epoch => epoch.Transaction.Offsets)]);
        try
        {
            foreach (PendingEpoch epoch in epochs)
                await MarkAsync(epoch, cancel);
            string? error = null;
            for (int attempt = 0; attempt <= AttemptsMax; attempt++)
            {
                await OpenAsync(cancel);
                if (epochs.Any(epoch => epoch.InDoubt)
                    && await FateAsync(epochs, cancel) is { } fate)
                    return fate;
                if (attempt == AttemptsMax)
                    break;
                CommitResult result = await SendAsync(transaction);
                if (result.Outcome is CommitOutcome.Unknown or CommitOutcome.Fenced)
                    await CloseProducerAsync();
                if (result.Outcome != CommitOutcome.Unknown)
                    return result;
                error = result.Error;
                LogUnknown(logger, transactionalId, error ?? "no answer");
                foreach (PendingEpoch epoch in epochs)
                    epoch.InDoubt = true;
            }

            return new CommitResult(CommitOutcome.Aborted, error);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            bool inDoubt = epochs.Any(epoch => epoch.InDoubt);
            return new CommitResult(
                inDoubt ? CommitOutcome.Unknown : CommitOutcome.Aborted, e.Message);
        }
    }

    private async Task<CommitResult> SendAsync(LogTransaction transaction)
    {
        try
        {
            // Giving up half-way would only make the fate unknown: the limit is the one end.
            return await InTime(producer!.CommitAsync(transaction, CancellationToken.None));
        }
        catch (Exception e) when (e is not (LogException or OutOfMemoryException))
        {
            // Nobody knows how far it came.
            return new CommitResult(CommitOutcome.Unknown, e.Message);
        }
    }

    private async Task OpenAsync(CancellationToken cancel)
    {
        if (producer is not null)
            return;
        Task<ILogProducer> opening = log.OpenProducerAsync(transactionalId, cancel).AsTask();
        try
        {
            producer = await opening.WaitAsync(limit, time, cancel);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            _ = CloseLateAsync(opening);
            throw;
        }
    }

    /// <summary>Nobody waits for this producer any more, but its memory is not ours.</summary>
    private static async Task CloseLateAsync(Task<ILogProducer> opening)
    {
        await opening.ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        if (opening.IsCompletedSuccessfully)
            await opening.Result.DisposeAsync();
    }

    /// <summary>Lets go of the producer; one that hangs while closing is left behind.</summary>
    private async Task CloseProducerAsync()
    {
        ILogProducer? old = producer;
        producer = null;
        if (old is null)
            return;
        try
        {
            await old.DisposeAsync().AsTask().WaitAsync(limit, time);
        }
        catch (Exception e) when (e is TimeoutException or LogException)
        {
            LogNotClosed(logger, transactionalId, e.Message);
        }
    }

    /// <summary>
    /// An epoch that moves no offset (an idle mark, the input's end) can only be found again among
    /// the records: notes where they would begin.
    /// </summary>
    private async Task MarkAsync(PendingEpoch epoch, CancellationToken cancel)
    {
        LogTransaction transaction = epoch.Transaction;
        if (epoch.EndsBefore is not null || transaction.Appends.Count == 0
            || transaction.Offsets.Any(move => move.From != move.To))
            return;
        long[] ends = new long[transaction.Appends.Count];
        for (int i = 0; i < ends.Length; i++)
        {
            TopicPartition target = transaction.Appends[i].Target;
            ends[i] = (await InTime(log.ReadRangeAsync(target, cancel))).End;
        }

        epoch.EndsBefore = ends;
    }

    /// <summary>What became of epochs in doubt; null: nothing, send them again.</summary>
    private async Task<CommitResult?> FateAsync(
        IReadOnlyList<PendingEpoch> epochs, CancellationToken cancel)
    {
        List<CommitResult?> fates = [];
        foreach (PendingEpoch epoch in epochs)
            fates.Add(await FateAsync(epoch, cancel));
        if (fates.TrueForAll(fate => fate is null))
        {
            foreach (PendingEpoch epoch in epochs)
                epoch.InDoubt = false;
            return null;
        }

        return fates.Find(fate => fate?.Outcome != CommitOutcome.Committed)
            ?? (fates.Contains(null) ? MovedByAnother : new CommitResult(CommitOutcome.Committed));
    }

    /// <summary>
    /// Reads the committed offsets back: at the epoch's end it is done; at its start it is to be
    /// sent again (null); anything else means that somebody else owns the partition.
    /// </summary>
    private async Task<CommitResult?> FateAsync(PendingEpoch epoch, CancellationToken cancel)
    {
        bool done = true, untouched = true;
        foreach (OffsetMove move in epoch.Transaction.Offsets)
        {
            long? now = await InTime(log.ReadCommittedAsync(move.Group, move.Source, cancel));
            done &= now == move.To;
            untouched &= now == move.From;
        }

        if (done && untouched)
            done = await IsWrittenAsync(epoch, cancel);
        return done ? new CommitResult(CommitOutcome.Committed)
            : untouched ? null
            : MovedByAnother;
    }

    /// <summary>
    /// Looks for the epoch's records behind where the log ended before. One found is enough; one
    /// may be hidden behind another owner's open transaction in the same partition, but hardly
    /// all: there is one for a partition that nobody else writes to.
    /// </summary>
    private async Task<bool> IsWrittenAsync(PendingEpoch epoch, CancellationToken cancel)
    {
        if (epoch.EndsBefore is not { } before)
            return true;
        for (int i = 0; i < before.Length; i++)
        {
            RecordAppend append = epoch.Transaction.Appends[i];
            if (append.Records.Count > 0 && await IsWrittenAsync(append, before[i], cancel))
                return true;
        }

        return false;
    }

    private async Task<bool> IsWrittenAsync(
        RecordAppend append, long before, CancellationToken cancel)
    {
        long end = (await InTime(log.ReadRangeAsync(append.Target, cancel))).End;
        bool found = false;
        RangeScan scan = new(log, append.Target, limit, time);
        await scan.RunAsync(
            new OffsetRange(before, end),
            record => found |= record.Value.SequenceEqual(append.Records[0].Value), cancel);
        return found;
    }

    private Task<T> InTime<T>(ValueTask<T> call) => call.AsTask().WaitAsync(limit, time);

    [LoggerMessage(10, LogLevel.Warning,
        "{Id}: the fate of a transaction is unknown ({Error}); reading the committed offsets back")]
    private static partial void LogUnknown(ILogger logger, string id, string error);

    [LoggerMessage(11, LogLevel.Warning,
        "{Id}: a producer could not be closed ({Error}); going on with a new one")]
    private static partial void LogNotClosed(ILogger logger, string id, string error);
}
