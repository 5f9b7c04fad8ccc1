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

    /// <summary>Reads on until <paramref name="count"/> records came, at most so many at once.</summary>
    public static async Task<List<string>> ReadAsync(
        ILogReader reader, int count, CancellationToken cancel, int maxRecords = int.MaxValue)
    {
        List<string> texts = [];
        while (texts.Count < count)
        {
            int want = Math.Min(maxRecords, count - texts.Count);
            RecordBatch? batch = await reader.ReadAsync(want, cancel);
            Assert.NotNull(batch);
            Assert.InRange(batch.Count, 1, want);
            texts.AddRange(TextsOf(batch));
        }
        return texts;
    }

    /// <summary>All records of a partition from an offset to its present end.</summary>
    public static async Task<List<string>> ReadAllAsync(
        ILog log, TopicPartition source, CancellationToken cancel, long? from = null)
    {
        OffsetRange range = await log.ReadRangeAsync(source, cancel);
        long start = from ?? range.Begin;
        await using ILogReader reader = log.OpenReader(source, start);
        return await ReadAsync(reader, (int)(range.End - start), cancel);
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
