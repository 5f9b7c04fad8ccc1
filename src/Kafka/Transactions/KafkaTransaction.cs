using Confluent.Kafka;
using Earshot.Log;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Kafka.Transactions;

/// <summary>How far a transaction came.</summary>
internal enum Step
{
    /// <summary>The broker said that it is committed.</summary>
    Committed,

    /// <summary>Aborted, and the broker said so: the producer can go on.</summary>
    Aborted,

    /// <summary>
    /// It failed before the commit was asked for, so nothing of it will ever be seen, but the
    /// producer cannot go on.
    /// </summary>
    Broken,

    /// <summary>The commit was asked for, and the answer was none, or an error.</summary>
    InDoubt,
}

/// <summary>What became of a transaction, and why.</summary>
/// <param name="Step">How far it came.</param>
/// <param name="Error">The first error; null when committed.</param>
/// <param name="Text">It in words.</param>
internal readonly record struct Attempt(Step Step, Error? Error = null, string? Text = null);

/// <summary>
/// One try of one transaction: begin, send, flush, offsets, commit. Blocks; runs on the producer's
/// own thread.
/// </summary>
/// <remarks>
/// Everything is flushed, and the client asked whether the transaction still stands, before the
/// commit is asked for. So all errors until then are definite: nothing is written. Errors of the
/// commit itself never are: librdkafka sends it again by itself, and an answer to the second
/// request says nothing of the first.
/// </remarks>
internal sealed class KafkaTransaction(
    IProducer<byte[]?, byte[]> producer, RecordSender sender, KafkaLimits limits)
{
    private static readonly TimeSpan FlushPart = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs it.</summary>
    /// <param name="transaction">What to write.</param>
    /// <param name="metadata">The metadata of each group whose offsets move.</param>
    /// <param name="deadline">The end of the time it has.</param>
    public Attempt Run(
        LogTransaction transaction, IReadOnlyDictionary<string, IConsumerGroupMetadata> metadata,
        Deadline deadline)
    {
        try
        {
            producer.BeginTransaction();
            Send(transaction.Appends, deadline);
            Flush(deadline);
            SendOffsets(transaction.Offsets, metadata, deadline);
        }
        catch (KafkaException e)
        {
            return Abort(e.Error, TextOf(e.Error));
        }
        catch (TimeoutException e)
        {
            return Abort(new Error(ErrorCode.Local_TimedOut), e.Message);
        }
        return Commit(deadline);
    }

    private void Send(IReadOnlyList<RecordAppend> appends, Deadline deadline)
    {
        RecordAppend current = default;
        try
        {
            foreach (RecordAppend append in appends)
            {
                current = append;
                sender.Send(append, deadline);
            }
        }
        catch (KafkaException e) when (e.Error.Code == ErrorCode.Local_QueueFull)
        {
            throw new TimeoutException(
                $"the client's queue stayed full for {limits.Call.TotalSeconds} s: the brokers "
                + "take records more slowly than they come");
        }
        catch (KafkaException e)
            when (e.Error.Code is ErrorCode.Local_State or ErrorCode.Local_Fatal)
        {
            // The transaction failed already; this tells why.
            RequireStanding();
            throw new KafkaException(
                new Error(e.Error.Code, $"{current.Target}: {e.Error.Reason}"), e);
        }
    }

    private void Flush(Deadline deadline)
    {
        // In parts: records of a transaction that has failed may never leave the client.
        while (producer.Flush(deadline.AtMost(FlushPart)) is var left && left > 0)
        {
            RequireStanding();
            if (deadline.IsOver)
            {
                throw new TimeoutException(
                    $"the brokers did not acknowledge {left} records within "
                    + $"{limits.Call.TotalSeconds} s");
            }
        }
        RequireStanding();
    }

    /// <summary>
    /// Throws what made the transaction fail, if it has. The client has no question for that, but
    /// beginning another transaction inside one is refused with the reason why: that one is under
    /// way (changes nothing), or what became of it.
    /// </summary>
    private void RequireStanding()
    {
        try
        {
            producer.BeginTransaction();
        }
        catch (KafkaException e) when (e.Error.Code == ErrorCode.Local_State && !e.Error.IsFatal)
        {
            return;
        }
        throw new InvalidOperationException("the client lost its transaction");
    }

    private void SendOffsets(
        IReadOnlyList<OffsetMove> moves,
        IReadOnlyDictionary<string, IConsumerGroupMetadata> metadata, Deadline deadline)
    {
        foreach (IGrouping<string, OffsetMove> group in moves.GroupBy(move => move.Group))
        {
            Dictionary<TopicPartition, long> to = [];
            foreach (OffsetMove move in group)
                to[move.Source] = move.To;
            List<TopicPartitionOffset> offsets = [.. to.Select(pair =>
                new TopicPartitionOffset(KafkaQuery.Of(pair.Key), pair.Value))];
            Retry(
                () => producer.SendOffsetsToTransaction(
                    offsets, metadata[group.Key], deadline.Left),
                deadline);
        }
    }

    private Attempt Commit(Deadline deadline)
    {
        try
        {
            Retry(() => producer.CommitTransaction(deadline.Left), deadline);
            return new Attempt(Step.Committed);
        }
        catch (KafkaException e) when (e.Error.Code == ErrorCode.Local_Inconsistent)
        {
            // The client found failed deliveries and did not ask the broker to commit.
            return Abort(e.Error, TextOf(e.Error));
        }
        catch (KafkaException e)
        {
            return new Attempt(Step.InDoubt, e.Error, TextOf(e.Error));
        }
    }

    private Attempt Abort(Error cause, string text)
    {
        if (cause.IsFatal || KafkaFaults.IsFenced(cause))
            return new Attempt(Step.Broken, cause, text);
        Deadline deadline = new(limits.Call);
        try
        {
            Retry(() => producer.AbortTransaction(deadline.Left), deadline);
            return new Attempt(Step.Aborted, cause, text);
        }
        catch (KafkaException e)
        {
            Error worst = KafkaFaults.IsFenced(e.Error) ? e.Error : cause;
            return new Attempt(
                Step.Broken, worst, $"{text}; aborting failed too: {TextOf(e.Error)}");
        }
    }

    private static void Retry(Action call, Deadline deadline)
    {
        while (true)
        {
            try
            {
                call();
                return;
            }
            catch (KafkaRetriableException) when (!deadline.IsOver)
            {
                Deadline.WaitALittle();
            }
        }
    }

    private static string TextOf(Error error) => error.Code == ErrorCode.MsgSizeTooLarge
        ? $"a record is larger than its topic allows (max.message.bytes): {error.Reason}"
        : KafkaFaults.TextOf(error);
}
