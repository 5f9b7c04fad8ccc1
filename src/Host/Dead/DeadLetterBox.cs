using System.Runtime.CompilerServices;
using System.Text;
using Earshot.Actors;
using Earshot.Log;

namespace Earshot.Host.Dead;

/// <summary>Which dead letters are meant; null is no restriction.</summary>
/// <param name="Reason">Those with this reason.</param>
/// <param name="SinceMs">Those that came at or after this time, ms since the epoch.</param>
/// <param name="Ids">These alone.</param>
internal sealed record DeadLetterFilter(
    string? Reason = null, long? SinceMs = null, IReadOnlySet<string>? Ids = null)
{
    /// <summary>Whether one is meant.</summary>
    public bool Takes(DeadLetterEntry entry) =>
        (Reason is null || string.Equals(Reason, entry.Reason, StringComparison.OrdinalIgnoreCase))
        && (SinceMs is null || entry.BuriedAtMs >= SinceMs)
        && (Ids is null || Ids.Contains(entry.Id));
}

/// <summary>What a list of dead letters shows.</summary>
/// <param name="Newest">The newest ones, newest first.</param>
/// <param name="Counts">How many there are of each reason.</param>
internal sealed record DeadLetterList(
    IReadOnlyList<DeadLetterEntry> Newest, IReadOnlyDictionary<string, long> Counts);

/// <summary>Reads the dead and late topics of a log, any log.</summary>
/// <param name="log">The log.</param>
/// <param name="topics">The pipeline's topics.</param>
internal sealed class DeadLetterBox(ILog log, Topics topics)
{
    private const int BatchRecords = 1000;

    /// <summary>The newest letters that are meant, and how many there are of each reason.</summary>
    public async Task<DeadLetterList> ListAsync(
        DeadLetterFilter filter, bool late, int limit, CancellationToken cancel)
    {
        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        PriorityQueue<DeadLetterEntry, (long, int, long)> newest = new();
        await foreach (DeadLetterEntry entry in ReadAsync(late, cancel))
        {
            if (!filter.Takes(entry))
                continue;
            counts[entry.Reason] = counts.GetValueOrDefault(entry.Reason) + 1;
            newest.Enqueue(entry, (entry.BuriedAtMs, entry.Partition, entry.Offset));
            if (newest.Count > limit)
                newest.Dequeue();
        }

        List<DeadLetterEntry> list = [];
        while (newest.TryDequeue(out DeadLetterEntry? entry, out _))
            list.Add(entry);
        list.Reverse();
        return new DeadLetterList(list, counts);
    }

    /// <summary>All letters that are there now, partition by partition, oldest first.</summary>
    public async IAsyncEnumerable<DeadLetterEntry> ReadAsync(
        bool late, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (RecordBatch batch in ScanAsync(late ? topics.Late : topics.Dead, cancel))
        {
            for (int i = 0; i < batch.Count; i++)
                yield return DeadLetterEntry.Read(batch[i], late);
        }
    }

    /// <summary>The ids of the letters that were sent into the input again.</summary>
    public async Task<HashSet<string>> ReadRetriedAsync(CancellationToken cancel)
    {
        HashSet<string> ids = new(StringComparer.Ordinal);
        await foreach (RecordBatch batch in ScanAsync(topics.Retried, cancel))
        {
            for (int i = 0; i < batch.Count; i++)
                ids.Add(Encoding.UTF8.GetString(batch[i].Key));
        }

        return ids;
    }

    // What a topic holds at this moment; nothing when there is no such topic.
    private async IAsyncEnumerable<RecordBatch> ScanAsync(
        string topic, [EnumeratorCancellation] CancellationToken cancel)
    {
        int partitions = await log.ReadPartitionCountAsync(topic, cancel) ?? 0;
        for (int partition = 0; partition < partitions; partition++)
        {
            TopicPartition source = new(topic, partition);
            OffsetRange range = await log.ReadRangeAsync(source, cancel);
            if (range.End <= range.Begin)
                continue;
            await using ILogReader reader = log.OpenReader(source, range.Begin);
            long position = range.Begin;
            while (position < range.End
                && await reader.ReadAsync(BatchRecords, cancel) is { } batch)
            {
                yield return batch;
                position = batch.To;
            }
        }
    }
}
