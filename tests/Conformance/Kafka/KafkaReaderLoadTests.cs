using Earshot.Kafka;
using Earshot.Kafka.Testing;
using Earshot.Log;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>Much at once, on the mock cluster: memory, size, opening and closing.</summary>
public sealed class KafkaReaderLoadTests
{
    private const int RecordBytes = 1000;

    private static readonly TopicPartition Calls = new("calls", 0);
    private static readonly TopicPartition OtherCalls = new("calls", 1);

    // What one partition may prefetch: the limit and one fetch more.
    private const int LimitBytes = 64 * 1024;
    private const int FetchBytes = 32 * 1024;

    private static readonly (string Name, string Value)[] SmallQueues =
    [
        ("queued.max.messages.kbytes", $"{LimitBytes / 1024}"),
        ("fetch.message.max.bytes", $"{FetchBytes}"),
    ];

    [KafkaFact]
    public async Task A_partition_that_is_not_read_takes_bounded_memory_and_loses_nothing()
    {
        const int Records = 3000;
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap, null, SmallQueues);
        ProduceSized(kafka, Calls, Records);
        ProduceSized(kafka, OtherCalls, Records);
        await using KafkaReader idle = (KafkaReader)kafka.Readers.Open(Calls, 0);
        await using (ILogReader busy = kafka.Readers.Open(OtherCalls, 0))
            Assert.Equal(Records, await CountAsync(kafka, busy, Records));

        // Some 90 fetches later: the same client had every chance to fetch more of it.
        int boundBytes = LimitBytes + FetchBytes + ReaderFixture.BatchBytes;
        Assert.InRange(idle.Prefetched, 1, boundBytes / RecordBytes);
        Assert.Equal(Records, await CountAsync(kafka, idle, Records));
    }

    [KafkaFact]
    public async Task Records_larger_than_a_fetch_come_whole()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap, null, SmallQueues);
        int[] sizes = [1, 900_000, 0, FetchBytes, 700_000, FetchBytes + 1];
        foreach (int size in sizes)
        {
            byte[] value = new byte[size];
            value.AsSpan().Fill((byte)size);
            ReaderFixture.Send(kafka.Producer, Calls, value);
        }

        kafka.Producer.Flush(kafka.Cancel);
        await using ILogReader reader = kafka.Readers.Open(Calls, 0);
        for (long next = 0; next < sizes.Length;)
        {
            RecordBatch? batch = await reader.ReadAsync(10, kafka.Cancel);
            for (int index = 0; index < batch!.Count; index++, next++)
            {
                Assert.Equal(next, batch[index].Offset);
                Assert.Equal(sizes[next], batch[index].Value.Length);
                Assert.False(batch[index].Value.ContainsAnyExcept((byte)sizes[next]));
            }

            batch.Release();
        }
    }

    [KafkaFact]
    public async Task Readers_open_and_close_while_records_flow()
    {
        const int Rounds = 300;
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        using CancellationTokenSource stop = new();
        Task producing = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                kafka.Produce(Calls, Enumerable.Range(0, 50).Select(n => $"{n}"));
        });
        Random random = new(1);
        List<Task> closing = [];
        for (int round = 0; round < Rounds; round++)
        {
            ILogReader reader = kafka.Readers.Open(Calls, 0);
            // Closed at once, while it reads, and after it read: all must do.
            Task<RecordBatch?> reading = random.Next(3) == 0
                ? Task.FromResult<RecordBatch?>(null)
                : reader.ReadAsync(random.Next(1, 1000), kafka.Cancel).AsTask();
            if (random.Next(2) == 0)
                await reading;
            await reader.DisposeAsync();
            closing.Add(reading);
        }

        await stop.CancelAsync();
        await producing;
        foreach (Task reading in closing)
        {
            Exception? error = await Record.ExceptionAsync(() => reading);
            Assert.True(error is null or ObjectDisposedException, $"{error}");
        }

        await using ILogReader last = kafka.Readers.Open(Calls, 0);
        Assert.NotNull(await last.ReadAsync(1, kafka.Cancel));
    }

    [KafkaFact]
    public async Task Whole_clients_open_and_close_while_records_flow()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        ProduceSized(kafka, Calls, 1000);
        for (int round = 0; round < 30; round++)
        {
            await using ReaderFixture other = new(cluster.Bootstrap);
            Task<RecordBatch?> first = other.Readers.Open(Calls, 0)
                .ReadAsync(100, kafka.Cancel).AsTask();
            Task<RecordBatch?> second = other.Readers.Open(Calls, 0)
                .ReadAsync(100, kafka.Cancel).AsTask();
            if (round % 2 == 0)
                Assert.Equal(0, (await first)!.From);
            await other.Readers.DisposeAsync();
            foreach (Task reading in (Task[])[first, second])
            {
                Exception? error = await Record.ExceptionAsync(() => reading);
                Assert.True(error is null or ObjectDisposedException, $"{error}");
            }
        }
    }

    private static async Task<int> CountAsync(ReaderFixture kafka, ILogReader reader, int to) =>
        (await kafka.ReadToAsync(reader, to)).Count;

    private static void ProduceSized(ReaderFixture kafka, TopicPartition target, int count)
    {
        for (int index = 0; index < count; index++)
            ReaderFixture.Send(kafka.Producer, target, new byte[RecordBytes]);
        kafka.Producer.Flush(kafka.Cancel);
    }

    private static MockCluster Cluster()
    {
        MockCluster cluster = new();
        cluster.CreateTopic(Calls.Topic, 2);
        return cluster;
    }
}
