using BenchmarkDotNet.Attributes;
using Earshot.Log;
using Earshot.Log.Memory;

namespace Earshot.Bench;

/// <summary>
/// The log in memory: a commit of 1,000 records of 200 B and an offset, and reading them back.
/// What is left of a commit when nothing is written to disk. Per commit, or batch read.
/// </summary>
[MemoryDiagnoser]
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Design", "CA1001", Justification = "BenchmarkDotNet calls the cleanup, not Dispose.")]
public class MemoryLogBenchmarks
{
    private const int Commits = 1_000;
    private const int Records = 1_000;
    private const int RecordBytes = 200;

    private static readonly TopicPartition target = new("bench", 0);

    private RecordBatch records = null!;
    private MemoryLog log = null!;
    private ILogProducer producer = null!;
    private long? committed;

    [GlobalSetup]
    public void Setup()
    {
        RecordBatchBuilder builder = new();
        byte[] value = new byte[RecordBytes];
        for (int i = 0; i < Records; i++)
            builder.Append([], value);
        records = builder.Build();
    }

    [IterationSetup]
    public void Open() => OpenAsync().GetAwaiter().GetResult();

    [Benchmark(OperationsPerInvoke = Commits)]
    public void Append() => AppendAsync().GetAwaiter().GetResult();

    [Benchmark(OperationsPerInvoke = Commits)]
    public long AppendAndRead() => AppendAndReadAsync().GetAwaiter().GetResult();

    [IterationCleanup]
    public void Close() => CloseAsync().GetAwaiter().GetResult();

    private async Task OpenAsync()
    {
        log = new MemoryLog(TimeProvider.System);
        await log.EnsureTopicsAsync([new TopicSpec(target.Topic, 1)], default);
        producer = await log.OpenProducerAsync("bench", default);
        committed = null;
    }

    private async Task CloseAsync()
    {
        await producer.DisposeAsync();
        await log.DisposeAsync();
    }

    private async Task AppendAsync()
    {
        for (int commit = 0; commit < Commits; commit++)
        {
            CommitResult result = await producer.CommitAsync(
                new LogTransaction(
                    [new RecordAppend(target, records)],
                    [new OffsetMove("bench", target, committed, commit + 1)]),
                default);
            if (result.Outcome != CommitOutcome.Committed)
                throw new InvalidOperationException($"{result.Outcome}: {result.Error}");
            committed = commit + 1;
        }
    }

    private async Task<long> AppendAndReadAsync()
    {
        await AppendAsync();
        await using ILogReader reader = log.OpenReader(target, 0);
        long read = 0;
        while (read < (long)Commits * Records)
            read += (await reader.ReadAsync(Records, default))!.Count;
        return read;
    }
}
