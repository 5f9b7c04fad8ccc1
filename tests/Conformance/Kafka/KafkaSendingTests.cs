using System.Text;
using Confluent.Kafka;
using Earshot.Kafka;
using Earshot.Kafka.Testing;
using Earshot.Log;
using Earshot.Tests.Conformance.Logs;
using Microsoft.Extensions.Logging.Abstractions;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>
/// Records go to librdkafka from the memory they lie in; here Confluent's client reads them back.
/// </summary>
[NeedsLibrdkafka]
public sealed class KafkaSendingTests : IDisposable
{
    private static readonly TopicPartition Calls = new("calls", 0);
    private static readonly CancellationToken Cancel = CancellationToken.None;

    private readonly MockCluster cluster = new();

    public KafkaSendingTests() => cluster.CreateTopic("calls", 2);

    public void Dispose() => cluster.Dispose();

    [SuiteFact]
    public async Task Records_of_any_shape_are_read_back_as_they_were()
    {
        string large = new('x', 100_000);
        RecordHeadersBuilder many = new();
        for (int i = 0; i < 40; i++)
            many.Add(Encoding.UTF8.GetBytes($"größe-{i}"), $"{i}");
        RecordBatchBuilder builder = new();
        builder.Append("k\0y"u8, "v"u8, many.Encoded);
        builder.Append("k"u8, default);
        builder.Append(default, "w"u8, new RecordHeadersBuilder().Add("large"u8, large).Encoded);
        builder.Append("k"u8, Encoding.UTF8.GetBytes(large));
        await SendAsync(new KafkaOptions(cluster.Bootstrap)
        {
            TopicHeaders = topic => [("content-type", "x/y"u8.ToArray())],
        }, builder.Build());
        List<Message<byte[]?, byte[]?>> read = Read(4);
        Assert.Equal(["k\0y", "k", null, "k"], read.Select(message => TextOf(message.Key)));
        // An empty value is no tombstone.
        Assert.Equal(["v", "", "w", large], read.Select(message => TextOf(message.Value)));
        Assert.All(read, message => Assert.Equal("content-type", message.Headers[0].Key));
        Assert.Equal(
            Enumerable.Range(0, 40).Select(i => ($"größe-{i}", $"{i}")),
            read[0].Headers.Skip(1).Select(header =>
                (header.Key, TextOf(header.GetValueBytes()) ?? "")));
        Assert.Equal(large, TextOf(read[2].Headers[1].GetValueBytes()));
        Assert.Equal([41, 1, 2, 1], read.Select(message => message.Headers.Count));
    }

    [SuiteFact]
    public async Task A_full_queue_is_waited_for()
    {
        const int Count = 1000;
        await SendAsync(
            new KafkaOptions(cluster.Bootstrap)
            {
                Settings = new Dictionary<string, string>
                {
                    ["producer.queue.buffering.max.messages"] = "10",
                    ["producer.linger.ms"] = "0",
                },
            },
            LogRecords.Numbers(0, Count));
        Assert.Equal(
            Enumerable.Range(0, Count).Select(i => $"{i}"),
            Read(Count).Select(message => TextOf(message.Value)));
    }

    [SuiteFact]
    public async Task What_cannot_be_sent_is_told_of()
    {
        KafkaOptions options = new(cluster.Bootstrap)
        {
            Settings = new Dictionary<string, string> { ["producer.message.max.bytes"] = "1000" },
        };
        await using KafkaLog log = await OpenAsync(options);
        await using ILogProducer producer = await log.OpenProducerAsync("p", Cancel);
        CommitResult result = await producer.CommitAsync(
            new([new(Calls, LogRecords.Of(new string('x', 2000)))], []), Cancel);
        Assert.Equal(CommitOutcome.Aborted, result.Outcome);
        Assert.Contains("max.message.bytes", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bundles", null, "none")]
    [InlineData("rows", null, null)]
    [InlineData("bundles", "compression.type", null)]
    [InlineData("bundles", "producer.compression.codec", null)]
    [InlineData("bundles", "consumer.compression.type", "none")]
    public void Compression_is_left_out_where_it_does_not_pay_unless_it_is_asked_for(
        string topic, string? asked, string? compression)
    {
        KafkaSettings settings = new(new KafkaOptions("127.0.0.1:1")
        {
            UncompressedTopics = ["bundles"],
            Settings = new Dictionary<string, string>(
                asked is null ? [] : [new(asked, "gzip")]),
        });
        Assert.Equal(compression, settings.OfTopic(topic).GetValueOrDefault("compression.type"));
    }

    private static string? TextOf(byte[]? bytes) =>
        bytes is null ? null : Encoding.UTF8.GetString(bytes);

    private static async Task<KafkaLog> OpenAsync(KafkaOptions options) =>
        await KafkaLog.OpenAsync(options, TimeProvider.System, NullLogger.Instance, Cancel);

    private static async Task SendAsync(KafkaOptions options, RecordBatch records)
    {
        await using KafkaLog log = await OpenAsync(options);
        await using ILogProducer producer = await log.OpenProducerAsync("p", Cancel);
        await LogRecords.CommitAsync(producer, new([new(Calls, records)], []), Cancel);
    }

    private List<Message<byte[]?, byte[]?>> Read(int count)
    {
        using IConsumer<byte[]?, byte[]?> consumer = new ConsumerBuilder<byte[]?, byte[]?>(
            new ConsumerConfig { BootstrapServers = cluster.Bootstrap, GroupId = "reader" })
            .Build();
        consumer.Assign(new TopicPartitionOffset(Calls.Topic, Calls.Partition, 0));
        List<Message<byte[]?, byte[]?>> read = [];
        while (read.Count < count)
            read.Add(consumer.Consume(TimeSpan.FromSeconds(20)).Message);
        return read;
    }
}
