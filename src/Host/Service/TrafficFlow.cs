using System.Diagnostics;
using Earshot.Host.Data;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources.Traffic;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Service;

/// <summary>
/// Generated traffic into the input topic: first, in a new data folder, what would have come in
/// the backfill's time, as fast as it goes; then each record at its moment.
/// </summary>
internal sealed partial class TrafficFlow(
    RunRequest request, DataFolder folder, ILog log, ILogger logger)
{
    private const string StateName = "traffic.json";

    /// <summary>Most records in one transaction while catching up.</summary>
    private const int TransactionRecordsMax = 20_000;

    private static readonly TimeSpan beat = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan retryAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeProvider time = TimeProvider.System;

    private readonly RecordBatchBuilder[] partitions =
        [.. Enumerable.Range(0, request.Options.Partitions).Select(_ => new RecordBatchBuilder())];

    /// <summary>Flows until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        TrafficGenerator generator = CreateGenerator();
        ILogProducer producer = await OpenAsync(cancel);
        try
        {
            TrafficEvent next = generator.Next();
            while (true)
            {
                cancel.ThrowIfCancellationRequested();
                long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
                int count = 0;
                for (; next.ArrivalTimeMs <= nowMs && count < TransactionRecordsMax; count++)
                {
                    Add(next);
                    next = generator.Next();
                }

                if (count > 0)
                    producer = await AppendAsync(producer, cancel);
                if (count < TransactionRecordsMax)
                    await Task.Delay(beat, time, cancel);
            }
        }
        finally
        {
            await producer.DisposeAsync();
        }
    }

    /// <summary>
    /// Each start has a seed and a time of its own, from which the generator makes its ids: none
    /// ever comes twice. The count is stored before the first record.
    /// </summary>
    private TrafficGenerator CreateGenerator()
    {
        long starts = (folder.Read<TrafficState>(StateName)?.Starts ?? 0) + 1;
        folder.Write(StateName, new TrafficState { Starts = starts });
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset start = starts == 1 ? now - request.Backfill : now;
        LogFlows(logger, request.CallsPerSecond, start);
        return new TrafficGenerator(new TrafficOptions
        {
            Seed = (ulong)starts,
            Start = start,
            CallsPerSecond = request.CallsPerSecond,
            LateAfter = TimeSpan.FromMilliseconds(request.Options.LatenessMs),
        });
    }

    private void Add(in TrafficEvent next)
    {
        ulong hash = StableHash.Of(next.Key.Span);
        partitions[(int)(hash % (ulong)partitions.Length)].Append(next.Key.Span, next.Bytes.Span);
    }

    /// <summary>
    /// Appends what was added. After an unknown outcome the same is sent again: should the first
    /// one have been written after all, the pipeline drops the second by its event ids.
    /// </summary>
    private async Task<ILogProducer> AppendAsync(ILogProducer producer, CancellationToken cancel)
    {
        List<RecordAppend> appends = [];
        for (int partition = 0; partition < partitions.Length; partition++)
        {
            if (partitions[partition].Count > 0)
                appends.Add(new RecordAppend(
                    new TopicPartition(request.Options.InputTopic, partition),
                    partitions[partition].Build()));
        }

        LogTransaction transaction = new(appends, []);
        while (true)
        {
            CommitResult result = await producer.CommitAsync(transaction, cancel);
            switch (result.Outcome)
            {
                case CommitOutcome.Committed:
                    return producer;
                case CommitOutcome.Unknown:
                    await producer.DisposeAsync();
                    producer = await OpenAsync(cancel);
                    break;
                case CommitOutcome.Aborted:
                    LogRefused(logger, retryAfter.TotalSeconds, result.Error);
                    await Task.Delay(retryAfter, time, cancel);
                    break;
                case CommitOutcome.Fenced:
                    throw new LogException($"another process generates traffic: {result.Error}");
                default:
                    throw new UnreachableException();
            }
        }
    }

    private ValueTask<ILogProducer> OpenAsync(CancellationToken cancel) =>
        log.OpenProducerAsync($"{request.Options.PipelineId}.traffic", cancel);

    [LoggerMessage(110, LogLevel.Information,
        "generated traffic: {CallsPerSecond} calls/s, from {Start:yyyy-MM-dd HH:mm:ss} UTC on")]
    private static partial void LogFlows(
        ILogger logger, double callsPerSecond, DateTimeOffset start);

    [LoggerMessage(111, LogLevel.Warning,
        "generated traffic could not be written, trying again in {Seconds} s: {Error}")]
    private static partial void LogRefused(ILogger logger, double seconds, string? error);

    /// <summary>What is kept between two starts.</summary>
    private sealed record TrafficState
    {
        public required long Starts { get; init; }
    }
}
