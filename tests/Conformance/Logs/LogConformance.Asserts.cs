using Earshot.Log;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>What the tests of every log write and look for.</summary>
public abstract partial class LogConformance
{
    private async Task AssertReadFailsAsync(long from, string expected)
    {
        await using ILogReader reader = Log.OpenReader(Calls, from);
        LogException error = await Assert.ThrowsAsync<LogException>(
            () => LogRecords.ReadAsync(reader, 1, Cancel));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private protected TopicSpec Spec(string name, int partitions) =>
        new(Name(name), partitions) { Retention = Timeout.InfiniteTimeSpan };

    /// <summary>A partition holds just these records, "offset:key=value".</summary>
    private protected async Task AssertHoldsAsync(
        TopicPartition source, IEnumerable<string> expected)
    {
        List<string> all = [.. expected];
        await WaitVisibleAsync(source, all.Count);
        AssertSame(all, await LogRecords.ReadAllAsync(Log, source, Cancel));
    }

    /// <summary>Waits for so many records where they become visible later.</summary>
    private protected async Task WaitVisibleAsync(TopicPartition source, int count)
    {
        if (!HasGaps)
            return;
        long begin = (await Log.ReadRangeAsync(source, Cancel)).Begin;
        await using ILogReader reader = Log.OpenReader(source, begin);
        await LogRecords.ReadAsync(reader, count, Cancel);
    }

    /// <summary>The same offsets and texts; where offsets have gaps: rising ones.</summary>
    private protected void AssertSame(IEnumerable<string> expected, List<string> actual)
    {
        if (!HasGaps)
        {
            Assert.Equal(expected, actual);
            return;
        }
        Assert.Equal(expected.Select(LogRecords.TextIn), actual.Select(LogRecords.TextIn));
        List<long> offsets = [.. actual.Select(LogRecords.OffsetIn)];
        Assert.Equal(offsets.Distinct().Order(), offsets);
    }

    /// <summary>A partition's range; where offsets have gaps, it may end later.</summary>
    private protected async Task AssertRangeAsync(TopicPartition source, long begin, long end)
    {
        OffsetRange range = await Log.ReadRangeAsync(source, Cancel);
        Assert.Equal(begin, range.Begin);
        Assert.True(range.End == end || (HasGaps && range.End > end), range.ToString());
    }

    private protected Task AppendAsync(TopicPartition target, params string[] texts) =>
        AppendAsync(target, LogRecords.Of(texts));

    private protected async Task AppendAsync(TopicPartition target, RecordBatch records)
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("append"), Cancel);
        await LogRecords.CommitAsync(
            producer, new LogTransaction([new(target, records)], []), Cancel);
    }
}
