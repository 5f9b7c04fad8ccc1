using System.Text;
using Confluent.Kafka;
using Earshot.Kafka;
using Earshot.Log;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>Readers of one cluster, a producer to it, and a limit on time.</summary>
internal sealed class ReaderFixture : IAsyncDisposable
{
    /// <summary>A broker hands out whole batches as they were produced: small ones, then.</summary>
    public const int BatchBytes = 16 * 1024;

    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
    private readonly string bootstrap;

    public ReaderFixture(
        string bootstrap, ILogger? logger = null, params (string Name, string Value)[] options)
    {
        this.bootstrap = bootstrap;
        Readers = new KafkaReaders(Options(bootstrap, options), logger ?? NullLogger.Instance);
        Producer = OpenProducer(null);
    }

    public KafkaReaders Readers { get; }

    public IProducer<byte[], byte[]> Producer { get; }

    // A test that hangs fails instead.
    public CancellationToken Cancel => limit.Token;

    /// <summary>A producer; of transactions, if it has an id for them.</summary>
    public IProducer<byte[], byte[]> OpenProducer(string? transactionalId) =>
        new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            TransactionalId = transactionalId,
            LingerMs = 1,
            MessageMaxBytes = 2_000_000,
            BatchSize = BatchBytes,
        }).SetLogHandler((_, _) => { }).Build();

    /// <summary>Produces values without keys and waits until they are there.</summary>
    public void Produce(TopicPartition target, params IEnumerable<string> values)
    {
        foreach (string value in values)
            Send(Producer, target, Encoding.UTF8.GetBytes(value));
        Producer.Flush(Cancel);
    }

    public static void Send(
        IProducer<byte[], byte[]> producer, TopicPartition target, byte[] value) =>
        Send(producer, target, new Message<byte[], byte[]> { Key = null!, Value = value });

    public static void Send(
        IProducer<byte[], byte[]> producer, TopicPartition target, Message<byte[], byte[]> message)
    {
        Confluent.Kafka.TopicPartition native = new(target.Topic, target.Partition);
        producer.Produce(native, message, report =>
        {
            // Nobody to throw to: the record is missed by whoever reads.
            if (report.Error.IsError && report.Error.Code != ErrorCode.Local_PurgeQueue)
                Console.Error.WriteLine($"{target}: {report.Error.Reason}");
        });
    }

    /// <summary>Reads on until an offset is passed; gives "offset:value" of each record.</summary>
    public async Task<List<string>> ReadToAsync(
        ILogReader reader, long to, int maxRecords = int.MaxValue)
    {
        List<string> texts = [];
        long? position = null;
        while (position is null || position < to)
        {
            RecordBatch? batch = await reader.ReadAsync(maxRecords, Cancel);
            Assert.NotNull(batch);
            Assert.Equal(position ?? batch.From, batch.From);
            Assert.True(batch.To > batch.From, "a batch moves on");
            Assert.InRange(batch.Count, 0, maxRecords);
            position = batch.To;
            for (int index = 0; index < batch.Count; index++)
            {
                Assert.InRange(batch[index].Offset, batch.From, batch.To - 1);
                texts.Add($"{batch[index].Offset}:{Encoding.UTF8.GetString(batch[index].Value)}");
            }

            batch.Release();
        }

        return texts;
    }

    public async ValueTask DisposeAsync()
    {
        await Readers.DisposeAsync();
        Producer.Dispose();
        limit.Dispose();
    }

    private static Dictionary<string, string> Options(
        string bootstrap, (string Name, string Value)[] options)
    {
        Dictionary<string, string> all = new()
        {
            ["bootstrap.servers"] = bootstrap,
            ["topic.metadata.propagation.max.ms"] = "0",
        };
        foreach ((string name, string value) in options)
            all[name] = value;
        return all;
    }
}
