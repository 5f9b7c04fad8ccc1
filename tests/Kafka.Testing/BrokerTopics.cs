using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Earshot.Kafka.Testing;

/// <summary>Topics of one test on a real broker, under names nobody else has; deleted at the end.
/// </summary>
public sealed class BrokerTopics : IAsyncDisposable
{
    private readonly IAdminClient admin;
    private readonly List<string> created = [];
    private readonly List<string> adoptedTopics = [];
    private readonly List<string> adoptedGroups = [];
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

    /// <summary>Topics that others make, and groups: they go at the end too, if there.</summary>
    public void Adopt(IEnumerable<string> topics, IEnumerable<string> groups)
    {
        adoptedTopics.AddRange(topics);
        adoptedGroups.AddRange(groups);
    }

    /// <summary>A group's state, and how many members it has.</summary>
    public async Task<(ConsumerGroupState State, int Members)> DescribeAsync(string group)
    {
        DescribeConsumerGroupsResult result = await admin.DescribeConsumerGroupsAsync([group]);
        ConsumerGroupDescription found = result.ConsumerGroupDescriptions.Single();
        return (found.State, found.Members.Count);
    }

    /// <summary>The offsets a group has committed.</summary>
    public async Task<IReadOnlyList<TopicPartitionOffset>> CommittedAsync(string group)
    {
        List<ListConsumerGroupOffsetsResult> results = await admin.ListConsumerGroupOffsetsAsync(
            [new ConsumerGroupTopicPartitions(group, null)]);
        return [.. results.Single().Partitions.Select(p => p.TopicPartitionOffset)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        HashSet<string> there = [.. admin.GetMetadata(TimeSpan.FromSeconds(30)).Topics
            .Select(topic => topic.Topic)];
        List<string> gone = [.. created, .. adoptedTopics.Where(there.Contains)];
        if (gone.Count > 0)
            await admin.DeleteTopicsAsync(gone);
        foreach (string group in adoptedGroups)
            await DeleteGroupAsync(group);
        admin.Dispose();
    }

    // One that never was, or whose static members are awaited, cannot be deleted: it expires.
    private async Task DeleteGroupAsync(string group)
    {
        try
        {
            await admin.DeleteGroupsAsync([group]);
        }
        catch (KafkaException)
        {
            return;
        }
    }
}
