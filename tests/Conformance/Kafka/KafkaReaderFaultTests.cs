using Earshot.Kafka;
using Earshot.Kafka.Testing;
using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>What may go wrong while reading, on the mock cluster.</summary>
public sealed class KafkaReaderFaultTests
{
    // Kafka's protocol: the number of the Fetch request, and of an error of the broker's disk.
    private const short FetchRequest = 1;
    private const int StorageError = 56;

    private static readonly TopicPartition Calls = new("calls", 0);

    [KafkaFact]
    public async Task An_unknown_topic_or_partition_is_an_error_that_names_it()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        Assert.Throws<LogException>(() => kafka.Readers.Open(new TopicPartition("calls", -1), 0));
        await using ILogReader known = kafka.Readers.Open(Calls, 0);
        TopicPartition[] unknowns = [new("calls", 1), new("calls", 7), new("nothing", 0)];
        foreach (TopicPartition unknown in unknowns)
        {
            await using ILogReader reader = kafka.Readers.Open(unknown, 0);
            LogException error = await Assert.ThrowsAsync<LogException>(async () =>
                await reader.ReadAsync(1, kafka.Cancel));
            Assert.Contains($"no {unknown}", error.Message, StringComparison.Ordinal);
        }

        kafka.Produce(Calls, "a");
        Assert.Equal(["0:a"], await kafka.ReadToAsync(known, 1));
    }

    [KafkaFact]
    public async Task An_offset_past_the_end_is_an_error_each_time()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        kafka.Produce(Calls, "a", "b");
        await using ILogReader reader = kafka.Readers.Open(Calls, 6);
        for (int round = 0; round < 2; round++)
        {
            LogException error = await Assert.ThrowsAsync<LogException>(async () =>
                await reader.ReadAsync(1, kafka.Cancel));
            Assert.Contains("ends at 2", error.Message, StringComparison.Ordinal);
        }
    }

    [KafkaFact]
    public async Task A_broker_that_goes_away_only_delays()
    {
        using MockCluster cluster = Cluster();
        CountingLogger logger = new();
        await using ReaderFixture kafka = new(
            cluster.Bootstrap, logger, ("reconnect.backoff.ms", "10"),
            ("reconnect.backoff.max.ms", "50"));
        kafka.Produce(Calls, "a");
        await using ILogReader reader = kafka.Readers.Open(Calls, 0);
        Assert.Equal(["0:a"], await kafka.ReadToAsync(reader, 1));
        for (int round = 1; round <= 3; round++)
        {
            Task<RecordBatch?> waiting = reader.ReadAsync(10, kafka.Cancel).AsTask();
            cluster.SetDown(1);
            await logger.WaitForWarningsAsync(round, kafka.Cancel);
            Assert.False(waiting.IsCompleted);
            cluster.SetUp(1);
            kafka.Produce(Calls, "b");
            Assert.Equal(round + 1, (await waiting)!.To);
        }

        Assert.Equal(3, logger.Warnings);
    }

    [KafkaFact]
    public async Task An_error_that_passes_does_not_end_the_reading()
    {
        using MockCluster cluster = Cluster();
        await using ReaderFixture kafka = new(
            cluster.Bootstrap, null, ("fetch.error.backoff.ms", "1"));
        cluster.FailNext(FetchRequest, StorageError, StorageError, StorageError);
        kafka.Produce(Calls, "a", "b");
        await using ILogReader reader = kafka.Readers.Open(Calls, 0);
        Assert.Equal(["0:a", "1:b"], await kafka.ReadToAsync(reader, 2));
    }

    [KafkaFact]
    public void Options_that_reading_depends_on_are_refused()
    {
        Dictionary<string, string> options = new() { ["isolation.level"] = "read_uncommitted" };
        LogException error = Assert.Throws<LogException>(() =>
            new KafkaReaders(options, new CountingLogger()));
        Assert.Contains("isolation.level", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<LogException>(() => new KafkaReaders(
            new Dictionary<string, string> { ["no.such.thing"] = "1" }, new CountingLogger()));
        Assert.Contains("no.such.thing", error.Message, StringComparison.Ordinal);
    }

    private static MockCluster Cluster()
    {
        MockCluster cluster = new();
        cluster.CreateTopic(Calls.Topic);
        return cluster;
    }

    private sealed class CountingLogger : ILogger
    {
        private readonly Signal changed = new();
        private int warnings;

        public int Warnings => Volatile.Read(ref warnings);

        public async Task WaitForWarningsAsync(int count, CancellationToken cancel)
        {
            while (true)
            {
                Task next = changed.Next;
                if (Warnings >= count)
                    return;
                await next.WaitAsync(cancel);
            }
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            Interlocked.Increment(ref warnings);
            changed.Pulse();
        }
    }
}
