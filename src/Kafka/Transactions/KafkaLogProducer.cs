using Confluent.Kafka;
using Earshot.Kafka.Groups;
using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Kafka.Transactions;

/// <summary>What a producer needs of the log it belongs to.</summary>
/// <param name="RequireAsync">Fails when a partition does not exist.</param>
/// <param name="ReadCommitted">The stable committed offset of a group.</param>
/// <param name="UnjoinedOf">Metadata of a group without a member here.</param>
/// <param name="Memberships">The groups with a member here.</param>
/// <param name="Log">For people.</param>
internal sealed record ProducerContext(
    Func<Log.TopicPartition, CancellationToken, ValueTask> RequireAsync,
    Func<string, Log.TopicPartition, Task<long?>> ReadCommitted,
    Func<string, IConsumerGroupMetadata> UnjoinedOf,
    IMemberships Memberships,
    ILogger Log);

/// <summary>Writes transactions; every call of the client runs on a thread of its own.</summary>
internal sealed partial class KafkaLogProducer : ILogProducer
{
    // More than a commit, its retries and aborts take; then nobody waits for the thread any more.
    private const int WatchdogFactor = 4;

    // How often a transaction is sent again whose records were out of sequence.
    private const int AgainMax = 2;

    private readonly string transactionalId;
    private readonly KafkaLimits limits;
    private readonly ProducerContext context;
    private readonly KafkaThread thread;
    private readonly IProducer<byte[]?, byte[]> producer;
    private readonly RecordSender sender;
    private readonly KafkaTransaction transactions;
    private readonly OffsetCheck offsets;

    // Why it can write no more; null while it can.
    private volatile string? broken;

    private bool disposed;

    private KafkaLogProducer(
        string transactionalId, KafkaOptions options, KafkaSettings settings,
        ProducerContext context, TimeProvider time)
    {
        this.transactionalId = transactionalId;
        this.context = context;
        limits = options.Limits;
        producer = KafkaClients.Build(() =>
            new ProducerBuilder<byte[]?, byte[]>(settings.Producer(transactionalId))
                .SetLogHandler((_, line) =>
                    LogClient(context.Log, transactionalId, line.Message))
                .SetErrorHandler((_, error) => Report(context.Log, transactionalId, error))
                .Build());
        sender = new RecordSender(options, settings, producer, time);
        transactions = new KafkaTransaction(producer, sender, limits);
        offsets = new OffsetCheck(context.ReadCommitted);
        thread = new KafkaThread($"earshot-kafka-commit-{transactionalId}");
    }

    /// <summary>Opens the producer; fences earlier ones of the id.</summary>
    public static async Task<KafkaLogProducer> OpenAsync(
        string transactionalId, KafkaOptions options, KafkaSettings settings,
        ProducerContext context, TimeProvider time, CancellationToken cancel)
    {
        KafkaLogProducer opened = new(transactionalId, options, settings, context, time);
        try
        {
            await opened.thread.RunAsync(() => opened.Init(cancel));
            return opened;
        }
        catch (KafkaException e)
        {
            await opened.DisposeAsync();
            throw new LogException(
                $"The producer of transactional id {transactionalId} cannot be opened: "
                + $"{KafkaFaults.TextOf(e.Error)}.{KafkaFaults.Hint(e.Error)}", e);
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<CommitResult> CommitAsync(
        LogTransaction transaction, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        cancel.ThrowIfCancellationRequested();
        foreach (RecordAppend append in transaction.Appends)
            await context.RequireAsync(append.Target, cancel);
        foreach (OffsetMove move in transaction.Offsets)
            await context.RequireAsync(move.Source, cancel);
        try
        {
            // Not cancelled half way: what was begun is brought to an end.
            return await thread.RunAsync(() => Commit(transaction))
                .WaitAsync(limits.Call * WatchdogFactor, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            broken = $"a call of the producer of {transactionalId} did not return within "
                + $"{(limits.Call * WatchdogFactor).TotalSeconds} s";
            return new CommitResult(CommitOutcome.Unknown, broken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;
        disposed = true;
        Task<bool> closing = thread.RunAsync(() =>
        {
            sender.Dispose();
            producer.Dispose();
            return true;
        });
        try
        {
            await closing.WaitAsync(limits.Call);
            await thread.DisposeAsync();
        }
        catch (TimeoutException)
        {
            // It hangs in a call; the thread is left to it and ends with the process.
        }
    }

    private bool Init(CancellationToken cancel)
    {
        Deadline deadline = new(limits.Call);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                producer.InitTransactions(deadline.AtMost(TimeSpan.FromSeconds(5)));
                return true;
            }
            catch (KafkaException e) when (!deadline.IsOver
                && (e is KafkaRetriableException || KafkaFaults.IsPassing(e.Error)))
            {
                Deadline.WaitALittle();
            }
        }
    }

    private CommitResult Commit(LogTransaction transaction)
    {
        if (broken is { } reason)
            return new CommitResult(CommitOutcome.Unknown, reason);
        if (transaction.Offsets.Count == 0
            && transaction.Appends.All(append => append.Records.Count == 0))
        {
            return new CommitResult(CommitOutcome.Committed);
        }
        Deadline deadline = new(limits.Call);
        int again = 0;
        while (true)
        {
            // One look: what is checked is what is sent.
            Dictionary<string, Membership?> members = MembershipsOf(transaction.Offsets);
            try
            {
                if (offsets.Refuse(transaction.Offsets, members) is { } refusal)
                    return new CommitResult(CommitOutcome.Fenced, refusal);
            }
            catch (LogException e)
            {
                return new CommitResult(CommitOutcome.Aborted, e.Message);
            }
            Attempt attempt = transactions.Run(transaction, MetadataOf(members), deadline);
            if (attempt.Step == Step.Aborted && KafkaFaults.IsOutOfSequence(attempt.Error!)
                && again++ < AgainMax && !deadline.IsOver)
            {
                continue;
            }
            if (attempt.Step != Step.Aborted || !KafkaFaults.IsStaleMember(attempt.Error!))
                return Conclude(transaction, members, attempt);
            // Aborted because the group has moved on to another generation. That happens to
            // healthy owners too, for the moment between the group's rebalance and our callback.
            if (!AreKept(transaction.Offsets, members, deadline))
                return new CommitResult(CommitOutcome.Fenced, attempt.Text);
        }
    }

    private CommitResult Conclude(
        LogTransaction transaction, Dictionary<string, Membership?> members, Attempt attempt)
    {
        switch (attempt.Step)
        {
            case Step.Committed:
                offsets.Note(transaction.Offsets, members);
                return new CommitResult(CommitOutcome.Committed);
            case Step.Aborted:
                return new CommitResult(CommitOutcome.Aborted, attempt.Text);
        }
        bool fenced = KafkaFaults.IsFenced(attempt.Error!);
        string text = fenced
            ? $"{LogFaults.FencedProducer(transactionalId)} {attempt.Text}"
            : attempt.Text!;
        broken = text;
        bool nothingWritten = attempt.Step == Step.Broken
            || (fenced && offsets.IsUntouched(transaction.Offsets));
        return new CommitResult(
            fenced && nothingWritten ? CommitOutcome.Fenced : CommitOutcome.Unknown, text);
    }

    private Dictionary<string, Membership?> MembershipsOf(IReadOnlyList<OffsetMove> moves)
    {
        Dictionary<string, Membership?> members = [];
        foreach (OffsetMove move in moves)
        {
            if (!members.ContainsKey(move.Group))
                members[move.Group] = context.Memberships.Find(move.Group);
        }
        return members;
    }

    private Dictionary<string, IConsumerGroupMetadata> MetadataOf(
        Dictionary<string, Membership?> members) => members.ToDictionary(
        pair => pair.Key,
        pair => pair.Value?.Metadata ?? context.UnjoinedOf(pair.Key));

    /// <summary>
    /// Waits until a membership is newer than it was when the broker refused one of them, and says
    /// whether all partitions are still owned without a break in between. If so, the same can be
    /// sent again. Which one was refused is not told, and another's group may not move on before
    /// this commit: so the first that is newer ends the waiting.
    /// </summary>
    private bool AreKept(
        IReadOnlyList<OffsetMove> moves, Dictionary<string, Membership?> members,
        Deadline deadline)
    {
        while (!members.Any(pair => pair.Value is { } member
            && context.Memberships.WaitNewer(pair.Key, member.Version, new Deadline(default))))
        {
            if (deadline.IsOver || members.Values.All(member => member is null))
                return false;
            Deadline.WaitALittle();
        }

        return moves.All(move => members[move.Group] is not { } member
            || (context.Memberships.Find(move.Group) is { } later
                && member.IsKeptIn(later, move.Source)));
    }

    private static void Report(ILogger log, string id, Error error)
    {
        if (KafkaFaults.IsGrave(error))
            LogTrouble(log, id, KafkaFaults.TextOf(error));
        else
            LogClient(log, id, KafkaFaults.TextOf(error));
    }

    [LoggerMessage(420, LogLevel.Warning, "producer {Id}: {Error}")]
    private static partial void LogTrouble(ILogger log, string id, string error);

    [LoggerMessage(421, LogLevel.Debug, "producer {Id}: {Line}")]
    private static partial void LogClient(ILogger log, string id, string line);
}
