using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Earshot.Log;

namespace Earshot.Kafka.Topics;

/// <summary>Creates missing topics, or says how they are created by hand.</summary>
internal sealed class TopicCreation(KafkaOptions options, KafkaSettings settings, int brokers)
{
    /// <summary>Copies with which a topic outlives the loss of a broker at any moment.</summary>
    private const short ReplicasWanted = 3;

    private short Replicas =>
        options.ReplicationFactor ?? (short)Math.Clamp(brokers, 1, ReplicasWanted);

    /// <summary>Creates topics.</summary>
    /// <exception cref="LogException">
    /// The broker refuses; the message has the commands that create all of them.
    /// </exception>
    public async Task CreateAsync(IReadOnlyList<TopicSpec> topics)
    {
        using IAdminClient admin = KafkaClients.Build(() => new AdminClientBuilder(settings.Admin())
            .SetLogHandler(static (_, _) => { })
            .Build());
        CreateTopicsOptions limits = new()
        {
            RequestTimeout = options.Limits.Call,
            OperationTimeout = options.Limits.Call,
        };
        try
        {
            await admin.CreateTopicsAsync(topics.Select(SpecificationOf), limits);
        }
        catch (CreateTopicsException e)
        {
            List<string> reasons = [.. e.Results
                .Where(result => result.Error.IsError
                    && result.Error.Code != ErrorCode.TopicAlreadyExists)
                .Select(result => $"{result.Topic}: {KafkaFaults.TextOf(result.Error)}")];
            if (reasons.Count > 0)
                throw Refused(topics, string.Join("; ", reasons), e);
        }
        catch (KafkaException e)
        {
            throw Refused(topics, KafkaFaults.TextOf(e.Error), e);
        }
    }

    /// <summary>The command that creates a topic just as we would.</summary>
    public string CommandOf(TopicSpec topic)
    {
        StringBuilder command = new();
        command.Append(
            CultureInfo.InvariantCulture,
            $"kafka-topics.sh --bootstrap-server {options.Bootstrap} --create "
            + $"--topic {topic.Name} --partitions {topic.Partitions} "
            + $"--replication-factor {Replicas}");
        foreach ((string name, string value) in ConfigurationOf(topic))
            command.Append(CultureInfo.InvariantCulture, $" --config {name}={value}");
        return command.ToString();
    }

    private TopicSpecification SpecificationOf(TopicSpec topic) => new()
    {
        Name = topic.Name,
        NumPartitions = topic.Partitions,
        ReplicationFactor = Replicas,
        Configs = ConfigurationOf(topic),
    };

    private Dictionary<string, string> ConfigurationOf(TopicSpec topic)
    {
        Dictionary<string, string> configuration = new() { ["cleanup.policy"] = "delete" };
        if (topic.Retention is { } retention)
        {
            long ms = retention == Timeout.InfiniteTimeSpan
                ? -1
                : (long)retention.TotalMilliseconds;
            configuration["retention.ms"] = ms.ToString(CultureInfo.InvariantCulture);
        }
        if (Replicas >= ReplicasWanted)
            configuration["min.insync.replicas"] = "2";
        if (options.InputTopics.Contains(topic.Name))
            configuration["message.timestamp.type"] = "LogAppendTime";
        return configuration;
    }

    private LogException Refused(
        IReadOnlyList<TopicSpec> topics, string reason, Exception cause) => new(
        $"Kafka at {options.Bootstrap} did not create the missing topics ({reason}). Create them, "
        + "then start again:\n" + string.Join('\n', topics.Select(CommandOf)), cause);
}
