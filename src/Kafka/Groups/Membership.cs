using System.Collections.Frozen;
using Confluent.Kafka;

namespace Earshot.Kafka.Groups;

/// <summary>
/// What a member of a group knew at one moment: the group's metadata (member, generation) and
/// what it owned. Replaced as a whole, so that a commit never joins one with another's.
/// </summary>
/// <param name="Version">Rises with every rebalance, also with those that change nothing.</param>
/// <param name="Metadata">Sent with commits: the broker refuses those of other generations.</param>
/// <param name="Owned">
/// Partitions, and the version since which each is owned without a break.
/// </param>
internal sealed record Membership(
    long Version,
    IConsumerGroupMetadata Metadata,
    FrozenDictionary<Log.TopicPartition, long> Owned)
{
    /// <summary>The same after a rebalance that added partitions (or none).</summary>
    public Membership Add(
        IConsumerGroupMetadata metadata, IEnumerable<Log.TopicPartition> partitions)
    {
        Dictionary<Log.TopicPartition, long> owned = new(Owned);
        foreach (Log.TopicPartition partition in partitions)
            owned.TryAdd(partition, Version + 1);
        return new Membership(Version + 1, metadata, owned.ToFrozenDictionary());
    }

    /// <summary>The same without some partitions.</summary>
    public Membership Remove(IReadOnlyCollection<Log.TopicPartition> partitions) => new(
        Version + 1, Metadata,
        Owned.Where(pair => !partitions.Contains(pair.Key)).ToFrozenDictionary());

    /// <summary>True when a later membership has owned a partition without a break.</summary>
    public bool IsKeptIn(Membership later, Log.TopicPartition partition) =>
        Owned.TryGetValue(partition, out long since)
        && later.Owned.TryGetValue(partition, out long laterSince)
        && since == laterSince;
}

/// <summary>The memberships of this process, by group.</summary>
internal interface IMemberships
{
    /// <summary>The present one of a group; null: no member of it here.</summary>
    Membership? Find(string group);

    /// <summary>
    /// Waits until the membership is newer than a version; false when time is over or it ended.
    /// </summary>
    bool WaitNewer(string group, long version, Deadline deadline);
}
