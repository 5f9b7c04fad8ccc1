using Confluent.Kafka;
using Earshot.Kafka.Testing;
using Earshot.Log;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>Reading from a real broker: transactions, retention, deleted topics.</summary>
public sealed class KafkaReaderBrokerTests : IAsyncLifetime
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private BrokerTopics topics = null!;
    private ReaderFixture kafka = null!;
    private TopicPartition calls;

    public async Task InitializeAsync()
    {
        if (Requirements.Broker is not { } broker)
            return;
        topics = new BrokerTopics(broker);
        kafka = new ReaderFixture(broker);
        calls = new TopicPartition(await topics.CreateAsync("calls", 2), 0);
    }

    public async Task DisposeAsync()
    {
        if (kafka is null)
            return;
        await kafka.DisposeAsync();
        await topics.DisposeAsync();
    }

    [BrokerFact]
    public async Task Only_committed_records_are_seen_and_all_offsets_are_passed()
    {
        using IProducer<byte[], byte[]> producer = OpenTransactional();
        Write(producer, commit: true, "a", "b"); // 0, 1, marker 2
        Write(producer, commit: false, "x", "y", "z"); // 3 to 5, marker 6
        Write(producer, commit: true, "c"); // 7, marker 8
        Write(producer, commit: false, "x"); // 9, marker 10
        await using ILogReader reader = kafka.Readers.Open(calls, 0);
        Assert.Equal(["0:a", "1:b", "7:c"], await kafka.ReadToAsync(reader, 11));
        await using ILogReader middle = kafka.Readers.Open(calls, 1);
        Assert.Equal(["1:b", "7:c"], await kafka.ReadToAsync(middle, 11, maxRecords: 1));
    }

    [BrokerFact]
    public async Task A_reader_that_waits_is_told_of_offsets_without_records()
    {
        using IProducer<byte[], byte[]> producer = OpenTransactional();
        await using ILogReader reader = kafka.Readers.Open(calls, 0);
        Task<RecordBatch?> waiting = reader.ReadAsync(10, kafka.Cancel).AsTask();
        Write(producer, commit: false, "x");
        RecordBatch? batch = await waiting;
        Assert.Equal((0, 0, 2), (batch!.Count, batch.From, batch.To));
        for (int round = 1; round <= 10; round++)
        {
            Write(producer, commit: true, $"{round}");
            long end = 2 + (2 * round);
            Assert.Equal([$"{end - 2}:{round}"], await kafka.ReadToAsync(reader, end));
        }
    }

    [BrokerFact]
    public async Task An_open_transaction_is_waited_for()
    {
        using IProducer<byte[], byte[]> producer = OpenTransactional();
        producer.BeginTransaction();
        ReaderFixture.Send(producer, calls, "a"u8.ToArray());
        producer.Flush(kafka.Cancel);
        kafka.Produce(calls, "b");
        await using ILogReader reader = kafka.Readers.Open(calls, 0);
        Task<RecordBatch?> waiting = reader.ReadAsync(10, kafka.Cancel).AsTask();
        // One fetch asks for both partitions: what comes of the other was answered for this one.
        TopicPartition other = calls with { Partition = 1 };
        await using ILogReader otherReader = kafka.Readers.Open(other, 0);
        for (int round = 0; round < 5; round++)
        {
            kafka.Produce(other, "x");
            await kafka.ReadToAsync(otherReader, round + 1);
        }

        Assert.False(waiting.IsCompleted);
        producer.CommitTransaction(Timeout);
        RecordBatch? first = await waiting;
        Assert.Equal((0, 0L), (first!.From, first[0].Offset));
        if (first.To < 3)
            await kafka.ReadToAsync(reader, 3);
    }

    [BrokerFact]
    public async Task An_offset_no_longer_kept_is_an_error_also_while_reading()
    {
        kafka.Produce(calls, "a", "b", "c", "d");
        await topics.TrimAsync(calls, 3);
        await using (ILogReader reader = kafka.Readers.Open(calls, 1))
        {
            LogException error = await Assert.ThrowsAsync<LogException>(async () =>
                await reader.ReadAsync(10, kafka.Cancel));
            Assert.Contains("begins at 3", error.Message, StringComparison.Ordinal);
        }

        await using ILogReader kept = kafka.Readers.Open(calls, 3);
        Assert.Equal(["3:d"], await kafka.ReadToAsync(kept, 4));
    }

    [BrokerFact]
    public async Task An_offset_past_the_end_and_unknown_partitions_are_errors()
    {
        kafka.Produce(calls, "a");
        (TopicPartition Source, long From, string Message)[] cases =
        [
            (calls, 5, "ends at 1"),
            (calls with { Partition = 2 }, 0, $"no {calls with { Partition = 2 }}"),
            (new TopicPartition(topics.Unique("nothing"), 0), 0, "There is no"),
        ];
        foreach ((TopicPartition source, long from, string message) in cases)
        {
            await using ILogReader reader = kafka.Readers.Open(source, from);
            LogException error = await Assert.ThrowsAsync<LogException>(async () =>
                await reader.ReadAsync(10, kafka.Cancel));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }
    }

    [BrokerFact]
    public async Task A_topic_that_is_deleted_ends_the_reading()
    {
        string topic = await topics.CreateAsync("gone");
        await using ReaderFixture impatient = new(
            topics.Bootstrap, null, ("topic.metadata.refresh.interval.ms", "100"));
        await using ILogReader reader = impatient.Readers.Open(new TopicPartition(topic, 0), 0);
        kafka.Produce(new TopicPartition(topic, 0), "a");
        Assert.Equal(["0:a"], await impatient.ReadToAsync(reader, 1));
        await topics.DeleteAsync(topic);
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await reader.ReadAsync(10, kafka.Cancel));
        Assert.Contains($"no {topic}[0]", error.Message, StringComparison.Ordinal);
    }

    [BrokerFact]
    public async Task Batches_end_at_their_size()
    {
        const int Records = 40;
        const int Bound = 8 * 1024 * 1024;
        for (int index = 0; index < Records; index++)
            ReaderFixture.Send(kafka.Producer, calls, new byte[900_000]);
        kafka.Producer.Flush(kafka.Cancel);
        await using ILogReader reader = kafka.Readers.Open(calls, 0);
        for (long position = 0; position < Records;)
        {
            RecordBatch? batch = await reader.ReadAsync(int.MaxValue, kafka.Cancel);
            // One drain of the queue more, which holds 16 MB and a fetch.
            Assert.InRange(batch!.SizeBytes, 900_000, Bound + (18 * 1024 * 1024));
            position = batch.To;
            batch.Release();
        }
    }

    private IProducer<byte[], byte[]> OpenTransactional()
    {
        IProducer<byte[], byte[]> producer = kafka.OpenProducer(topics.Unique("writer"));
        producer.InitTransactions(Timeout);
        return producer;
    }

    private void Write(IProducer<byte[], byte[]> producer, bool commit, params string[] values)
    {
        producer.BeginTransaction();
        foreach (string value in values)
            ReaderFixture.Send(producer, calls, System.Text.Encoding.UTF8.GetBytes(value));
        // Sent before they are aborted, or nothing of them would reach the log.
        producer.Flush(kafka.Cancel);
        if (commit)
            producer.CommitTransaction(Timeout);
        else
            producer.AbortTransaction(Timeout);
    }
}
