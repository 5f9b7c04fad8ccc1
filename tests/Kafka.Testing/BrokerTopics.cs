using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Earshot.Kafka.Testing;

/// <summary>Topics of one test on a real broker, under names nobody else has; deleted at the end.
/// </summary>
public sealed class BrokerTopics : IAsyncDisposable
{
    private readonly IAdminClient admin;
    private readonly List<string> created = [];
    private readonly string suffix = Guid.NewGuid().ToString("N");

    public BrokerTopics(string bootstrap)
    {
        Bootstrap = bootstrap;
        admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap })
            .SetLogHandler((_, _) => { })
            .Build();
    }

    /// <summary>bootstrap.servers.</summary>
    public string Bootstrap { get; }

    /// <summary>A name for a topic, group or transactional id that nobody else uses.</summary>
    public string Unique(string name) => $"earshot-test-{name}-{suffix}";

    /// <summary>Creates a topic and gives its name.</summary>
    public async Task<string> CreateAsync(
        string name, int partitions = 1, Dictionary<string, string>? configuration = null)
    {
        string topic = Unique(name);
        await admin.CreateTopicsAsync([new TopicSpecification
        {
            Name = topic,
            NumPartitions = partitions,
            ReplicationFactor = 1,
            Configs = configuration,
        }]);
        created.Add(topic);
        return topic;
    }

    /// <summary>Deletes the records before an offset, as retention would.</summary>
    public async Task TrimAsync(Log.TopicPartition target, long keepFrom) =>
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(
            target.Topic, new Partition(target.Partition), new Offset(keepFrom))]);

    /// <summary>Deletes one of its topics now.</summary>
    public async Task DeleteAsync(string topic)
    {
        await admin.DeleteTopicsAsync([topic]);
        created.Remove(topic);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (created.Count > 0)
            await admin.DeleteTopicsAsync(created);
        admin.Dispose();
    }
}
