using System.Text;
using Confluent.Kafka;
using Earshot.Log;

namespace Earshot.Kafka.Transactions;

/// <summary>
/// Hands records to the client. An empty key is sent as none (null): that is what it means here;
/// an empty value stays an empty value, never a tombstone.
/// </summary>
internal sealed class RecordSender(
    KafkaOptions options, IProducer<byte[]?, byte[]> producer, TimeProvider time)
{
    // The headers every record of a topic begins with.
    private readonly Dictionary<string, Standard> standards = [];

    /// <summary>Sends the records of one append; waits while the client's queue is full.</summary>
    /// <exception cref="KafkaException">The client refuses.</exception>
    public void Send(RecordAppend append, Deadline deadline)
    {
        Standard standard = StandardOf(append.Target.Topic);
        Confluent.Kafka.TopicPartition target = KafkaQuery.Of(append.Target);
        Timestamp now = new(time.GetUtcNow());
        for (int index = 0; index < append.Records.Count; index++)
        {
            LogRecord record = append.Records[index];
            Message<byte[]?, byte[]> message = new()
            {
                Key = record.Key.IsEmpty ? null : record.Key.ToArray(),
                Value = record.Value.ToArray(),
                Timestamp = now,
                Headers = HeadersOf(record, standard),
            };
            while (!TrySend(target, message, deadline))
                Deadline.WaitALittle();
        }
    }

    private bool TrySend(
        Confluent.Kafka.TopicPartition target, Message<byte[]?, byte[]> message,
        Deadline deadline)
    {
        try
        {
            producer.Produce(target, message);
            return true;
        }
        catch (KafkaException e)
            when (e.Error.Code == ErrorCode.Local_QueueFull && !deadline.IsOver)
        {
            return false;
        }
    }

    private static Headers? HeadersOf(in LogRecord record, Standard standard)
    {
        if (record.Headers.IsEmpty)
            return standard.Shared;
        Headers headers = [];
        foreach ((string name, byte[] value) in standard.Each)
            headers.Add(name, value);
        foreach (RecordHeader header in record.Headers)
            headers.Add(Encoding.UTF8.GetString(header.Name), header.Value.ToArray());
        return headers;
    }

    private Standard StandardOf(string topic)
    {
        if (standards.TryGetValue(topic, out Standard? standard))
            return standard;
        IReadOnlyList<(string Name, byte[] Value)> each = options.TopicHeaders(topic);
        Headers? shared = each.Count == 0 ? null : [];
        foreach ((string name, byte[] value) in each)
            shared!.Add(name, value);
        return standards[topic] = new Standard(each, shared);
    }

    // Shared by the records that have no headers of their own: the client copies them.
    private sealed record Standard(
        IReadOnlyList<(string Name, byte[] Value)> Each, Headers? Shared);
}
