namespace Earshot.Kafka;

/// <summary>How to reach a Kafka cluster and how to use it.</summary>
/// <param name="Bootstrap">Brokers to ask first: host:port, several separated by commas.</param>
public sealed record KafkaOptions(string Bootstrap)
{
    /// <summary>
    /// Name of this process for static group membership, unique among the processes of a group:
    /// partitions wait a session's time for its return. Null: dynamic membership, partitions go
    /// to others when it leaves.
    /// </summary>
    public string? Instance { get; init; }

    /// <summary>
    /// Options of librdkafka, name to value, for all clients; with the prefix "producer.",
    /// "consumer." or "admin." for those alone. They go before Earshot's defaults. What
    /// correctness depends on (isolation.level, transactional.id, …) is refused.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } =
        new Dictionary<string, string>();

    /// <summary>
    /// The headers every record written to a topic begins with (content type, schema version),
    /// before the record's own.
    /// </summary>
    public Func<string, IReadOnlyList<(string Name, byte[] Value)>> TopicHeaders { get; init; } =
        static _ => [];

    /// <summary>
    /// Topics whose records are sent as they are, unless an option says how to compress: where
    /// compressing costs more than the bytes it saves.
    /// </summary>
    public IReadOnlyCollection<string> UncompressedTopics { get; init; } = [];

    /// <summary>
    /// Topics that others write to: if they must be created, their records get the time at which
    /// the broker takes them in (message.timestamp.type=LogAppendTime).
    /// </summary>
    public IReadOnlyCollection<string> InputTopics { get; init; } = [];

    /// <summary>
    /// Replicas of each partition of created topics; null: 3, or as many as there are brokers.
    /// </summary>
    public short? ReplicationFactor { get; init; }

    /// <summary>Bounds on waiting.</summary>
    public KafkaLimits Limits { get; init; } = new();
}

/// <summary>How long to wait for a broker, or for ourselves.</summary>
public sealed record KafkaLimits
{
    /// <summary>
    /// Longest time for a transaction from begin to commit, for opening a producer, and for a
    /// question to a broker. An abort may take as long again. Below transaction.timeout.ms (15 s),
    /// at which the broker gives up on it.
    /// </summary>
    public TimeSpan Call { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>
    /// Longest wait for work on revoked partitions to end; what is left of it is refused
    /// afterwards. Well below max.poll.interval.ms (300 s), at which the group gives up on us.
    /// </summary>
    public TimeSpan Revoke { get; init; } = TimeSpan.FromSeconds(60);
}
