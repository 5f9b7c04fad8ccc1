using System.Text;
using Confluent.Kafka;
using Earshot.Kafka.Testing;
using Earshot.Log;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>Reading, on the mock cluster: what needs no transactions.</summary>
public sealed class KafkaReaderTests
{
    private static readonly TopicPartition Calls = new("calls", 0);

    [KafkaFact]
    public async Task Records_come_back_whole()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        ReaderFixture.Send(kafka.Producer, Calls, new Message<byte[], byte[]>
        {
            Key = "k"u8.ToArray(),
            Value = "v"u8.ToArray(),
            Headers = [new Header("a", "1"u8.ToArray()), new Header("a", "2"u8.ToArray()),
                new Header("none", null), new Header("long", new byte[300])],
            Timestamp = new Timestamp(1_750_000_000_123, TimestampType.CreateTime),
        });
        ReaderFixture.Send(kafka.Producer, Calls, new Message<byte[], byte[]>
        {
            Key = null!,
            Value = null!,
        });
        kafka.Producer.Flush(kafka.Cancel);

        await using ILogReader reader = kafka.Readers.Open(Calls, 0);
        (int headers, int nulls) = (0, 0);
        for (long position = 0; position < 2;)
        {
            RecordBatch? batch = await reader.ReadAsync(1, kafka.Cancel);
            Assert.Equal((Calls, "calls", 1), (batch!.Source, batch.Origin, batch.Count));
            if (batch[0].Offset == 0)
                headers += CheckFull(batch[0]);
            else
                nulls += CheckEmpty(batch[0]);
            position = batch.To;
        }

        Assert.Equal((1, 1), (headers, nulls));
    }

    [KafkaFact]
    public async Task Reading_begins_at_an_offset_and_is_cut_as_asked()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        kafka.Produce(Calls, Numbers(0, 2000));
        foreach (int from in (int[])[0, 1, 777, 1999])
        {
            foreach (int maxRecords in (int[])[7, 512, 513, int.MaxValue])
            {
                await using ILogReader reader = kafka.Readers.Open(Calls, from);
                Assert.Equal(
                    Texts(from, 2000 - from), await kafka.ReadToAsync(reader, 2000, maxRecords));
            }
        }
    }

    [KafkaFact]
    public async Task At_the_end_a_reader_waits_and_wakes()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        await using ILogReader reader = kafka.Readers.Open(Calls, 0);
        for (int round = 0; round < 20; round++)
        {
            Task<RecordBatch?> waiting = reader.ReadAsync(10, kafka.Cancel).AsTask();
            Assert.False(waiting.IsCompleted);
            kafka.Produce(Calls, $"{round}");
            Assert.Equal((round, round + 1), ((await waiting)!.From, (await waiting)!.To));
        }
    }

    [KafkaFact]
    public async Task A_wait_can_be_cancelled_and_reading_goes_on()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        await using ILogReader reader = kafka.Readers.Open(Calls, 0);
        using CancellationTokenSource stop = new();
        Task<RecordBatch?> waiting = reader.ReadAsync(10, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        kafka.Produce(Calls, "a");
        Assert.Equal(["0:a"], await kafka.ReadToAsync(reader, 1));
    }

    [KafkaFact]
    public async Task Closing_ends_the_wait()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        ILogReader first = kafka.Readers.Open(Calls, 0);
        ILogReader second = kafka.Readers.Open(Calls, 0);
        Task<RecordBatch?> waitingFirst = first.ReadAsync(10, kafka.Cancel).AsTask();
        Task<RecordBatch?> waitingSecond = second.ReadAsync(10, kafka.Cancel).AsTask();
        await first.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waitingFirst);
        await kafka.Readers.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waitingSecond);
        Assert.Throws<ObjectDisposedException>(() => kafka.Readers.Open(Calls, 0));
        await second.DisposeAsync();
    }

    [KafkaFact]
    public async Task A_partition_can_be_read_several_times_at_once()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        kafka.Produce(Calls, Numbers(0, 100));
        await using ILogReader first = kafka.Readers.Open(Calls, 0);
        await using (ILogReader second = kafka.Readers.Open(Calls, 50))
        {
            Assert.Equal(Texts(50, 50), await kafka.ReadToAsync(second, 100));
            Assert.Equal(Texts(0, 10), await kafka.ReadToAsync(first, 10, maxRecords: 10));
        }

        Assert.Equal(Texts(10, 90), await kafka.ReadToAsync(first, 100));
    }

    [KafkaFact]
    public async Task Many_partitions_are_read_over_one_client()
    {
        const int Partitions = 64;
        using MockCluster cluster = new(brokers: 3);
        cluster.CreateTopic("calls", Partitions);
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        List<Task<List<string>>> reading = [];
        for (int partition = 0; partition < Partitions; partition++)
        {
            ILogReader reader = kafka.Readers.Open(new TopicPartition("calls", partition), 0);
            reading.Add(kafka.ReadToAsync(reader, 100));
        }

        for (int partition = 0; partition < Partitions; partition++)
            kafka.Produce(new TopicPartition("calls", partition), Numbers(0, 100));
        foreach (List<string> texts in await Task.WhenAll(reading))
            Assert.Equal(Texts(0, 100), texts);
    }

    private static int CheckFull(LogRecord record)
    {
        Assert.Equal("k", Encoding.UTF8.GetString(record.Key));
        Assert.Equal("v", Encoding.UTF8.GetString(record.Value));
        Assert.Equal(1_750_000_000_123, record.AppendTimeMs);
        List<string> headers = [];
        foreach (RecordHeader header in record.Headers)
            headers.Add($"{Encoding.UTF8.GetString(header.Name)}:{header.Value.Length}");
        Assert.Equal(["a:1", "a:1", "none:0", "long:300"], headers);
        Assert.Equal("2", record.Headers.TextOf("a"u8));
        return 1;
    }

    private static int CheckEmpty(LogRecord record)
    {
        Assert.True(record.Key.IsEmpty && record.Value.IsEmpty && record.Headers.IsEmpty);
        Assert.True(record.AppendTimeMs > 1_750_000_000_000);
        return 1;
    }

    private static MockCluster Cluster()
    {
        MockCluster cluster = new();
        cluster.CreateTopic(Calls.Topic);
        return cluster;
    }

    private static IEnumerable<string> Numbers(int from, int count) =>
        Enumerable.Range(from, count).Select(number => $"{number}");

    private static IEnumerable<string> Texts(int from, int count) =>
        Enumerable.Range(from, count).Select(number => $"{number}:{number}");
}
