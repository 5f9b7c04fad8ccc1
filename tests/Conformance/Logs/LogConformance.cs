using Earshot.Log;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>
/// What every log must do. A log passes by deriving from this. Here: topics, appending, reading,
/// waiting, trimming.
/// </summary>
public abstract partial class LogConformance : IAsyncLifetime
{
    private protected static readonly TopicPartition Calls = new("calls", 0);
    private protected static readonly TopicPartition OtherCalls = new("calls", 1);
    private protected static readonly TopicPartition Results = new("results", 0);

    // A test that hangs fails instead.
    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));

    private protected ManualTime Time { get; } = new();

    private protected ILog Log { get; private set; } = null!;

    private protected CancellationToken Cancel => limit.Token;

    private protected abstract ValueTask<ILog> OpenAsync(TimeProvider time);

    private protected abstract ValueTask TrimAsync(ILog log, TopicPartition target, long keepFrom);

    public virtual async Task InitializeAsync()
    {
        Log = await OpenAsync(Time);
        await Log.EnsureTopicsAsync([new("calls", 2), new("results", 1)], Cancel);
    }

    public virtual async Task DisposeAsync()
    {
        await Log.DisposeAsync();
        limit.Dispose();
    }

    [Fact]
    public async Task A_new_topic_is_empty()
    {
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Calls, Cancel));
        Assert.Null(await Log.ReadCommittedAsync("group", Calls, Cancel));
    }

    [Fact]
    public async Task Ensuring_topics_again_keeps_their_records()
    {
        await AppendAsync(Calls, "a");
        await Log.EnsureTopicsAsync([new("calls", 2), new("more", 1)], Cancel);
        Assert.Equal(["0:a"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(new("more", 0), Cancel));
    }

    [Fact]
    public async Task Another_partition_count_is_refused_and_creates_nothing()
    {
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await Log.EnsureTopicsAsync([new("more", 1), new("calls", 3)], Cancel));
        Assert.Contains("calls has 2 partitions", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LogException>(async () =>
            await Log.ReadRangeAsync(new("more", 0), Cancel));
    }

    [Theory]
    [InlineData("calls", 2)]
    [InlineData("calls", -1)]
    [InlineData("nothing", 0)]
    public async Task An_unknown_partition_is_an_error_that_names_it(string topic, int partition)
    {
        TopicPartition unknown = new(topic, partition);
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await Log.ReadRangeAsync(unknown, Cancel));
        Assert.Contains(unknown.ToString(), error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LogException>(async () =>
        {
            await using ILogReader reader = Log.OpenReader(unknown, 0);
            await reader.ReadAsync(1, Cancel);
        });
        await using ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        LogTransaction half = new(
            [new(Calls, LogRecords.Of("a")), new(unknown, LogRecords.Of("b"))], []);
        await Assert.ThrowsAsync<LogException>(async () =>
            await producer.CommitAsync(half, Cancel));
        Assert.Equal(new OffsetRange(0, 0), await Log.ReadRangeAsync(Calls, Cancel));
    }

    [Fact]
    public async Task Records_come_back_as_they_were_appended()
    {
        await AppendAsync(Calls, "k=a", "b", "long-key=", "");
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        RecordBatch? batch = await reader.ReadAsync(10, Cancel);
        Assert.NotNull(batch);
        Assert.Equal(["0:k=a", "1:b", "2:long-key=", "3:"], LogRecords.TextsOf(batch));
        Assert.Equal(Calls, batch.Source);
        Assert.Equal((0, 4), (batch.From, batch.To));
        Assert.Equal(Time.NowMs, batch.AppendTimeMs);
        Assert.Equal("calls", batch.Origin);
        Assert.Equal("k".Length + "a".Length + "b".Length + "long-key".Length, batch.SizeBytes);
    }

    [Fact]
    public async Task Offsets_go_on_across_batches_and_partitions_have_their_own()
    {
        await AppendAsync(Calls, "a", "b");
        await AppendAsync(OtherCalls, "x");
        await AppendAsync(Calls, "c");
        Assert.Equal(["0:a", "1:b", "2:c"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
        Assert.Equal(["0:x"], await LogRecords.ReadAllAsync(Log, OtherCalls, Cancel));
        Assert.Equal(new OffsetRange(0, 3), await Log.ReadRangeAsync(Calls, Cancel));
    }

    [Fact]
    public async Task Offsets_and_source_of_appended_batches_are_ignored()
    {
        await AppendAsync(Calls, "a");
        RecordBatchBuilder builder = new();
        builder.Add(70, "k"u8, "v"u8);
        builder.Add(90, default, "w"u8);
        RecordBatch foreign = builder.Build(new TopicPartition("elsewhere", 7), 60, 100, 5, "file");
        await AppendAsync(Calls, foreign);
        Assert.Equal(["0:a", "1:k=v", "2:w"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
    }

    [Fact]
    public async Task A_batch_that_was_read_can_be_appended_in_part()
    {
        await AppendAsync(Calls, "a", "b", "k=c", "d");
        await using ILogReader reader = Log.OpenReader(Calls, 1);
        RecordBatch? middle = await reader.ReadAsync(2, Cancel);
        Assert.NotNull(middle);
        await AppendAsync(Results, middle);
        Assert.Equal(["0:b", "1:k=c"], await LogRecords.ReadAllAsync(Log, Results, Cancel));
    }

    [Fact]
    public async Task Reading_may_begin_and_end_inside_a_batch()
    {
        await AppendAsync(Calls, "a", "b", "c", "d", "e");
        await using ILogReader reader = Log.OpenReader(Calls, 1);
        RecordBatch? first = await reader.ReadAsync(2, Cancel);
        RecordBatch? second = await reader.ReadAsync(100, Cancel);
        Assert.Equal(["1:b", "2:c"], LogRecords.TextsOf(first!));
        Assert.Equal((1, 3), (first!.From, first.To));
        Assert.Equal(["3:d", "4:e"], LogRecords.TextsOf(second!));
        Assert.Equal((3, 5), (second!.From, second.To));
    }

    [Fact]
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
        for (int round = 0; round < 20; round++)
        {
            int from = random.Next(count);
            await using ILogReader reader = Log.OpenReader(Calls, from);
            List<string> texts = await LogRecords.ReadAsync(
                reader, count - from, Cancel, random.Next(1, 30));
            Assert.Equal(Enumerable.Range(from, count - from).Select(n => $"{n}:{n}"), texts);
        }
    }

    [Fact]
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
        Assert.Equal(new OffsetRange(0, 10), await Log.ReadRangeAsync(Calls, Cancel));
    }

    [Fact]
    public async Task A_reader_at_the_end_waits_and_wakes()
    {
        await AppendAsync(Calls, "a");
        await using ILogReader reader = Log.OpenReader(Calls, 1);
        Task<RecordBatch?> waiting = reader.ReadAsync(10, Cancel).AsTask();
        await AppendAsync(OtherCalls, "not for it");
        Assert.False(waiting.IsCompleted);
        await AppendAsync(Calls, "b");
        Assert.Equal(["1:b"], LogRecords.TextsOf((await waiting)!));
    }

    [Fact]
    public async Task Many_readers_wait_for_the_same_record()
    {
        List<Task<RecordBatch?>> waiting = [];
        for (int index = 0; index < 8; index++)
            waiting.Add(Log.OpenReader(Calls, 0).ReadAsync(10, Cancel).AsTask());
        await AppendAsync(Calls, "a");
        foreach (Task<RecordBatch?> read in waiting)
            Assert.Equal(["0:a"], LogRecords.TextsOf((await read)!));
    }

    [Fact]
    public async Task Waiting_can_be_cancelled_and_reading_goes_on()
    {
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        using CancellationTokenSource stop = new();
        Task<RecordBatch?> waiting = reader.ReadAsync(10, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await AppendAsync(Calls, "a");
        Assert.Equal(["0:a"], await LogRecords.ReadAsync(reader, 1, Cancel));
    }

    [Fact]
    public async Task Closing_the_log_ends_the_wait()
    {
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        Task<RecordBatch?> waiting = reader.ReadAsync(10, Cancel).AsTask();
        await Log.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
            await Log.ReadRangeAsync(Calls, Cancel));
    }

    [Fact]
    public async Task A_reader_keeps_up_with_a_writer()
    {
        const int Count = 100;
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        Task<List<string>> reading = Task.Run(() => LogRecords.ReadAsync(reader, Count, Cancel));
        await using ILogProducer producer = await Log.OpenProducerAsync("p", Cancel);
        for (int number = 0; number < Count; number++)
            await LogRecords.CommitAsync(
                producer, LogRecords.Append(Calls, $"{number}"), Cancel);
        Assert.Equal(Enumerable.Range(0, Count).Select(n => $"{n}:{n}"), await reading);
    }

    [Fact]
    public async Task Trimming_moves_the_begin_and_keeps_the_rest()
    {
        await AppendAsync(Calls, "a", "b", "c");
        await AppendAsync(Calls, "d", "e");
        await TrimAsync(Log, Calls, 4);
        Assert.Equal(new OffsetRange(4, 5), await Log.ReadRangeAsync(Calls, Cancel));
        Assert.Equal(["4:e"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
        await TrimAsync(Log, Calls, 2);
        Assert.Equal(new OffsetRange(4, 5), await Log.ReadRangeAsync(Calls, Cancel));
    }

    [Fact]
    public async Task Trimming_everything_keeps_counting_offsets()
    {
        await AppendAsync(Calls, "a", "b");
        await TrimAsync(Log, Calls, 100);
        Assert.Equal(new OffsetRange(2, 2), await Log.ReadRangeAsync(Calls, Cancel));
        await AppendAsync(Calls, "c");
        Assert.Equal(["2:c"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
    }

    [Theory]
    [InlineData(1, "begins at 3")]
    [InlineData(2, "begins at 3")]
    [InlineData(6, "ends at 5")]
    public async Task Reading_outside_the_range_is_an_error(long from, string expected)
    {
        await AppendAsync(Calls, "a", "b");
        await AppendAsync(Calls, "c", "d", "e");
        await TrimAsync(Log, Calls, 3);
        await using ILogReader reader = Log.OpenReader(Calls, from);
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await reader.ReadAsync(1, Cancel));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private protected Task AppendAsync(TopicPartition target, params string[] texts) =>
        AppendAsync(target, LogRecords.Of(texts));

    private protected async Task AppendAsync(TopicPartition target, RecordBatch records)
    {
        await using ILogProducer producer = await Log.OpenProducerAsync("append", Cancel);
        await LogRecords.CommitAsync(
            producer, new LogTransaction([new(target, records)], []), Cancel);
    }
}
