using Confluent.Kafka;
using Earshot.Kafka;
using Earshot.Kafka.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>Tests that need a broker: skipped, saying so, where none is named.</summary>
public sealed class NeedsBrokerAttribute : NeedsAttribute
{
    public override string? Missing => Requirements.MissingBroker;
}

/// <summary>Tests that need librdkafka, whose mock cluster stands in for a broker.</summary>
public sealed class NeedsLibrdkafkaAttribute : NeedsAttribute
{
    public override string? Missing => Requirements.MissingLibrary;
}

/// <summary>Names on a broker that nobody else uses; its topics are deleted at the end.</summary>
internal sealed class KafkaLogScratch : IAsyncDisposable
{
    private readonly string suffix = Guid.NewGuid().ToString("N")[..12];
    private readonly IAdminClient admin = new AdminClientBuilder(
        new AdminClientConfig { BootstrapServers = Bootstrap })
        .SetLogHandler(static (_, _) => { })
        .Build();

    public static string Bootstrap => Requirements.Broker!;

    /// <summary>Ends with the name, so that messages about "calls[0]" can be looked for.</summary>
    public string Name(string name) => $"{suffix}-{name}";

    public static Task<KafkaLog> OpenAsync(
        TimeProvider time, CancellationToken cancel, KafkaOptions? options = null) =>
        KafkaLog.OpenAsync(
            options ?? new KafkaOptions(Bootstrap), time, NullLogger.Instance, cancel).AsTask();

    /// <summary>Drops the records before an offset; those at or past the end cannot be.</summary>
    public async Task TrimAsync(TopicPartition target, long keepFrom)
    {
        Confluent.Kafka.TopicPartition partition = new(target.Topic, target.Partition);
        WatermarkOffsets range = Watermarks(partition);
        await admin.DeleteRecordsAsync(
            [new TopicPartitionOffset(partition, Math.Min(keepFrom, range.High.Value))]);
    }

    public async ValueTask DisposeAsync()
    {
        List<string> topics = [.. admin.GetMetadata(TimeSpan.FromSeconds(10)).Topics
            .Select(topic => topic.Topic)
            .Where(topic => topic.StartsWith(suffix, StringComparison.Ordinal))];
        if (topics.Count > 0)
            await admin.DeleteTopicsAsync(topics);
        admin.Dispose();
    }

    private static WatermarkOffsets Watermarks(Confluent.Kafka.TopicPartition partition)
    {
        using IConsumer<Ignore, Ignore> consumer = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig { BootstrapServers = Bootstrap, GroupId = "earshot-test" }).Build();
        return consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(10));
    }
}
