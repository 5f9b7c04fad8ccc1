using Earshot.Kafka.Native;
using Earshot.Log;
using Microsoft.Extensions.Logging.Abstractions;

namespace Earshot.Kafka.Floors;

/// <summary>
/// Reads a topic with librdkafka's batch interface and does nothing with the records: what any
/// consumer over that library can reach at most. For the benchmark.
/// </summary>
public static unsafe class NativeLoop
{
    private const int ChunkMessages = 512;
    private const int WaitMs = 100;

    /// <summary>Reads committed records from the beginning of each partition.</summary>
    /// <param name="options">The cluster.</param>
    /// <param name="sources">The partitions; nobody may write to them meanwhile.</param>
    /// <param name="records">How many records they hold together.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>How many were read.</returns>
    /// <exception cref="LogException">A partition cannot be read.</exception>
    public static long Run(
        KafkaOptions options, IReadOnlyList<TopicPartition> sources, long records,
        CancellationToken cancel)
    {
        Dictionary<string, string> settings =
            ReaderOptions.Complete(new KafkaSettings(options).Reader());
        settings["enable.partition.eof"] = "false";
        using KafkaClient client = KafkaClient.Create(
            settings, new KafkaClientLog(NullLogger.Instance));
        nint queue = Librdkafka.QueueNew(client);
        List<(nint Topic, int Partition)> started = [];
        try
        {
            foreach (TopicPartition source in sources)
            {
                nint topic = Librdkafka.TopicNew(client, source.Topic, 0);
                if (topic == 0
                    || Librdkafka.ConsumeStart(topic, source.Partition, 0, queue) != 0)
                {
                    throw new LogException(
                        $"{source} cannot be read: {Librdkafka.TextOf(Librdkafka.LastError())}.");
                }

                started.Add((topic, source.Partition));
            }

            return Drain(queue, records, cancel);
        }
        finally
        {
            foreach ((nint topic, int partition) in started)
            {
                _ = Librdkafka.ConsumeStop(topic, partition);
                Librdkafka.TopicDestroy(topic);
            }

            Librdkafka.QueueDestroy(queue);
        }
    }

    private static long Drain(nint queue, long records, CancellationToken cancel)
    {
        NativeMessage** messages = stackalloc NativeMessage*[ChunkMessages];
        long read = 0;
        while (read < records)
        {
            cancel.ThrowIfCancellationRequested();
            int count = (int)Librdkafka.ConsumeBatch(queue, WaitMs, messages, ChunkMessages);
            for (int i = 0; i < count; i++)
            {
                read += messages[i]->Error == NativeErrors.None ? 1 : 0;
                Librdkafka.MessageDestroy(messages[i]);
            }
        }

        return read;
    }
}
