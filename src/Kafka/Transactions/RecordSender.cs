using Confluent.Kafka;
using Earshot.Kafka.Native;
using Earshot.Log;

namespace Earshot.Kafka.Transactions;

/// <summary>
/// Hands the records of a transaction to the client. An empty key is sent as none (null): that is
/// what it means here; an empty value stays an empty value, never a tombstone.
/// </summary>
internal sealed class RecordSender(
    KafkaOptions options, KafkaSettings settings, IProducer<byte[]?, byte[]> producer,
    TimeProvider time) : IDisposable
{
    private readonly NativeProducer client = new(producer);
    private readonly Dictionary<string, NativeTopic> topics = [];

    /// <summary>Sends the records of one append; waits while the client's queue is full.</summary>
    /// <exception cref="KafkaException">The client refuses.</exception>
    public void Send(RecordAppend append, Deadline deadline)
    {
        NativeTopic topic = TopicOf(append.Target.Topic);
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        for (int index = 0; index < append.Records.Count; index++)
        {
            LogRecord record = append.Records[index];
            while (!client.TrySend(topic, append.Target.Partition, record, nowMs))
            {
                if (deadline.IsOver)
                    throw new KafkaException(ErrorCode.Local_QueueFull);
                Deadline.WaitALittle();
            }
        }
    }

    /// <summary>Lets go of the client, before the producer is disposed of.</summary>
    public void Dispose()
    {
        foreach (NativeTopic topic in topics.Values)
            topic.Dispose();
        client.Dispose();
    }

    private NativeTopic TopicOf(string name)
    {
        if (topics.TryGetValue(name, out NativeTopic? topic))
            return topic;
        return topics[name] = client.Open(
            name, settings.OfTopic(name), options.TopicHeaders(name));
    }
}
