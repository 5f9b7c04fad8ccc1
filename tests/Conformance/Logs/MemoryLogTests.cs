using Earshot.Log;
using Earshot.Log.Memory;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>The in-memory log, and what only it can do: finite topics, direct input.</summary>
public sealed class MemoryLogTests : LogConformance
{
    private protected override ValueTask<ILog> OpenAsync(TimeProvider time) =>
        ValueTask.FromResult<ILog>(new MemoryLog(time));

    private protected override ValueTask TrimAsync(
        ILog log, TopicPartition target, long keepFrom) =>
        ((MemoryLog)log).TrimAsync(target, keepFrom, Cancel);

    [Fact]
    public async Task Input_can_be_appended_directly()
    {
        MemoryLog log = (MemoryLog)Log;
        await using ILogReader reader = log.OpenReader(Calls, 0);
        Task<RecordBatch?> waiting = reader.ReadAsync(10, Cancel).AsTask();
        Assert.Equal(0, log.Append(Calls, LogRecords.Of("a", "b"), appendTimeMs: 42));
        Assert.Equal(2, log.Append(Calls, LogRecords.Of("c")));
        RecordBatch? batch = await waiting;
        Assert.Equal(["0:a", "1:b"], LogRecords.TextsOf(batch!));
        Assert.Equal(42, batch!.AppendTimeMs);
    }

    [Fact]
    public async Task A_complete_partition_ends_with_null()
    {
        MemoryLog log = (MemoryLog)Log;
        log.Append(Calls, LogRecords.Of("a"));
        log.Complete(Calls);
        await using ILogReader reader = log.OpenReader(Calls, 0);
        Assert.Equal(["0:a"], LogRecords.TextsOf((await reader.ReadAsync(10, Cancel))!));
        Assert.Null(await reader.ReadAsync(10, Cancel));
        Assert.Null(await reader.ReadAsync(10, Cancel));
    }

    [Fact]
    public async Task Completing_wakes_readers_of_that_partition_alone()
    {
        MemoryLog log = (MemoryLog)Log;
        await using ILogReader reader = log.OpenReader(Calls, 0);
        await using ILogReader other = log.OpenReader(OtherCalls, 0);
        Task<RecordBatch?> waiting = reader.ReadAsync(10, Cancel).AsTask();
        Task<RecordBatch?> still = other.ReadAsync(10, Cancel).AsTask();
        log.Complete(Calls);
        Assert.Null(await waiting);
        Assert.False(still.IsCompleted);
    }

    [Fact]
    public async Task A_complete_partition_takes_no_more()
    {
        MemoryLog log = (MemoryLog)Log;
        log.Complete(Calls);
        Assert.Throws<LogException>(() => log.Append(Calls, LogRecords.Of("a")));
        await using ILogProducer producer = await log.OpenProducerAsync("p", Cancel);
        LogTransaction half = new(
            [new(Results, LogRecords.Of("a")), new(Calls, LogRecords.Of("b"))], []);
        await Assert.ThrowsAsync<LogException>(async () =>
            await producer.CommitAsync(half, Cancel));
        Assert.Equal(new OffsetRange(0, 0), await log.ReadRangeAsync(Results, Cancel));
    }
}
