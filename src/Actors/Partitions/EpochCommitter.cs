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
    /// Commits an epoch. Returns only when its fate is known: committed, or certainly not.
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
            LogTransaction together = new(
                [.. group.SelectMany(pending => pending.Transaction.Appends)],
                [.. group.SelectMany(pending => pending.Transaction.Offsets)]);
            CommitResult result = await ResolveAsync(together);
            if (result.Outcome == CommitOutcome.Committed)
            {
                foreach (Pending pending in group)
                    pending.Answer.SetResult(result);
                return;
            }
        }

        // One partition's trouble must not be the others': each on its own.
        foreach (Pending pending in group)
            pending.Answer.SetResult(await ResolveAsync(pending.Transaction));
    }

    /// <summary>Sends a transaction until its fate is known.</summary>
    private async Task<CommitResult> ResolveAsync(LogTransaction transaction)
    {
        CommitResult result = default;
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            try
            {
                producer ??= await log.OpenProducerAsync(transactionalId, shutdown.Token);
                result = await producer.CommitAsync(transaction, CancellationToken.None);
                if (result.Outcome != CommitOutcome.Unknown)
                    return result;
                LogUnknown(logger, transactionalId, result.Error ?? "no answer");
                await ReopenAsync();
                if (await FateAsync(transaction) is { } fate)
                    return fate;
            }
            catch (Exception e) when (e is LogException or OperationCanceledException)
            {
                return new CommitResult(CommitOutcome.Aborted, e.Message);
            }
        }

        return new CommitResult(CommitOutcome.Aborted, result.Error);
    }

    private async Task ReopenAsync()
    {
        if (producer is not null)
            await producer.DisposeAsync();
        producer = null;
        producer = await log.OpenProducerAsync(transactionalId, shutdown.Token);
    }

    /// <summary>
    /// Reads the committed offsets back: at the epoch's end it is done; at its start it is to be
    /// sent again (null); anything else means that somebody else owns the partition.
    /// </summary>
    private async Task<CommitResult?> FateAsync(LogTransaction transaction)
    {
        bool done = true, untouched = true;
        foreach (OffsetMove move in transaction.Offsets)
        {
            long? now = await log.ReadCommittedAsync(move.Group, move.Source, shutdown.Token);
            done &= now == move.To;
            untouched &= now == move.From;
        }

        return untouched ? null
            : done ? new CommitResult(CommitOutcome.Committed)
            : new CommitResult(CommitOutcome.Fenced, "the committed offset was moved by another owner");
    }

    [LoggerMessage(10, LogLevel.Warning,
        "{Id}: the fate of a transaction is unknown ({Error}); reading the committed offsets back")]
    private static partial void LogUnknown(ILogger logger, string id, string error);

    private sealed class Pending(LogTransaction transaction)
    {
        public readonly LogTransaction Transaction = transaction;

        public readonly TaskCompletionSource<CommitResult> Answer =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
