using Confluent.Kafka;
using Earshot.Log;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Kafka;

/// <summary>
/// Asks about topics, and about the committed offsets of one group, without joining it.
/// </summary>
internal sealed class KafkaQuery : IAsyncDisposable
{
    private readonly KafkaOptions options;
    private readonly KafkaThread thread;
    private readonly IConsumer<Ignore, Ignore> consumer;
    private readonly IAdminClient admin;

    // What the client last said of the brokers: tells why nobody answers.
    private volatile Error? trouble;

    /// <summary>Creates the client; it connects by itself.</summary>
    /// <exception cref="LogException">An option is wrong.</exception>
    public KafkaQuery(KafkaOptions options, KafkaSettings settings, string group)
    {
        this.options = options;
        consumer = KafkaClients.Build(() =>
            new ConsumerBuilder<Ignore, Ignore>(settings.Query(group))
                .SetErrorHandler((_, error) => Note(error))
                .SetLogHandler(static (_, _) => { })
                .Build());
        admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        thread = new KafkaThread($"earshot-kafka-query-{group}");
    }

    /// <summary>
    /// The metadata of a group that has no member here: the broker then checks neither member nor
    /// generation.
    /// </summary>
    public IConsumerGroupMetadata Unjoined => consumer.ConsumerGroupMetadata;

    /// <summary>How many brokers there are; fails when none answers.</summary>
    public Task<int> CountBrokersAsync(CancellationToken cancel) => AskAsync(
        "which brokers there are",
        left => admin.GetMetadata("__consumer_offsets", left).Brokers.Count, cancel);

    /// <summary>
    /// The partition count of a topic, null when there is none; waits until all partitions have
    /// a leader.
    /// </summary>
    public Task<int?> CountPartitionsAsync(string topic, CancellationToken cancel) => AskAsync(
        $"how many partitions topic {topic} has", left => CountPartitions(topic, left), cancel);

    /// <summary>Log start and last stable offset of a partition that exists.</summary>
    public Task<OffsetRange> ReadRangeAsync(TopicPartition source, CancellationToken cancel) =>
        AskAsync($"which offsets {source} holds", left =>
        {
            WatermarkOffsets offsets = consumer.QueryWatermarkOffsets(Of(source), left);
            return new OffsetRange(offsets.Low.Value, offsets.High.Value);
        }, cancel);

    /// <summary>
    /// What the group committed; null when nothing. Waits while an open transaction may move it.
    /// </summary>
    public Task<long?> ReadCommittedAsync(TopicPartition source, CancellationToken cancel) =>
        AskAsync($"what is committed for {source}", left =>
        {
            Offset offset = consumer.Committed([Of(source)], left)[0].Offset;
            return offset.Value >= 0 ? offset.Value : (long?)null;
        }, cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await thread.RunAsync(() =>
            {
                admin.Dispose();
                consumer.Dispose();
                return true;
            });
        }
        catch (ObjectDisposedException)
        {
            return; // was disposed before
        }
        await thread.DisposeAsync();
    }

    /// <summary>The same in the client's terms.</summary>
    public static Confluent.Kafka.TopicPartition Of(TopicPartition source) =>
        new(source.Topic, source.Partition);

    private int? CountPartitions(string topic, TimeSpan left)
    {
        TopicMetadata found = admin.GetMetadata(topic, left).Topics[0];
        if (found.Error.Code == ErrorCode.UnknownTopicOrPart)
            return null;
        if (found.Error.IsError)
            throw new KafkaException(found.Error);
        if (found.Partitions.Exists(partition => partition.Leader < 0))
            throw new KafkaException(ErrorCode.LeaderNotAvailable);
        return found.Partitions.Count;
    }

    // Asks again until there is an answer, a final no, or no time.
    private Task<T> AskAsync<T>(
        string question, Func<TimeSpan, T> ask, CancellationToken cancel) => thread.RunAsync(() =>
    {
        Deadline deadline = new(options.Limits.Call);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                // In parts, so that cancelling does not wait for the whole limit.
                return ask(deadline.AtMost(TimeSpan.FromSeconds(2)));
            }
            catch (KafkaException e)
            {
                Error error = e is TopicPartitionOffsetException partitions
                    ? partitions.Results[0].Error
                    : e.Error;
                Listen();
                if (!KafkaFaults.IsPassing(error) || deadline.IsOver)
                {
                    throw KafkaFaults.NotAnswered(
                        question, options.Bootstrap, Worse(error));
                }
                Deadline.WaitALittle();
            }
        }
    });

    // The client tells of its trouble only while it is polled; there are no records to come.
    private void Listen()
    {
        try
        {
            consumer.Consume(TimeSpan.Zero);
        }
        catch (ConsumeException e)
        {
            Note(e.Error);
        }
    }

    // A refusal is told of once; the lost connection that follows, again and again.
    private void Note(Error error)
    {
        if (trouble is not { } seen || !KafkaFaults.IsRefusal(seen))
            trouble = error;
    }

    // "Timed out" says less than what the client saw of the brokers.
    private Error Worse(Error error) =>
        trouble is { } seen
            && (error.Code == ErrorCode.Local_TimedOut || KafkaFaults.IsRefusal(seen))
            ? seen
            : error;
}
