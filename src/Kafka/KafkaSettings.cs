using Earshot.Log;

namespace Earshot.Kafka;

/// <summary>
/// The options of each kind of client: the user's before our defaults, and ours where
/// correctness depends on them.
/// </summary>
internal sealed class KafkaSettings
{
    /// <summary>The broker aborts a transaction that stays open longer.</summary>
    private const string TransactionTimeoutMs = "15000";

    private static readonly string[] Prefixes = ["producer.", "consumer.", "admin."];

    // Earshot's own, and why.
    private static readonly Dictionary<string, string> Own = new()
    {
        ["bootstrap.servers"] = "it is given by itself",
        ["metadata.broker.list"] = "the brokers are given by themselves",
        ["isolation.level"] = "only committed records are read",
        ["enable.auto.commit"] = "offsets are committed with the outputs",
        ["enable.auto.offset.store"] = "offsets are committed with the outputs",
        ["auto.offset.reset"] = "where reading begins is decided by the pipeline",
        ["enable.partition.eof"] = "readers depend on it",
        ["group.id"] = "it follows from the pipeline",
        ["group.instance.id"] = "it follows from the instance's name",
        ["group.protocol"] = "membership is cooperative",
        ["partition.assignment.strategy"] = "membership is cooperative",
        ["transactional.id"] = "it follows from the pipeline and the instance",
        ["enable.idempotence"] = "outputs are written exactly once",
        ["enable.gapless.guarantee"] = "outputs are written exactly once",
        ["acks"] = "outputs are written exactly once",
        ["request.required.acks"] = "outputs are written exactly once",
        ["allow.auto.create.topics"] = "topics are created with their settings",
        ["test.mock.num.brokers"] = "it is no cluster",
    };

    private readonly KafkaOptions options;

    /// <summary>Checks the options.</summary>
    /// <exception cref="LogException">One is Earshot's own, or there are no brokers.</exception>
    public KafkaSettings(KafkaOptions options)
    {
        this.options = options;
        if (string.IsNullOrWhiteSpace(options.Bootstrap))
            throw new LogException("No Kafka broker is given: use --kafka HOST:PORT.");
        foreach ((string name, string value) in options.Settings)
            Validate(name, value);
    }

    /// <summary>For readers, which belong to no group.</summary>
    public Dictionary<string, string> Reader() => Merge("consumer.", new()
    {
        ["fetch.queue.backoff.ms"] = "5",
        ["retry.backoff.ms"] = "10",
    });

    /// <summary>For asking about topics and committed offsets: never joins its group.</summary>
    public Dictionary<string, string> Query(string group)
    {
        Dictionary<string, string> settings = Merge("consumer.", new()
        {
            ["retry.backoff.ms"] = "10",
        });
        settings["group.id"] = group;
        // Also decides that the end of a partition is its last stable offset, and that offsets
        // of an open transaction are waited for.
        settings["isolation.level"] = "read_committed";
        settings["enable.auto.commit"] = "false";
        settings["allow.auto.create.topics"] = "false";
        return settings;
    }

    /// <summary>For the member of a group.</summary>
    public Dictionary<string, string> Member(string group)
    {
        Dictionary<string, string> settings = Merge("consumer.", new()
        {
            ["session.timeout.ms"] = "30000",
            // Members hear of a rebalance with a heartbeat's answer.
            ["heartbeat.interval.ms"] = "1000",
            ["retry.backoff.ms"] = "10",
            // A new partition is found within this time.
            ["topic.metadata.refresh.interval.ms"] = "60000",
        });
        settings["group.id"] = group;
        settings["group.protocol"] = "classic";
        settings["partition.assignment.strategy"] = "cooperative-sticky";
        settings["isolation.level"] = "read_committed";
        settings["enable.auto.commit"] = "false";
        settings["enable.auto.offset.store"] = "false";
        settings["allow.auto.create.topics"] = "false";
        // Its partitions are paused; what arrives before they are is thrown away.
        settings["auto.offset.reset"] = "latest";
        settings["queued.min.messages"] = "1";
        if (options.Instance is { } instance)
            settings["group.instance.id"] = $"{instance}.{group}";
        return settings;
    }

    /// <summary>For the producer of a transactional id.</summary>
    public Dictionary<string, string> Producer(string transactionalId)
    {
        Dictionary<string, string> settings = Merge("producer.", new()
        {
            ["transaction.timeout.ms"] = TransactionTimeoutMs,
            ["retry.backoff.ms"] = "10",
            ["linger.ms"] = "5",
            ["batch.size"] = "1000000",
            ["compression.type"] = "lz4",
            // Large enough that the topic's own limit decides (max.message.bytes).
            ["message.max.bytes"] = "67108864",
            ["queue.buffering.max.messages"] = "500000",
            ["queue.buffering.max.kbytes"] = "262144",
        });
        settings["transactional.id"] = transactionalId;
        settings["enable.idempotence"] = "true";
        settings["acks"] = "all";
        // A failed delivery fails the transaction; nobody looks at single reports.
        settings["dotnet.producer.enable.delivery.reports"] = "false";
        return settings;
    }

    /// <summary>For the topic a producer sends to, before what it has for all.</summary>
    public IReadOnlyDictionary<string, string> OfTopic(string topic)
    {
        bool asked = options.Settings.Keys.Any(name => name is "compression.type"
            or "compression.codec" or "producer.compression.type" or "producer.compression.codec");
        return asked || !options.UncompressedTopics.Contains(topic)
            ? new Dictionary<string, string>()
            : new Dictionary<string, string> { ["compression.type"] = "none" };
    }

    /// <summary>For creating topics.</summary>
    public Dictionary<string, string> Admin() => Merge("admin.", []);

    private static void Validate(string name, string value)
    {
        string? prefix = Array.Find(
            Prefixes, known => name.StartsWith(known, StringComparison.Ordinal));
        string option = name[(prefix?.Length ?? 0)..];
        if (Own.TryGetValue(option, out string? reason))
            throw new LogException($"Kafka option {name} = {value} cannot be set: {reason}.");
        if (option.Length == 0 || option.StartsWith("dotnet.", StringComparison.Ordinal))
        {
            throw new LogException(
                $"Kafka option '{name}' = {value} is none of librdkafka's: see its "
                + "CONFIGURATION.md for the names.");
        }
    }

    private Dictionary<string, string> Merge(string prefix, Dictionary<string, string> settings)
    {
        settings["client.id"] = "earshot";
        foreach ((string name, string value) in options.Settings)
        {
            if (!Array.Exists(Prefixes, p => name.StartsWith(p, StringComparison.Ordinal)))
                settings[name] = value;
        }
        foreach ((string name, string value) in options.Settings)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                settings[name[prefix.Length..]] = value;
        }
        settings["bootstrap.servers"] = options.Bootstrap;
        return settings;
    }
}
