using Earshot.Log;
using Earshot.Log.Sqlite;
using Earshot.Sqlite;
using Microsoft.Data.Sqlite;

namespace Earshot.Tests.Conformance.Logs;

/// <summary>What the SQLite log says and does when the disk or the file fails it.</summary>
public sealed class SqliteLogFaultTests : IDisposable
{
    private const int MaxFileBytes = 1024 * 1024;

    private static readonly TopicPartition Calls = new("calls", 0);
    private static readonly TopicPartition Results = new("results", 0);

    private readonly ScratchFolder folder = new();
    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));

    private CancellationToken Cancel => limit.Token;

    private string FilePath => folder.File("log.db");

    public void Dispose()
    {
        limit.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_full_disk_aborts_whole_transactions_and_passes()
    {
        await using SqliteLog log = await OpenAsync(MaxFileBytes);
        await using ILogProducer producer = await log.OpenProducerAsync("p", Cancel);
        int committed = 0;
        CommitResult result = await producer.CommitAsync(Step(committed), Cancel);
        while (result.Outcome == CommitOutcome.Committed)
        {
            committed++;
            result = await producer.CommitAsync(Step(committed), Cancel);
        }

        Assert.Equal(CommitOutcome.Aborted, result.Outcome);
        Assert.Contains("No space left", result.Error, StringComparison.Ordinal);
        Assert.Contains(FilePath, result.Error, StringComparison.Ordinal);
        Assert.InRange(committed, 5, 12);
        await AssertStandsAtAsync(log, committed);

        // Still full: the same answer, and still nothing half written.
        CommitResult again = await producer.CommitAsync(Step(committed), Cancel);
        Assert.Equal(CommitOutcome.Aborted, again.Outcome);
        await AssertStandsAtAsync(log, committed);

        await log.TrimAsync(Results, committed, Cancel);
        await LogRecords.CommitAsync(producer, Step(committed), Cancel);
        await AssertStandsAtAsync(log, committed + 1);
    }

    [Fact]
    public async Task A_disk_full_in_the_middle_of_a_split_append_leaves_nothing()
    {
        await using SqliteLog log = await OpenAsync(6 * 1024 * 1024);
        await using ILogProducer producer = await log.OpenProducerAsync("p", Cancel);
        RecordBatchBuilder builder = new();
        for (int number = 0; number < 10; number++)
            builder.Append(default, new byte[1024 * 1024]);
        LogTransaction large = new([new(Calls, builder.Build())], []);
        CommitResult result = await producer.CommitAsync(large, Cancel);
        Assert.Equal(CommitOutcome.Aborted, result.Outcome);
        Assert.Equal(new OffsetRange(0, 0), await log.ReadRangeAsync(Calls, Cancel));
        await LogRecords.CommitAsync(producer, LogRecords.Append(Calls, "small"), Cancel);
    }

    [Fact]
    public async Task Another_process_that_holds_the_file_aborts_the_commit()
    {
        await using SqliteLog log = await OpenAsync();
        await using ILogProducer producer = await log.OpenProducerAsync("p", Cancel);
        using (SqliteSession other = new SqliteFile(FilePath).Open())
        {
            other.Execute("BEGIN IMMEDIATE");
            CommitResult result = await producer.CommitAsync(
                LogRecords.Append(Calls, "a"), Cancel);
            Assert.Equal(CommitOutcome.Aborted, result.Outcome);
            Assert.Contains("in use by another", result.Error, StringComparison.Ordinal);
        }
        await LogRecords.CommitAsync(producer, LogRecords.Append(Calls, "b"), Cancel);
        Assert.Equal(["0:b"], await LogRecords.ReadAllAsync(log, Calls, Cancel));
    }

    [Fact]
    public async Task A_flipped_bit_in_a_batch_is_found()
    {
        await using SqliteLog log = await OpenAsync();
        await CommitTwoAsync(log);
        Tamper("UPDATE batches SET data = CAST(substr(data, 1, 20) || 'X' "
            + "|| substr(data, 22) AS BLOB) WHERE base_offset = 2");
        await using ILogReader reader = log.OpenReader(Calls, 0);
        Assert.Equal(
            ["0:first", "1:second"],
            LogRecords.TextsOf((await reader.ReadAsync(10, Cancel))!));
        await AssertDamagedAsync(reader, "checksum does not match");
    }

    [Theory]
    [InlineData("DELETE FROM batches WHERE base_offset = 0", "it is missing")]
    [InlineData("UPDATE batches SET data = x'00'", "it has 1 bytes")]
    [InlineData("UPDATE batches SET data = zeroblob(100)", "does not begin as a block does")]
    [InlineData("UPDATE batches SET count = 3 WHERE base_offset = 0", "2 records, not 3")]
    [InlineData(
        "UPDATE batches SET data = x'45534203' || substr(data, 5)", "version 3")]
    public async Task A_damaged_batch_says_how(string sql, string expected)
    {
        await using SqliteLog log = await OpenAsync();
        await CommitTwoAsync(log);
        Tamper(sql);
        await using ILogReader reader = log.OpenReader(Calls, 0);
        await AssertDamagedAsync(reader, expected);
    }

    [Fact]
    public async Task A_newer_schema_is_refused()
    {
        await using (await OpenAsync())
        {
        }
        Tamper("UPDATE meta SET value = 2 WHERE name = 'schema.log'");
        LogException error = await Assert.ThrowsAsync<LogException>(() => OpenAsync());
        Assert.Contains("newer version", error.Message, StringComparison.Ordinal);
        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("version 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused()
    {
        await File.WriteAllTextAsync(FilePath, string.Concat(Enumerable.Repeat("garbage ", 2000)));
        LogException error = await Assert.ThrowsAsync<LogException>(() => OpenAsync());
        Assert.Contains("no SQLite database", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_in_the_place_of_the_file_is_refused()
    {
        Directory.CreateDirectory(FilePath);
        LogException error = await Assert.ThrowsAsync<LogException>(() => OpenAsync());
        Assert.Contains("cannot be opened", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_library_names_the_package()
    {
        SqliteFileException error = Assert.Throws<SqliteFileException>(() =>
            SqliteNative.LoadFirst(["libnothing-of-this-name.so"]));
        if (!OperatingSystem.IsWindows())
            Assert.Contains("libsqlite3-0", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13, false, true, "No space left")]
    [InlineData(5, false, true, "in use by another")]
    [InlineData(10, true, true, "disk failed")]
    [InlineData(8, true, false, "cannot be written")]
    [InlineData(11, true, false, "damaged")]
    public void Failures_of_commit_say_whether_it_may_be_written(
        int code, bool mayBeWritten, bool transient, string expected)
    {
        SqliteException cause = new("as SQLite says it", code);
        SqliteFileException commit = SqliteFailure.ExplainCommit(cause, "x.db");
        Assert.Equal((mayBeWritten, transient), (commit.MayBeWritten, commit.IsTransient));
        Assert.Contains(expected, commit.Message, StringComparison.Ordinal);
        Assert.False(SqliteFailure.Explain(cause, "x.db").MayBeWritten);
    }

    [Fact]
    public void The_checksum_is_CRC_32C() =>
        // The check value of the CRC catalogue.
        Assert.Equal(0xE3069283u, Crc32C.Of("123456789"u8));

    private async Task<SqliteLog> OpenAsync(long maxFileBytes = 0)
    {
        SqliteLogOptions options = new(FilePath)
        {
            MaxFileBytes = maxFileBytes,
            BusyTimeout = TimeSpan.FromMilliseconds(10),
        };
        SqliteLog log = await SqliteLog.OpenAsync(options, new ManualTime(), Cancel);
        await log.EnsureTopicsAsync([new("calls", 1), new("results", 1)], Cancel);
        return log;
    }

    private async Task CommitTwoAsync(SqliteLog log)
    {
        await using ILogProducer producer = await log.OpenProducerAsync("p", Cancel);
        await LogRecords.CommitAsync(
            producer, LogRecords.Append(Calls, "first", "second"), Cancel);
        await LogRecords.CommitAsync(
            producer, LogRecords.Append(Calls, "third", "fourth"), Cancel);
    }

    private void Tamper(string sql)
    {
        using SqliteSession session = new SqliteFile(FilePath).Open();
        Assert.NotEqual(0, session.Execute(sql));
    }

    private async Task AssertDamagedAsync(ILogReader reader, string expected)
    {
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await reader.ReadAsync(10, Cancel));
        Assert.Contains("calls[0]", error.Message, StringComparison.Ordinal);
        Assert.Contains(FilePath, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    // The small record comes first: what is full is found when it lies there already.
    private static LogTransaction Step(int number) => new(
        [new(Calls, LogRecords.Of($"{number}")),
            new(Results, LogRecords.Of(new string('x', 100_000)))],
        [new("g", Calls, number == 0 ? null : number, number + 1)]);

    private async Task AssertStandsAtAsync(SqliteLog log, int steps)
    {
        Assert.Equal(
            Enumerable.Range(0, steps).Select(n => $"{n}:{n}"),
            await LogRecords.ReadAllAsync(log, Calls, Cancel));
        Assert.Equal(steps, (await log.ReadRangeAsync(Results, Cancel)).End);
        Assert.Equal(steps, await log.ReadCommittedAsync("g", Calls, Cancel));
    }
}
