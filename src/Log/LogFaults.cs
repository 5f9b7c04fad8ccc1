namespace Earshot.Log;

/// <summary>The failures every embedded log words the same way.</summary>
internal static class LogFaults
{
    public static LogException UnknownPartition(TopicPartition source) => new(
        $"There is no {source} in this log: create the topic (EnsureTopics) or correct its name "
        + "or partition.");

    public static LogException OtherPartitionCount(TopicSpec wanted, int existing) => new(
        $"Topic {wanted.Name} has {existing} partitions, asked for are {wanted.Partitions}: keep "
        + $"--partitions {existing}, or start anew with another --data folder.");

    public static LogException Trimmed(TopicPartition source, long offset, OffsetRange range) => new(
        $"Offset {offset} of {source} is no longer kept; the log begins at {range.Begin}: "
        + "lengthen the retention, or go on from there with --accept-incomplete-state.");

    public static LogException PastEnd(TopicPartition source, long offset, OffsetRange range) => new(
        $"Offset {offset} of {source} does not exist yet; the log ends at {range.End}: the log was "
        + "replaced or restored from an older backup. Use the log that belongs to this state.");

    public static string FencedProducer(string transactionalId) =>
        $"Another producer took over the transactional id {transactionalId}.";

    public static string FencedOffset(OffsetMove move, long? committed) =>
        $"Group {move.Group} on {move.Source} moves from {move.From}, but committed is "
        + $"{(committed is { } offset ? $"{offset}" : "nothing")}: another owner took over.";

    public static void Validate(IReadOnlyList<TopicSpec> topics)
    {
        foreach (TopicSpec topic in topics)
        {
            if (string.IsNullOrEmpty(topic.Name) || topic.Partitions < 1)
            {
                throw new LogException(
                    $"Topic '{topic.Name}' with {topic.Partitions} partitions: a topic needs a "
                    + "name and 1 partition or more.");
            }
        }
    }
}
