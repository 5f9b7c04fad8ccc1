using System.Threading.Channels;
using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Actors.Partitions;

/// <summary>
/// Commits the epochs of all partitions of a process with one transactional producer. What waits
/// while a transaction is under way goes into the next one together.
/// </summary>
public sealed class EpochCommitter : IAsyncDisposable
{
    /// <summary>Longest wait for one answer of the log, unless told otherwise.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(30);

    /// <summary>Most epochs in one transaction.</summary>
    internal const int GroupMax = 64;

    private readonly CommitResolver resolver;
    private readonly Channel<Waiting> queue = Channel.CreateUnbounded<Waiting>(
        new UnboundedChannelOptions { SingleReader = true });

    // The resolver serves one caller at a time: the loop, or a partition about to recover.
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly CancellationTokenSource shutdown = new();
    private readonly Task loop;

    /// <summary>Starts it.</summary>
    /// <param name="log">The log written to.</param>
    /// <param name="transactionalId">Stable and unique per process.</param>
    /// <param name="time">Clock of the limit.</param>
    /// <param name="logger">For people.</param>
    /// <param name="limit">
    /// Longest wait for one answer of the log; then the fate of the transaction is unknown, and is
    /// found out. Null: <see cref="DefaultLimit"/>.
    /// </param>
    public EpochCommitter(
        ILog log, string transactionalId, TimeProvider time, ILogger logger,
        TimeSpan? limit = null)
    {
        Limit = limit ?? DefaultLimit;
        Time = time;
        resolver = new CommitResolver(log, transactionalId, Limit, time, logger);
        loop = Task.Run(RunAsync);
    }

    /// <summary>Longest wait for one answer of the log.</summary>
    internal TimeSpan Limit { get; }

    /// <summary>Clock of the limit.</summary>
    internal TimeProvider Time { get; }

    /// <summary>
    /// Commits an epoch. Returns when its fate is known: committed, or certainly not. Unknown is
    /// answered only when the log can no longer be asked.
    /// </summary>
    public async Task<CommitResult> CommitAsync(LogTransaction transaction)
    {
        Waiting waiting = new(new PendingEpoch(transaction));
        if (!queue.Writer.TryWrite(waiting))
            return new CommitResult(CommitOutcome.Aborted, "the committer has stopped");
        return await waiting.Answer.Task;
    }

    /// <summary>
    /// Returns when nothing of this process is left undecided in the log. A partition that recovers
    /// waits for this before it reads its committed offset.
    /// </summary>
    /// <exception cref="LogException">The log gave no answer in time.</exception>
    public async Task SettleAsync(CancellationToken cancel)
    {
        await turn.WaitAsync(cancel);
        try
        {
            await resolver.SettleAsync(cancel);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Finishes what is under way and refuses what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await shutdown.CancelAsync();
        await loop;
        await resolver.DisposeAsync();
        shutdown.Dispose();
        turn.Dispose();
    }

    private async Task RunAsync()
    {
        List<Waiting> group = [];
        while (await queue.Reader.WaitToReadAsync())
        {
            group.Clear();
            while (group.Count < GroupMax && queue.Reader.TryRead(out Waiting? next))
                group.Add(next);
            await turn.WaitAsync();
            try
            {
                await resolver.CommitAsync([.. group.Select(w => w.Epoch)], shutdown.Token);
            }
            finally
            {
                turn.Release();
            }

            foreach (Waiting waiting in group)
            {
                CommitResult result = waiting.Epoch.Result!.Value;

                // Written, the outputs are needed by nobody: their memory is for the next epoch's.
                if (result.Outcome == CommitOutcome.Committed)
                    RecordAppend.Release(waiting.Epoch.Transaction.Appends);
                waiting.Answer.SetResult(result);
            }
        }
    }

    private sealed record Waiting(PendingEpoch Epoch)
    {
        public TaskCompletionSource<CommitResult> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
