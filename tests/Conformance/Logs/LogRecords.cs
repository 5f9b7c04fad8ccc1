using System.Globalization;
using System.Text;
using Earshot.Log;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>Short ways to write and read records in tests.</summary>
internal static class LogRecords
{
    /// <summary>Records "key=value", or "value" without a key.</summary>
    public static RecordBatch Of(params string[] texts)
    {
        RecordBatchBuilder builder = new();
        foreach (string text in texts)
        {
            int split = text.IndexOf('=', StringComparison.Ordinal);
            builder.Append(
                Encoding.UTF8.GetBytes(split < 0 ? "" : text[..split]),
                Encoding.UTF8.GetBytes(text[(split + 1)..]));
        }
        return builder.Build();
    }

    public static RecordBatch Numbers(int from, int count) =>
        Of([.. Enumerable.Range(from, count).Select(number => $"{number}")]);

    /// <summary>The records of a batch as "offset:key=value".</summary>
    public static List<string> TextsOf(RecordBatch batch)
    {
        List<string> texts = [];
        for (int index = 0; index < batch.Count; index++)
        {
            LogRecord record = batch[index];
            string key = Encoding.UTF8.GetString(record.Key);
            string value = Encoding.UTF8.GetString(record.Value);
            texts.Add($"{record.Offset}:{(key.Length > 0 ? $"{key}=" : "")}{value}");
        }
        return texts;
    }

    /// <summary>The headers of each record as "name=value;…".</summary>
    public static List<string> HeadersOf(RecordBatch batch)
    {
        List<string> texts = [];
        for (int index = 0; index < batch.Count; index++)
        {
            StringBuilder text = new();
            foreach (RecordHeader header in batch[index].Headers)
            {
                text.Append(Encoding.UTF8.GetString(header.Name)).Append('=')
                    .Append(Encoding.UTF8.GetString(header.Value)).Append(';');
            }
            texts.Add(text.ToString());
        }
        return texts;
    }

    /// <summary>The offset in "offset:key=value".</summary>
    public static long OffsetIn(string text) => long.Parse(
        text[..text.IndexOf(':', StringComparison.Ordinal)], CultureInfo.InvariantCulture);

    /// <summary>"key=value" in "offset:key=value".</summary>
    public static string TextIn(string text) =>
        text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];

    public static IEnumerable<TopicPartition> Sorted(IEnumerable<TopicPartition> partitions) =>
        partitions.OrderBy(each => each.Topic, StringComparer.Ordinal)
            .ThenBy(each => each.Partition);

    /// <summary>
    /// Reads on until so many records came, some at most at once. A log may answer with an empty
    /// batch, which says only how far it read.
    /// </summary>
    public static async Task<List<RecordBatch>> ReadBatchesAsync(
        ILogReader reader, int count, CancellationToken cancel, int maxRecords = int.MaxValue)
    {
        List<RecordBatch> batches = [];
        while (count > 0)
        {
            int want = Math.Min(maxRecords, count);
            RecordBatch? batch = await reader.ReadAsync(want, cancel);
            Assert.NotNull(batch);
            Assert.InRange(batch.Count, 0, want);
            count -= batch.Count;
            if (batch.Count > 0)
                batches.Add(batch);
        }
        return batches;
    }

    public static async Task<List<string>> ReadAsync(
        ILogReader reader, int count, CancellationToken cancel, int maxRecords = int.MaxValue) =>
        [.. (await ReadBatchesAsync(reader, count, cancel, maxRecords)).SelectMany(TextsOf)];

    /// <summary>All records of a partition from an offset to its present end.</summary>
    public static async Task<List<string>> ReadAllAsync(
        ILog log, TopicPartition source, CancellationToken cancel, long? from = null)
    {
        OffsetRange range = await log.ReadRangeAsync(source, cancel);
        long position = from ?? range.Begin;
        await using ILogReader reader = log.OpenReader(source, position);
        List<string> texts = [];
        while (position < range.End)
        {
            RecordBatch? batch = await reader.ReadAsync(int.MaxValue, cancel);
            Assert.NotNull(batch);
            Assert.InRange(batch.From, position, batch.To);
            texts.AddRange(TextsOf(batch));
            position = batch.To;
        }
        return texts;
    }

    public static LogTransaction Append(TopicPartition target, params string[] texts) =>
        new([new RecordAppend(target, Of(texts))], []);

    public static LogTransaction Move(
        string group, TopicPartition source, long? from, long to, params RecordAppend[] appends) =>
        new(appends, [new OffsetMove(group, source, from, to)]);

    public static async Task CommitAsync(
        ILogProducer producer, LogTransaction transaction, CancellationToken cancel) =>
        Assert.Equal(
            new CommitResult(CommitOutcome.Committed),
            await producer.CommitAsync(transaction, cancel));
}
