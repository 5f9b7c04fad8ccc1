using System.Threading.Channels;
using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Actors.Partitions;

/// <summary>
/// Commits the epochs of all partitions of a process with one transactional producer. What waits
/// while a transaction is under way goes into the next one together.
/// </summary>
public sealed partial class EpochCommitter : IAsyncDisposable
{
    /// <summary>Most epochs in one transaction.</summary>
    private const int GroupMax = 64;

    /// <summary>How often the same bytes are sent again before the partition reloads.</summary>
    private const int AttemptsMax = 3;

    private const int BatchRecords = 1000;

    private static readonly CommitResult MovedByAnother =
        new(CommitOutcome.Fenced, "the committed offset was moved by another owner");

    private readonly ILog log;
    private readonly string transactionalId;
    private readonly ILogger logger;
    private readonly Channel<Pending> queue = Channel.CreateUnbounded<Pending>(
        new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource shutdown = new();
    private readonly Task loop;
    private ILogProducer? producer;

    /// <summary>Starts it.</summary>
    /// <param name="log">The log written to.</param>
    /// <param name="transactionalId">Stable and unique per process.</param>
    /// <param name="logger">For people.</param>
    public EpochCommitter(ILog log, string transactionalId, ILogger logger)
    {
        this.log = log;
        this.transactionalId = transactionalId;
        this.logger = logger;
        loop = Task.Run(RunAsync);
    }

    /// <summary>
    /// Opens the producer now rather than with the first epoch. That ends at once what a killed
    /// process of the same id left open; else whoever reads behind it, or reads the offsets it
    /// would move, waits for the broker's transaction timeout.
    /// </summary>
    /// <exception cref="LogException">It cannot be opened.</exception>
    public async Task OpenAsync()
    {
        CommitResult result = await CommitAsync(new LogTransaction([], []));
        if (result.Outcome != CommitOutcome.Committed)
            throw new LogException(result.Error ?? $"{transactionalId} cannot be opened");
    }

    /// <summary>
    /// Commits an epoch. Returns when its fate is known: committed, or certainly not. Unknown is
    /// answered only when the log can no longer be asked.
    /// </summary>
    public async Task<CommitResult> CommitAsync(LogTransaction transaction)
    {
        Pending pending = new(transaction);
        if (!queue.Writer.TryWrite(pending))
            return new CommitResult(CommitOutcome.Aborted, "the committer has stopped");
        return await pending.Answer.Task;
    }

    /// <summary>Finishes what is under way and refuses what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await shutdown.CancelAsync();
        await loop;
        if (producer is not null)
            await producer.DisposeAsync();
        shutdown.Dispose();
    }

    private async Task RunAsync()
    {
        List<Pending> group = [];
        while (await queue.Reader.WaitToReadAsync())
        {
            group.Clear();
            while (group.Count < GroupMax && queue.Reader.TryRead(out Pending? next))
                group.Add(next);
            await CommitGroupAsync(group);
        }
    }

    private async Task CommitGroupAsync(List<Pending> group)
    {
        if (group.Count > 1)
        {
            CommitResult result = await ResolveAsync(group);
            if (result.Outcome == CommitOutcome.Committed)
            {
                foreach (Pending pending in group)
                    pending.Answer.SetResult(result);
                return;
            }
        }

        // One partition's trouble must not be the others': each on its own.
        foreach (Pending pending in group)
            pending.Answer.SetResult(await ResolveAsync([pending]));
    }

    /// <summary>
    /// Sends epochs as one transaction until their fate is known. Never throws: the partitions
    /// wait for the answer.
    /// </summary>
    private async Task<CommitResult> ResolveAsync(List<Pending> group)
    {
        LogTransaction transaction = group.Count == 1 ? group[0].Transaction : new LogTransaction(
            [.. group.SelectMany(pending => pending.Transaction.Appends)],
            [.. group.SelectMany(pending => pending.Transaction.Offsets)]);
        try
        {
            await MarkAsync(group);
            string? error = null;
            for (int attempt = 0; attempt <= AttemptsMax; attempt++)
            {
                producer ??= await log.OpenProducerAsync(transactionalId, shutdown.Token);
                if (group.Exists(pending => pending.InDoubt) && await FateAsync(group) is { } fate)
                    return fate;
                if (attempt == AttemptsMax)
                    break;
                CommitResult result = await SendAsync(transaction);
                if (result.Outcome != CommitOutcome.Unknown)
                    return result;
                error = result.Error;
                LogUnknown(logger, transactionalId, error ?? "no answer");
                group.ForEach(pending => pending.InDoubt = true);
                await CloseProducerAsync();
            }

            return new CommitResult(CommitOutcome.Aborted, error);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            bool inDoubt = group.Exists(pending => pending.InDoubt);
            return new CommitResult(
                inDoubt ? CommitOutcome.Unknown : CommitOutcome.Aborted, e.Message);
        }
    }

    private async Task<CommitResult> SendAsync(LogTransaction transaction)
    {
        try
        {
            return await producer!.CommitAsync(transaction, CancellationToken.None);
        }
        catch (Exception e) when (e is not (LogException or OutOfMemoryException))
        {
            // Nobody knows how far it came.
            return new CommitResult(CommitOutcome.Unknown, e.Message);
        }
    }

    private async Task CloseProducerAsync()
    {
        ILogProducer? old = producer;
        producer = null;
        if (old is not null)
            await old.DisposeAsync();
    }

    /// <summary>
    /// An epoch that moves no offset (an idle mark, the input's end) can only be found again among
    /// the records: notes where they would begin.
    /// </summary>
    private async Task MarkAsync(List<Pending> group)
    {
        foreach (Pending pending in group)
        {
            if (pending.Transaction.Offsets.All(move => move.From == move.To))
            {
                foreach (RecordAppend append in pending.Transaction.Appends.Take(1))
                {
                    pending.EndBefore ??=
                        (await log.ReadRangeAsync(append.Target, shutdown.Token)).End;
                }
            }
        }
    }

    /// <summary>What became of epochs in doubt; null: nothing, send them again.</summary>
    private async Task<CommitResult?> FateAsync(List<Pending> group)
    {
        List<CommitResult?> fates = [];
        foreach (Pending pending in group)
            fates.Add(await FateAsync(pending));
        if (fates.TrueForAll(fate => fate is null))
        {
            group.ForEach(pending => pending.InDoubt = false);
            return null;
        }

        return fates.Find(fate => fate?.Outcome != CommitOutcome.Committed)
            ?? (fates.Contains(null) ? MovedByAnother : new CommitResult(CommitOutcome.Committed));
    }

    /// <summary>
    /// Reads the committed offsets back: at the epoch's end it is done; at its start it is to be
    /// sent again (null); anything else means that somebody else owns the partition.
    /// </summary>
    private async Task<CommitResult?> FateAsync(Pending pending)
    {
        bool done = true, untouched = true;
        foreach (OffsetMove move in pending.Transaction.Offsets)
        {
            long? now = await log.ReadCommittedAsync(move.Group, move.Source, shutdown.Token);
            done &= now == move.To;
            untouched &= now == move.From;
        }

        if (done && untouched)
            done = await IsWrittenAsync(pending);
        return done ? new CommitResult(CommitOutcome.Committed)
            : untouched ? null
            : MovedByAnother;
    }

    /// <summary>Looks for the epoch's first record behind where the log ended before.</summary>
    private async Task<bool> IsWrittenAsync(Pending pending)
    {
        if (pending.EndBefore is not { } position)
            return true;
        RecordAppend append = pending.Transaction.Appends[0];
        long end = (await log.ReadRangeAsync(append.Target, shutdown.Token)).End;
        await using ILogReader reader = log.OpenReader(append.Target, position);
        while (position < end
            && await reader.ReadAsync(BatchRecords, shutdown.Token) is { } batch)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                if (batch[i].Value.SequenceEqual(append.Records[0].Value))
                    return true;
            }

            position = batch.To;
        }

        return false;
    }

    [LoggerMessage(10, LogLevel.Warning,
        "{Id}: the fate of a transaction is unknown ({Error}); reading the committed offsets back")]
    private static partial void LogUnknown(ILogger logger, string id, string error);

    private sealed class Pending(LogTransaction transaction)
    {
        public readonly LogTransaction Transaction = transaction;

        /// <summary>Sent, and nobody knows what became of it.</summary>
        public bool InDoubt;

        /// <summary>Where its first target ended before; null where offsets tell.</summary>
        public long? EndBefore;

        public readonly TaskCompletionSource<CommitResult> Answer =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
