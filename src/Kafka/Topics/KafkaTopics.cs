using System.Collections.Concurrent;
using Earshot.Log;

namespace Earshot.Kafka.Topics;

/// <summary>The topics of a cluster: which there are, and those that must be.</summary>
internal sealed class KafkaTopics(
    KafkaOptions options, KafkaSettings settings, KafkaQuery query, int brokers)
{
    // Between two looks whether the brokers know of a created topic.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    // Counts only grow: what was seen holds at least.
    private readonly ConcurrentDictionary<string, int> counts = [];

    /// <inheritdoc cref="ILog.EnsureTopicsAsync"/>
    public async Task EnsureAsync(IReadOnlyList<TopicSpec> topics, CancellationToken cancel)
    {
        LogFaults.Validate(topics);
        List<TopicSpec> missing = [];
        foreach (TopicSpec topic in topics)
        {
            if (!await ExistsAsync(topic, cancel))
                missing.Add(topic);
        }
        if (missing.Count == 0)
            return;
        await new TopicCreation(options, settings, brokers).CreateAsync(missing);
        Deadline deadline = new(options.Limits.Call);
        foreach (TopicSpec topic in missing)
        {
            while (!await ExistsAsync(topic, cancel))
            {
                if (deadline.IsOver)
                {
                    throw new LogException(
                        $"Topic {topic.Name} was created, but after {options.Limits.Call} the "
                        + "brokers do not know of it yet: try again.");
                }
                await Task.Delay(Pause, cancel);
            }
        }
    }

    /// <inheritdoc cref="ILog.ReadPartitionCountAsync"/>
    public async Task<int?> CountAsync(string topic, CancellationToken cancel)
    {
        int? count = await query.CountPartitionsAsync(topic, cancel);
        if (count is { } found)
            counts[topic] = found;
        else
            counts.TryRemove(topic, out _);
        return count;
    }

    /// <summary>Fails when there is no such partition.</summary>
    public async ValueTask RequireAsync(
        Earshot.Log.TopicPartition source, CancellationToken cancel)
    {
        if (source.Partition < 0 || string.IsNullOrEmpty(source.Topic))
            throw LogFaults.UnknownPartition(source);
        if (counts.TryGetValue(source.Topic, out int count) && source.Partition < count)
            return;
        if (!(source.Partition < await CountAsync(source.Topic, cancel)))
            throw LogFaults.UnknownPartition(source);
    }

    private async Task<bool> ExistsAsync(TopicSpec topic, CancellationToken cancel)
    {
        if (await CountAsync(topic.Name, cancel) is not { } count)
            return false;
        return count == topic.Partitions
            ? true
            : throw LogFaults.OtherPartitionCount(topic, count);
    }
}
