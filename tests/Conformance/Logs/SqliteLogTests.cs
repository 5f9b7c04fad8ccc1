using Earshot.Log;
using Earshot.Log.Sqlite;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>The SQLite log, and what only it can do: outlive the process, retention.</summary>
public sealed class SqliteLogTests : LogConformance
{
    private static readonly Dictionary<TopicPartition, long> NoFloors = [];

    private readonly ScratchFolder folder = new();

    private SqliteLog Sqlite => (SqliteLog)Log;

    private protected override async ValueTask<ILog> OpenAsync(TimeProvider time) =>
        await SqliteLog.OpenAsync(new SqliteLogOptions(folder.File("log.db")), time, Cancel);

    private protected override async ValueTask TrimAsync(
        ILog log, TopicPartition target, long keepFrom) =>
        await ((SqliteLog)log).TrimAsync(target, keepFrom, Cancel);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Everything_is_there_after_reopening()
    {
        await using ILogProducer older = await Log.OpenProducerAsync("p", Cancel);
        await LogRecords.CommitAsync(
            older, LogRecords.Move("g", Calls, null, 5, new RecordAppend(
                Results, LogRecords.Of("k=a", "b"))), Cancel);
        await Log.DisposeAsync();

        await using ILog again = await OpenAsync(Time);
        Assert.Equal(["0:k=a", "1:b"], await LogRecords.ReadAllAsync(again, Results, Cancel));
        Assert.Equal(5, await again.ReadCommittedAsync("g", Calls, Cancel));
        await Assert.ThrowsAsync<LogException>(async () =>
            await again.EnsureTopicsAsync([new("calls", 9)], Cancel));
    }

    [Fact]
    public async Task Producers_of_another_process_are_fenced_too()
    {
        await using ILog elsewhere = await OpenAsync(Time);
        await using ILogProducer older = await elsewhere.OpenProducerAsync("p", Cancel);
        await using ILogProducer newer = await Log.OpenProducerAsync("p", Cancel);
        CommitResult result = await older.CommitAsync(LogRecords.Append(Calls, "a"), Cancel);
        Assert.Equal(CommitOutcome.Fenced, result.Outcome);
        await LogRecords.CommitAsync(newer, LogRecords.Append(Calls, "b"), Cancel);
        Assert.Equal(["0:b"], await LogRecords.ReadAllAsync(elsewhere, Calls, Cancel));
    }

    [Fact]
    public async Task Records_of_another_process_are_found_at_the_next_poll()
    {
        await using ILog elsewhere = await OpenAsync(TimeProvider.System);
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        Task<RecordBatch?> waiting = reader.ReadAsync(10, Cancel).AsTask();
        await using ILogProducer producer = await elsewhere.OpenProducerAsync("p", Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Append(Calls, "a"), Cancel);
        Assert.False(waiting.IsCompleted);
        Time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(["0:a"], LogRecords.TextsOf((await waiting)!));
    }

    [Fact]
    public async Task Batches_too_old_go()
    {
        await AppendAsync(Calls, "a", "b");
        await AppendAsync(Results, "x");
        Time.Advance(TimeSpan.FromHours(2));
        await AppendAsync(Calls, "c");
        RetentionOptions options = new() { MaxAge = TimeSpan.FromHours(1) };
        Assert.Equal(2, await Sqlite.ApplyRetentionAsync(options, NoFloors, Cancel));
        Assert.Equal(new OffsetRange(2, 3), await Log.ReadRangeAsync(Calls, Cancel));
        Assert.Equal(new OffsetRange(1, 1), await Log.ReadRangeAsync(Results, Cancel));
        Assert.Equal(["2:c"], await LogRecords.ReadAllAsync(Log, Calls, Cancel));
        Assert.Equal(0, await Sqlite.ApplyRetentionAsync(options, NoFloors, Cancel));
    }

    [Fact]
    public async Task Past_the_size_the_oldest_of_all_partitions_go()
    {
        for (int number = 0; number < 10; number++)
        {
            await AppendAsync(number % 2 == 0 ? Calls : Results, new string('x', 1000));
            Time.Advance(TimeSpan.FromSeconds(1));
        }
        RetentionOptions options = new() { MaxBytes = 5 * 1100 };
        Assert.Equal(5, await Sqlite.ApplyRetentionAsync(options, NoFloors, Cancel));
        Assert.Equal(new OffsetRange(3, 5), await Log.ReadRangeAsync(Calls, Cancel));
        Assert.Equal(new OffsetRange(2, 5), await Log.ReadRangeAsync(Results, Cancel));
    }

    [Fact]
    public async Task What_must_stay_readable_stays()
    {
        for (int number = 0; number < 4; number++)
            await AppendAsync(Calls, "a", "b");
        Time.Advance(TimeSpan.FromHours(2));
        RetentionOptions options = new() { MaxAge = TimeSpan.FromHours(1), MaxBytes = 0 };
        Dictionary<TopicPartition, long> floors = new() { [Calls] = 5 };
        Assert.Equal(2, await Sqlite.ApplyRetentionAsync(options, floors, Cancel));
        Assert.Equal(new OffsetRange(4, 8), await Log.ReadRangeAsync(Calls, Cancel));
    }

    [Fact]
    public async Task Space_is_given_back()
    {
        string text = new('x', 1024 * 1024);
        for (int number = 0; number < 12; number++)
            await AppendAsync(Calls, text);
        // More batches in one go than a turn of the retention may delete.
        for (int number = 0; number < 300; number++)
            await AppendAsync(Results, "small");
        Assert.Equal(12, await Sqlite.TrimAsync(Calls, 12, Cancel));
        Assert.Equal(300, await Sqlite.TrimAsync(Results, 300, Cancel));
        await Log.DisposeAsync();
        Assert.InRange(new FileInfo(folder.File("log.db")).Length, 1, 2 * 1024 * 1024);
    }
}
