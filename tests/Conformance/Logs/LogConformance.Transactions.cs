using Earshot.Log;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>What every log must do: all or nothing, offsets, fencing, owners that race.</summary>
public abstract partial class LogConformance
{
    [Fact]
    public async Task One_transaction_writes_several_topics_and_offsets()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        LogTransaction transaction = new(
            [new(Calls, LogRecords.Of("a", "b")), new(Results, LogRecords.Of("c"))],
            [new("group", Calls, null, 7), new("group", OtherCalls, null, 9)]);
        await LogRecords.CommitAsync(producer, transaction, Cancel);
        Assert.Equal(["0:a", "1:b"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
        Assert.Equal(["0:c"], await LogRecords.ReadAllAsync(Log, Results, Cancel));
        Assert.Equal(7, await Log.ReadCommittedAsync("group", Calls, Cancel));
        Assert.Equal(9, await Log.ReadCommittedAsync("group", OtherCalls, Cancel));
        Assert.Null(await Log.ReadCommittedAsync("other group", Calls, Cancel));
    }

    [Fact]
    public async Task Who_sees_one_part_of_a_transaction_sees_all_of_it()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        Task<RecordBatch?> waiting = reader.ReadAsync(1, Cancel).AsTask();
        LogTransaction transaction = new(
            [new(Calls, LogRecords.Of("a")), new(Results, LogRecords.Of("b"))],
            [new("group", Calls, null, 1)]);
        Task<CommitResult> commit = producer.CommitAsync(transaction, Cancel).AsTask();
        await waiting;
        Assert.Equal(new OffsetRange(0, 1), await Log.ReadRangeAsync(Results, Cancel));
        Assert.Equal(1, await Log.ReadCommittedAsync("group", Calls, Cancel));
        await commit;
    }

    [Fact]
    public async Task Empty_transactions_and_empty_batches_write_nothing()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        await LogRecords.CommitAsync(producer, new([], []), Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Append(Calls), Cancel);
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Calls, Cancel));
    }

    [Fact]
    public async Task Offsets_of_a_source_outside_this_log_can_be_kept()
    {
        TopicPartition file = new("calls.csv.gz", 3);
        await using ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Move("g", file, null, 12), Cancel);
        Assert.Equal(12, await Log.ReadCommittedAsync("g", file, Cancel));
    }

    [Theory]
    [InlineData(null, 5L)]
    [InlineData(10L, 9L)]
    [InlineData(10L, 0L)]
    public async Task A_move_from_elsewhere_is_fenced_and_writes_nothing(long? committed, long from)
    {
        await using ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        if (committed is { } offset)
            await LogRecords.CommitAsync(
                producer, LogRecords.Move("g", Calls, null, offset), Cancel);
        LogTransaction stale = new(
            [new(Results, LogRecords.Of("a"))],
            [new("g", OtherCalls, null, 1), new("g", Calls, from, 20)]);
        CommitResult result = await producer.CommitAsync(stale, Cancel);
        Assert.Equal(CommitOutcome.Fenced, result.Outcome);
        Assert.Contains("calls[0]", result.Error, StringComparison.Ordinal);
        Assert.Equal(committed, await Log.ReadCommittedAsync("g", Calls, Cancel));
        Assert.Null(await Log.ReadCommittedAsync("g", OtherCalls, Cancel));
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Results, Cancel));
    }

    [Fact]
    public async Task A_move_from_the_committed_offset_goes_through()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Move("g", Calls, null, 3), Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Move("g", Calls, 3, 8), Cancel);
        Assert.Equal(8, await Log.ReadCommittedAsync("g", Calls, Cancel));
    }

    [Fact]
    public async Task A_newer_producer_of_the_same_id_fences_the_older()
    {
        await using ILogProducer older = await Log.OpenProducerAsync("p", Cancel);
        await using ILogProducer other = await Log.OpenProducerAsync("q", Cancel);
        await LogRecords.CommitAsync(older, LogRecords.Append(Calls, "a"), Cancel);
        await using ILogProducer newer = await Log.OpenProducerAsync("p", Cancel);
        CommitResult result = await older.CommitAsync(LogRecords.Append(Calls, "lost"), Cancel);
        Assert.Equal(CommitOutcome.Fenced, result.Outcome);
        Assert.Contains("p", result.Error, StringComparison.Ordinal);
        await LogRecords.CommitAsync(newer, LogRecords.Append(Calls, "b"), Cancel);
        await LogRecords.CommitAsync(other, LogRecords.Append(Calls, "c"), Cancel);
        Assert.Equal(["0:a", "1:b", "2:c"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
    }

    [Fact]
    public async Task A_closed_producer_refuses()
    {
        ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        await producer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
            await producer.CommitAsync(LogRecords.Append(Calls, "a"), Cancel));
    }

    [Fact]
    public async Task A_cancelled_commit_writes_nothing()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await producer.CommitAsync(
                LogRecords.Append(Calls, "a"), new CancellationToken(canceled: true)));
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Calls, Cancel));
        await LogRecords.CommitAsync(producer, LogRecords.Append(Calls, "b"), Cancel);
    }

    [Fact]
    public async Task Two_owners_racing_for_a_partition_do_every_step_once()
    {
        const int Steps = 60;
        await using (ILogProducer first = await Log.OpenProducerAsync("first", Cancel))
            await LogRecords.CommitAsync(first, LogRecords.Move("g", Calls, null, 0), Cancel);
        Task[] owners = [OwnAsync("owner-1", Steps), OwnAsync("owner-2", Steps)];
        await Task.WhenAll(owners);
        Assert.Equal(
            Enumerable.Range(0, Steps).Select(step => $"{step}:{step}"),
            await LogRecords.ReadAllAsync(Log, Results, Cancel));
        Assert.Equal(Steps, await Log.ReadCommittedAsync("g", Calls, Cancel));
    }

    [Fact]
    public async Task Producers_of_several_partitions_do_not_disturb_each_other()
    {
        const int Count = 40;
        await Task.WhenAll(
            WriteAsync("p0", Calls, Count), WriteAsync("p1", OtherCalls, Count),
            WriteAsync("p2", Results, Count));
        IEnumerable<string> expected = Enumerable.Range(0, Count).Select(n => $"{n}:{n}");
        Assert.Equal(expected, await LogRecords.ReadAllAsync(Log, Calls, Cancel));
        Assert.Equal(expected, await LogRecords.ReadAllAsync(Log, OtherCalls, Cancel));
        Assert.Equal(expected, await LogRecords.ReadAllAsync(Log, Results, Cancel));
    }

    // An owner that believes in its offset until it is fenced.
    private async Task OwnAsync(string transactionalId, int steps)
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(transactionalId, Cancel);
        long at = await CommittedAsync();
        while (at < steps)
        {
            LogTransaction step = LogRecords.Move(
                "g", Calls, at, at + 1, new RecordAppend(Results, LogRecords.Of($"{at}")));
            CommitResult result = await producer.CommitAsync(step, Cancel);
            at = result.Outcome == CommitOutcome.Committed ? at + 1 : await CommittedAsync();
        }
    }

    private async Task<long> CommittedAsync() =>
        (await Log.ReadCommittedAsync("g", Calls, Cancel))!.Value;

    private async Task WriteAsync(string transactionalId, TopicPartition target, int count)
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(transactionalId, Cancel);
        for (int number = 0; number < count; number++)
            await LogRecords.CommitAsync(
                producer, LogRecords.Append(target, $"{number}"), Cancel);
    }
}
