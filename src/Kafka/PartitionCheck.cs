using System.Diagnostics;
using Earshot.Kafka.Native;
using Earshot.Log;

namespace Earshot.Kafka;

/// <summary>
/// Finds out whether partitions exist. Fetching one that does not mostly just never answers.
/// </summary>
/// <param name="client">Whom to ask.</param>
/// <param name="patience">How long a partition may be unknown: a new one needs a moment.</param>
internal sealed class PartitionCheck(KafkaClient client, TimeSpan patience)
{
    private const int AnswerTimeoutMs = 2_000;
    private const int RetryMs = 100;

    // The latest question of each topic, under its own lock: readers of one topic share it.
    private readonly Dictionary<string, Task<TopicState>> asked = [];

    /// <summary>Forgets what was said of a topic.</summary>
    public void Doubt(string topic)
    {
        lock (asked)
            asked.Remove(topic);
    }

    /// <summary>Asks until there is an answer.</summary>
    /// <returns>0 when the partition exists, else the error that reading it ends with.</returns>
    public async Task<int> FindErrorAsync(TopicPartition source, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            TopicState state = await AskAsync(source);
            if (state.Error == NativeErrors.None && source.Partition < state.Partitions)
                return NativeErrors.None;
            if (NativeErrors.IsUnknownPartition(state.Error) || state.Error == NativeErrors.None)
            {
                if (Stopwatch.GetElapsedTime(start) >= patience)
                    return NativeErrors.UnknownPartition;
            }
            else if (NativeErrors.EndsReading(state.Error))
            {
                return state.Error;
            }

            await Task.Delay(RetryMs, cancel);
        }
    }

    private Task<TopicState> AskAsync(TopicPartition source)
    {
        lock (asked)
        {
            if (asked.TryGetValue(source.Topic, out Task<TopicState>? question)
                && (!question.IsCompleted || Holds(question, source)))
            {
                return question;
            }

            question = Task.Run(() => client.QueryTopic(source.Topic, AnswerTimeoutMs));
            asked[source.Topic] = question;
            return question;
        }
    }

    private static bool Holds(Task<TopicState> question, TopicPartition source) =>
        question.IsCompletedSuccessfully && source.Partition < question.Result.Partitions;
}
