using BenchmarkDotNet.Attributes;
using Earshot.Log;
using Earshot.Log.Sqlite;

namespace Earshot.Bench;

/// <summary>
/// A commit of 1,000 records of 200 B and an offset, flushed to disk before it returns. Per
/// commit; an iteration makes 64 of them in a fresh file, checkpoints included.
/// </summary>
[MemoryDiagnoser]
public class SqliteLogBenchmarks
{
    private const int Commits = 64;
    private const int Records = 1_000;
    private const int RecordBytes = 200;

    private static readonly TopicPartition target = new("bench", 0);

    private RecordBatch records = null!;
    private string folder = "";
    private SqliteLog log = null!;
    private ILogProducer producer = null!;

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(1);
        RecordBatchBuilder builder = new();
        byte[] value = new byte[RecordBytes];
        for (int i = 0; i < Records; i++)
        {
            random.NextBytes(value);
            builder.Append([], value);
        }

        records = builder.Build();
    }

    [IterationSetup]
    public void Open() => OpenAsync().GetAwaiter().GetResult();

    [IterationCleanup]
    public void Close() => CloseAsync().GetAwaiter().GetResult();

    [Benchmark(OperationsPerInvoke = Commits)]
    public void Commit() => CommitAllAsync().GetAwaiter().GetResult();

    private async Task OpenAsync()
    {
        folder = Directory.CreateTempSubdirectory("earshot-bench-").FullName;
        log = await SqliteLog.OpenAsync(
            new SqliteLogOptions(Path.Combine(folder, "log.db")), TimeProvider.System, default);
        await log.EnsureTopicsAsync([new TopicSpec(target.Topic, 1)], default);
        producer = await log.OpenProducerAsync("bench", default);
    }

    private async Task CommitAllAsync()
    {
        for (long commit = 0; commit < Commits; commit++)
        {
            LogTransaction transaction = new(
                [new RecordAppend(target, records)],
                [new OffsetMove("bench", target, commit == 0 ? null : commit, commit + 1)]);
            CommitResult result = await producer.CommitAsync(transaction, default);
            if (result.Outcome != CommitOutcome.Committed)
                throw new InvalidOperationException($"{result.Outcome}: {result.Error}");
        }
    }

    private async Task CloseAsync()
    {
        await producer.DisposeAsync();
        await log.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
