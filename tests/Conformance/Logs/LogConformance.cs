using Earshot.Log;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>
/// What every log must do. A log passes by deriving from this. Here: topics, appending, reading,
/// waiting, trimming.
/// </summary>
public abstract partial class LogConformance : IAsyncLifetime
{
    // A test that hangs fails instead.
    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));

    private protected TopicPartition Calls => new(Name("calls"), 0);

    private protected TopicPartition OtherCalls => new(Name("calls"), 1);

    private protected TopicPartition Results => new(Name("results"), 0);

    private protected ManualTime Time { get; } = new();

    private protected ILog Log { get; private set; } = null!;

    private protected CancellationToken Cancel => limit.Token;

    /// <summary>
    /// True for a log whose transactions take offsets of their own: offsets rise but have gaps,
    /// a partition ends behind its last record, and what was committed becomes visible partition
    /// by partition.
    /// </summary>
    private protected virtual bool HasGaps => false;

    /// <summary>The name of a topic, group or producer in a log that others use too.</summary>
    private protected virtual string Name(string name) => name;

    private protected abstract ValueTask<ILog> OpenAsync(TimeProvider time);

    private protected abstract ValueTask TrimAsync(ILog log, TopicPartition target, long keepFrom);

    public virtual async Task InitializeAsync()
    {
        Log = await OpenAsync(Time);
        await Log.EnsureTopicsAsync([Spec("calls", 2), Spec("results", 1)], Cancel);
    }

    public virtual async Task DisposeAsync()
    {
        await Log.DisposeAsync();
        limit.Dispose();
    }

    [SuiteFact]
    public async Task A_new_topic_is_empty()
    {
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Calls, Cancel));
        Assert.Null(await Log.ReadCommittedAsync(Name("group"), Calls, Cancel));
    }

    [SuiteFact]
    public async Task Ensuring_topics_again_keeps_their_records()
    {
        await AppendAsync(Calls, "a");
        await Log.EnsureTopicsAsync([Spec("calls", 2), Spec("more", 1)], Cancel);
        await AssertHoldsAsync(Calls, ["0:a"]);
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(new(Name("more"), 0), Cancel));
    }

    [SuiteFact]
    public async Task Another_partition_count_is_refused_and_creates_nothing()
    {
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await Log.EnsureTopicsAsync([Spec("more", 1), Spec("calls", 3)], Cancel));
        Assert.Contains("calls has 2 partitions", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LogException>(async () =>
            await Log.ReadRangeAsync(new(Name("more"), 0), Cancel));
    }

    [SuiteTheory]
    [InlineData("calls", 2)]
    [InlineData("calls", -1)]
    [InlineData("nothing", 0)]
    public async Task An_unknown_partition_is_an_error_that_names_it(string topic, int partition)
    {
        TopicPartition unknown = new(Name(topic), partition);
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await Log.ReadRangeAsync(unknown, Cancel));
        Assert.Contains(unknown.ToString(), error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LogException>(async () =>
        {
            await using ILogReader reader = Log.OpenReader(unknown, 0);
            await reader.ReadAsync(1, Cancel);
        });
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        LogTransaction half = new(
            [new(Calls, LogRecords.Of("a")), new(unknown, LogRecords.Of("b"))], []);
        await Assert.ThrowsAsync<LogException>(async () =>
            await producer.CommitAsync(half, Cancel));
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Calls, Cancel));
    }

    [SuiteFact]
    public async Task Records_come_back_as_they_were_appended()
    {
        await AppendAsync(Calls, "k=a", "b", "long-key=", "");
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        List<RecordBatch> batches = await LogRecords.ReadBatchesAsync(reader, 4, Cancel);
        Assert.Equal(
            ["0:k=a", "1:b", "2:long-key=", "3:"], batches.SelectMany(LogRecords.TextsOf));
        Assert.All(batches, batch => Assert.Equal(Calls, batch.Source));
        Assert.All(batches, batch => Assert.Equal(Calls.Topic, batch.Origin));
        Assert.Equal(0, batches[0].From);
        Assert.True(HasGaps || batches is [{ To: 4 }]);
        Assert.Equal(
            "k".Length + "a".Length + "b".Length + "long-key".Length,
            batches.Sum(batch => batch.SizeBytes));
    }

    [SuiteFact]
    public async Task Each_record_has_the_time_of_its_append()
    {
        long first = Time.NowMs;
        await AppendAsync(Calls, "a", "b");
        Time.Advance(TimeSpan.FromSeconds(5));
        await AppendAsync(Calls, "c");
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        List<long> times = [];
        foreach (RecordBatch batch in await LogRecords.ReadBatchesAsync(reader, 3, Cancel))
        {
            for (int index = 0; index < batch.Count; index++)
                times.Add(batch[index].AppendTimeMs);
        }
        Assert.Equal([first, first, first + 5000], times);
    }

    [SuiteFact]
    public async Task Headers_are_kept_in_order_with_repeats_and_empty_values()
    {
        RecordHeadersBuilder headers = new();
        headers.Add("b"u8, "1").Add("a"u8, "").Add("b"u8, "2").Add("name \u00e9"u8, "\0\x01");
        RecordBatchBuilder builder = new();
        builder.Append("k"u8, "v"u8, headers.Encoded);
        builder.Append("k"u8, "none"u8);
        await AppendAsync(Calls, builder.Build());
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        List<string> read = [];
        foreach (RecordBatch batch in await LogRecords.ReadBatchesAsync(reader, 2, Cancel))
            read.AddRange(LogRecords.HeadersOf(batch));
        Assert.Equal(["b=1;a=;b=2;name \u00e9=\0\x01;", ""], read);
    }

    [SuiteFact]
    public async Task The_partition_count_is_known_and_null_without_a_topic()
    {
        Assert.Equal(2, await Log.ReadPartitionCountAsync(Name("calls"), Cancel));
        Assert.Equal(1, await Log.ReadPartitionCountAsync(Name("results"), Cancel));
        Assert.Null(await Log.ReadPartitionCountAsync(Name("nothing"), Cancel));
    }

    [SuiteFact]
    public async Task Offsets_go_on_across_batches_and_partitions_have_their_own()
    {
        await AppendAsync(Calls, "a", "b");
        await AppendAsync(OtherCalls, "x");
        await AppendAsync(Calls, "c");
        await AssertHoldsAsync(Calls, ["0:a", "1:b", "2:c"]);
        await AssertHoldsAsync(OtherCalls, ["0:x"]);
        await AssertRangeAsync(Calls, 0, 3);
    }

    [SuiteFact]
    public async Task Offsets_and_source_of_appended_batches_are_ignored()
    {
        await AppendAsync(Calls, "a");
        RecordBatchBuilder builder = new();
        builder.Add(70, "k"u8, "v"u8);
        builder.Add(90, default, "w"u8);
        RecordBatch foreign = builder.Build(new TopicPartition("elsewhere", 7), 60, 100, 5, "file");
        await AppendAsync(Calls, foreign);
        await AssertHoldsAsync(Calls, ["0:a", "1:k=v", "2:w"]);
    }

    [SuiteFact]
    public async Task A_batch_that_was_read_can_be_appended_in_part()
    {
        await AppendAsync(Calls, "a", "b", "k=c", "d");
        await using ILogReader reader = Log.OpenReader(Calls, 1);
        foreach (RecordBatch middle in await LogRecords.ReadBatchesAsync(reader, 2, Cancel))
            await AppendAsync(Results, middle);
        await AssertHoldsAsync(Results, ["0:b", "1:k=c"]);
    }

    [SuiteFact]
    public async Task Reading_may_begin_and_end_inside_a_batch()
    {
        await AppendAsync(Calls, "a", "b", "c", "d", "e");
        await using ILogReader reader = Log.OpenReader(Calls, 1);
        List<RecordBatch> first = await LogRecords.ReadBatchesAsync(reader, 2, Cancel);
        List<RecordBatch> second = await LogRecords.ReadBatchesAsync(reader, 2, Cancel);
        Assert.Equal(["1:b", "2:c"], first.SelectMany(LogRecords.TextsOf));
        Assert.Equal(["3:d", "4:e"], second.SelectMany(LogRecords.TextsOf));
        Assert.Equal((1, 3), (first[0].From, first[^1].To));
        Assert.Equal(3, second[0].From);
        Assert.True(HasGaps || second[^1].To == 5);
    }

    [SuiteFact]
    public async Task However_the_reading_is_cut_the_records_are_the_same()
    {
        Random random = new(12345);
        int count = 0;
        while (count < 300)
        {
            int size = random.Next(1, 20);
            await AppendAsync(Calls, LogRecords.Numbers(count, size));
            count += size;
        }
        await WaitVisibleAsync(Calls, count);
        List<string> all = await LogRecords.ReadAllAsync(Log, Calls, Cancel);
        AssertSame(Enumerable.Range(0, count).Select(n => $"{n}:{n}"), all);
        for (int round = 0; round < 20; round++)
        {
            int from = random.Next(count);
            await using ILogReader reader = Log.OpenReader(Calls, LogRecords.OffsetIn(all[from]));
            List<string> texts = await LogRecords.ReadAsync(
                reader, count - from, Cancel, random.Next(1, 30));
            Assert.Equal(all[from..], texts);
        }
    }

    [SuiteFact]
    public async Task A_large_append_is_read_in_order()
    {
        byte[] value = new byte[1024 * 1024];
        RecordBatchBuilder builder = new();
        for (int index = 0; index < 10; index++)
        {
            value.AsSpan().Fill((byte)index);
            builder.Append([(byte)index], value);
        }
        await AppendAsync(Calls, builder.Build());
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        int next = 0;
        while (next < 10)
        {
            RecordBatch? batch = await reader.ReadAsync(100, Cancel);
            for (int index = 0; index < batch!.Count; index++, next++)
            {
                Assert.Equal(next, batch[index].Offset);
                Assert.Equal((byte)next, batch[index].Key[0]);
                Assert.Equal(value.Length, batch[index].Value.Length);
                Assert.False(batch[index].Value.ContainsAnyExcept((byte)next));
            }
        }
        await AssertRangeAsync(Calls, 0, 10);
    }

    [SuiteFact]
    public async Task A_reader_at_the_end_waits_and_wakes()
    {
        await AppendAsync(Calls, "a");
        await using ILogReader reader = Log.OpenReader(Calls, 1);
        Task<List<string>> waiting = LogRecords.ReadAsync(reader, 1, Cancel);
        await AppendAsync(OtherCalls, "not for it");
        Assert.False(waiting.IsCompleted);
        await AppendAsync(Calls, "b");
        AssertSame(["1:b"], await waiting);
    }

    [SuiteFact]
    public async Task Many_readers_wait_for_the_same_record()
    {
        List<Task<List<string>>> waiting = [];
        for (int index = 0; index < 8; index++)
            waiting.Add(LogRecords.ReadAsync(Log.OpenReader(Calls, 0), 1, Cancel));
        await AppendAsync(Calls, "a");
        foreach (Task<List<string>> read in waiting)
            Assert.Equal(["0:a"], await read);
    }

    [SuiteFact]
    public async Task Waiting_can_be_cancelled_and_reading_goes_on()
    {
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        using CancellationTokenSource stop = new();
        Task<List<string>> waiting = LogRecords.ReadAsync(reader, 1, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await AppendAsync(Calls, "a");
        Assert.Equal(["0:a"], await LogRecords.ReadAsync(reader, 1, Cancel));
    }

    [SuiteFact]
    public async Task Closing_the_log_ends_the_wait()
    {
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        Task<List<string>> waiting = LogRecords.ReadAsync(reader, 1, Cancel);
        await Log.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
            await Log.ReadRangeAsync(Calls, Cancel));
    }

    [SuiteFact]
    public async Task A_reader_keeps_up_with_a_writer()
    {
        const int Count = 100;
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        Task<List<string>> reading = Task.Run(() => LogRecords.ReadAsync(reader, Count, Cancel));
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        for (int number = 0; number < Count; number++)
            await LogRecords.CommitAsync(
                producer, LogRecords.Append(Calls, $"{number}"), Cancel);
        AssertSame(Enumerable.Range(0, Count).Select(n => $"{n}:{n}"), await reading);
    }

    [SuiteFact]
    public async Task Trimming_moves_the_begin_and_keeps_the_rest()
    {
        await AppendAsync(Calls, "a", "b", "c");
        await AppendAsync(Calls, "d", "e");
        await WaitVisibleAsync(Calls, 5);
        long last = LogRecords.OffsetIn((await LogRecords.ReadAllAsync(Log, Calls, Cancel))[^1]);
        Assert.True(HasGaps || last == 4);
        await TrimAsync(Log, Calls, last);
        await AssertRangeAsync(Calls, last, 5);
        Assert.Equal([$"{last}:e"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
        await TrimAsync(Log, Calls, 2);
        await AssertRangeAsync(Calls, last, 5);
    }

    [SuiteFact]
    public async Task Trimming_everything_keeps_counting_offsets()
    {
        await AppendAsync(Calls, "a", "b");
        await WaitVisibleAsync(Calls, 2);
        await TrimAsync(Log, Calls, 100);
        OffsetRange empty = await Log.ReadRangeAsync(Calls, Cancel);
        Assert.Equal(empty.End, empty.Begin);
        Assert.True(empty.End == 2 || (HasGaps && empty.End > 2));
        await AppendAsync(Calls, "c");
        await WaitVisibleAsync(Calls, 1);
        Assert.Equal([$"{empty.End}:c"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
    }

    [SuiteTheory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Reading_before_the_begin_is_an_error(long from)
    {
        await AppendAsync(Calls, "a", "b");
        await AppendAsync(Calls, "c", "d", "e");
        await WaitVisibleAsync(Calls, 5);
        await TrimAsync(Log, Calls, 3);
        await AssertReadFailsAsync(from, "begins at 3");
    }

    [SuiteFact]
    public async Task Reading_past_the_end_is_an_error()
    {
        await AppendAsync(Calls, "a", "b");
        await WaitVisibleAsync(Calls, 2);
        long end = (await Log.ReadRangeAsync(Calls, Cancel)).End;
        await AssertReadFailsAsync(end + 1, $"ends at {end}");
    }
}
