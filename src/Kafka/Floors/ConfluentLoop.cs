using Confluent.Kafka;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Kafka.Floors;

/// <summary>
/// Reads a topic with Confluent's client, one record a call, and does nothing with the records:
/// what a consumer written with it can reach at most. For the benchmark.
/// </summary>
public static class ConfluentLoop
{
    /// <summary>Reads committed records from the beginning of each partition.</summary>
    /// <param name="options">The cluster.</param>
    /// <param name="sources">The partitions; nobody may write to them meanwhile.</param>
    /// <param name="records">How many records they hold together.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>How many were read.</returns>
    public static long Run(
        KafkaOptions options, IReadOnlyList<TopicPartition> sources, long records,
        CancellationToken cancel)
    {
        KafkaLibrary.Require();
        using IConsumer<byte[], byte[]> consumer = KafkaClients.Build(
            () => new ConsumerBuilder<byte[], byte[]>(Settings(options))
                .SetLogHandler(static (_, _) => { })
                .Build());
        consumer.Assign(sources.Select(
            source => new TopicPartitionOffset(KafkaQuery.Of(source), Offset.Beginning)));
        long read = 0;
        while (read < records)
        {
            if (consumer.Consume(cancel).Message is not null)
                read++;
        }

        return read;
    }

    /// <summary>As the readers of the pipeline have it, so that only the loop differs.</summary>
    private static Dictionary<string, string> Settings(KafkaOptions options)
    {
        Dictionary<string, string> settings =
            ReaderOptions.Complete(new KafkaSettings(options).Reader());
        settings["auto.offset.reset"] = "earliest";
        settings["enable.partition.eof"] = "false";
        settings["group.id"] = "earshot.bench.floor";
        return settings;
    }
}
