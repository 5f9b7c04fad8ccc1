using System.Text;
using Earshot.Log;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>What every log must do: all or nothing, offsets, fencing, owners that race.</summary>
public abstract partial class LogConformance
{
    [SuiteFact]
    public async Task One_transaction_writes_several_topics_and_offsets()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        LogTransaction transaction = new(
            [new(Calls, LogRecords.Of("a", "b")), new(Results, LogRecords.Of("c"))],
            [new(Name("group"), Calls, null, 7), new(Name("group"), OtherCalls, null, 9)]);
        await LogRecords.CommitAsync(producer, transaction, Cancel);
        await AssertHoldsAsync(Calls, ["0:a", "1:b"]);
        await AssertHoldsAsync(Results, ["0:c"]);
        Assert.Equal(7, await Log.ReadCommittedAsync(Name("group"), Calls, Cancel));
        Assert.Equal(9, await Log.ReadCommittedAsync(Name("group"), OtherCalls, Cancel));
        Assert.Null(await Log.ReadCommittedAsync(Name("other group"), Calls, Cancel));
    }

    [SuiteFact]
    public async Task Several_batches_for_one_partition_are_written_in_their_order()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        LogTransaction transaction = new(
            [
                new(Calls, LogRecords.Of("a", "b")), new(Results, LogRecords.Of("x")),
                new(Calls, LogRecords.Of("c")), new(Calls, LogRecords.Of("d", "e")),
            ],
            []);
        await LogRecords.CommitAsync(producer, transaction, Cancel);
        await AssertHoldsAsync(Calls, ["0:a", "1:b", "2:c", "3:d", "4:e"]);
        await AssertHoldsAsync(Results, ["0:x"]);
    }

    [SuiteFact]
    public async Task Memory_given_back_after_a_commit_is_no_longer_the_logs()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        RecordBatchBuilder builder = new(pooled: true);
        foreach (string text in (string[])["a", "b", "c", "d"])
        {
            builder.Append([], Encoding.UTF8.GetBytes(text));
            RecordBatch records = builder.Build();
            await LogRecords.CommitAsync(
                producer, new LogTransaction([new(Calls, records)], []), Cancel);
            records.Release();
        }

        await AssertHoldsAsync(Calls, ["0:a", "1:b", "2:c", "3:d"]);
    }

    [SuiteFact]
    public async Task Who_sees_one_part_of_a_transaction_sees_all_of_it()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        Task<List<string>> waiting = LogRecords.ReadAsync(reader, 1, Cancel);
        LogTransaction transaction = new(
            [new(Calls, LogRecords.Of("a")), new(Results, LogRecords.Of("b"))],
            [new(Name("group"), Calls, null, 1)]);
        Task<CommitResult> commit = producer.CommitAsync(transaction, Cancel).AsTask();
        await waiting;
        if (!HasGaps)
            Assert.Equal(new OffsetRange(0, 1), await Log.ReadRangeAsync(Results, Cancel));
        await using ILogReader results = Log.OpenReader(Results, 0);
        Assert.Equal(["0:b"], await LogRecords.ReadAsync(results, 1, Cancel));
        Assert.Equal(1, await Log.ReadCommittedAsync(Name("group"), Calls, Cancel));
        await commit;
    }

    [SuiteFact]
    public async Task Empty_transactions_and_empty_batches_write_nothing()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        await LogRecords.CommitAsync(producer, new([], []), Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Append(Calls), Cancel);
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Calls, Cancel));
    }

    [SuiteFact]
    public virtual async Task Offsets_of_a_source_outside_this_log_can_be_kept()
    {
        TopicPartition file = new("calls.csv.gz", 3);
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Move(Name("g"), file, null, 12), Cancel);
        Assert.Equal(12, await Log.ReadCommittedAsync(Name("g"), file, Cancel));
    }

    [SuiteTheory]
    [InlineData(null, 5L)]
    [InlineData(10L, 9L)]
    [InlineData(10L, 0L)]
    public async Task A_move_from_elsewhere_is_fenced_and_writes_nothing(long? committed, long from)
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        if (committed is { } offset)
            await LogRecords.CommitAsync(
                producer, LogRecords.Move(Name("g"), Calls, null, offset), Cancel);
        LogTransaction stale = new(
            [new(Results, LogRecords.Of("a"))],
            [new(Name("g"), OtherCalls, null, 1), new(Name("g"), Calls, from, 20)]);
        CommitResult result = await producer.CommitAsync(stale, Cancel);
        Assert.Equal(CommitOutcome.Fenced, result.Outcome);
        Assert.Contains("calls[0]", result.Error, StringComparison.Ordinal);
        Assert.Equal(committed, await Log.ReadCommittedAsync(Name("g"), Calls, Cancel));
        Assert.Null(await Log.ReadCommittedAsync(Name("g"), OtherCalls, Cancel));
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Results, Cancel));
    }

    [SuiteFact]
    public async Task A_move_from_the_committed_offset_goes_through()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Move(Name("g"), Calls, null, 3), Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Move(Name("g"), Calls, 3, 8), Cancel);
        Assert.Equal(8, await Log.ReadCommittedAsync(Name("g"), Calls, Cancel));
    }

    [SuiteFact]
    public async Task A_newer_producer_of_the_same_id_fences_the_older()
    {
        await using ILogProducer older = await Log.OpenProducerAsync(Name("p"), Cancel);
        await using ILogProducer other = await Log.OpenProducerAsync(Name("q"), Cancel);
        await LogRecords.CommitAsync(older, LogRecords.Append(Calls, "a"), Cancel);
        await using ILogProducer newer = await Log.OpenProducerAsync(Name("p"), Cancel);
        CommitResult result = await older.CommitAsync(LogRecords.Append(Calls, "lost"), Cancel);
        Assert.Equal(CommitOutcome.Fenced, result.Outcome);
        Assert.Contains("p", result.Error, StringComparison.Ordinal);
        await LogRecords.CommitAsync(newer, LogRecords.Append(Calls, "b"), Cancel);
        await LogRecords.CommitAsync(other, LogRecords.Append(Calls, "c"), Cancel);
        await AssertHoldsAsync(Calls, ["0:a", "1:b", "2:c"]);
    }

    [SuiteFact]
    public async Task A_closed_producer_refuses()
    {
        ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        await producer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
            await producer.CommitAsync(LogRecords.Append(Calls, "a"), Cancel));
    }

    [SuiteFact]
    public async Task A_cancelled_commit_writes_nothing()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await producer.CommitAsync(
                LogRecords.Append(Calls, "a"), new CancellationToken(canceled: true)));
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Calls, Cancel));
        await LogRecords.CommitAsync(producer, LogRecords.Append(Calls, "b"), Cancel);
    }

    [SuiteFact]
    public virtual async Task Two_owners_racing_for_a_partition_do_every_step_once()
    {
        const int Steps = 60;
        await using (ILogProducer first = await Log.OpenProducerAsync(Name("first"), Cancel))
            await LogRecords.CommitAsync(first, LogRecords.Move(Name("g"), Calls, null, 0), Cancel);
        Task[] owners = [OwnAsync("owner-1", Steps), OwnAsync("owner-2", Steps)];
        await Task.WhenAll(owners);
        await AssertHoldsAsync(
            Results, Enumerable.Range(0, Steps).Select(step => $"{step}:{step}"));
        Assert.Equal(Steps, await Log.ReadCommittedAsync(Name("g"), Calls, Cancel));
    }

    [SuiteFact]
    public async Task Producers_of_several_partitions_do_not_disturb_each_other()
    {
        const int Count = 40;
        await Task.WhenAll(
            WriteAsync("p0", Calls, Count), WriteAsync("p1", OtherCalls, Count),
            WriteAsync("p2", Results, Count));
        IEnumerable<string> expected = Enumerable.Range(0, Count).Select(n => $"{n}:{n}");
        await AssertHoldsAsync(Calls, expected);
        await AssertHoldsAsync(OtherCalls, expected);
        await AssertHoldsAsync(Results, expected);
    }

    [SuiteFact]
    public async Task A_member_of_a_group_is_told_what_it_owns_and_leaves()
    {
        RecordingListener listener = new();
        TopicPartition[] all = [Calls, OtherCalls, Results];
        ILogGroup member = await Log.JoinGroupAsync(
            Name("g"), [Spec("calls", 2), Spec("results", 1)], listener, Cancel);
        await using (member)
        {
            Assert.Equal(all, LogRecords.Sorted(member.Owned));
            Assert.Equal(all, LogRecords.Sorted(listener.Owned));
            Assert.False(member.Completion.IsCompleted);
            await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
            await LogRecords.CommitAsync(
                producer, LogRecords.Move(Name("g"), Calls, null, 3), Cancel);
            listener.OnRevoked = async () => await LogRecords.CommitAsync(
                producer, LogRecords.Move(Name("g"), Calls, 3, 4), Cancel);
            await member.DisposeAsync();
        }
        Assert.Empty(listener.Owned);
        Assert.False(listener.HasLost);
        await member.Completion.WaitAsync(Cancel);
        Assert.Equal(4, await Log.ReadCommittedAsync(Name("g"), Calls, Cancel));
    }

    // An owner that believes in its offset until it is fenced.
    private async Task OwnAsync(string transactionalId, int steps)
    {
        await using ILogProducer producer =
            await Log.OpenProducerAsync(Name(transactionalId), Cancel);
        long at = await CommittedAsync();
        while (at < steps)
        {
            LogTransaction step = LogRecords.Move(
                Name("g"), Calls, at, at + 1, new RecordAppend(Results, LogRecords.Of($"{at}")));
            CommitResult result = await producer.CommitAsync(step, Cancel);
            at = result.Outcome == CommitOutcome.Committed ? at + 1 : await CommittedAsync();
        }
    }

    private async Task<long> CommittedAsync() =>
        (await Log.ReadCommittedAsync(Name("g"), Calls, Cancel))!.Value;

    private async Task WriteAsync(string transactionalId, TopicPartition target, int count)
    {
        await using ILogProducer producer =
            await Log.OpenProducerAsync(Name(transactionalId), Cancel);
        for (int number = 0; number < count; number++)
            await LogRecords.CommitAsync(
                producer, LogRecords.Append(target, $"{number}"), Cancel);
    }
}
