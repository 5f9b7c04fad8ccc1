using System.Diagnostics;
using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Log;

namespace Earshot.Host.Service;

/// <summary>Keeps the service's status: looks once a second, answers from memory.</summary>
/// <param name="request">What was asked for.</param>
/// <param name="id">Identity of the pipeline.</param>
/// <param name="archive">Folder of the archive.</param>
/// <param name="time">Clock.</param>
internal sealed class StatusBook(RunRequest request, Guid id, string archive, TimeProvider time)
{
    private static readonly TimeSpan every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan rateSpan = TimeSpan.FromSeconds(10);
    private const int LooksPerFileCount = 10;

    private readonly DateTimeOffset startedAt = time.GetUtcNow();
    private readonly RateWindow input = new(rateSpan, time);
    private readonly RateWindow processed = new(rateSpan, time);
    private Dictionary<string, (int Files, long Bytes)> files = [];
    private IReadOnlyList<TableStatus> sink = [];
    private int looks;
    private volatile ServiceStatus? current;

    /// <summary>The newest status; null while starting.</summary>
    public ServiceStatus? Current => current;

    /// <summary>Looks until cancelled.</summary>
    public async Task RunAsync(Pipeline pipeline, ILog log, CancellationToken cancel)
    {
        using PeriodicTimer timer = new(every, time);
        do
        {
            current = await LookAsync(pipeline, log, cancel);
        }
        while (await timer.WaitForNextTickAsync(cancel));
    }

    private async Task<ServiceStatus> LookAsync(
        Pipeline pipeline, ILog log, CancellationToken cancel)
    {
        IReadOnlyList<ActorParkedException> parked = pipeline.Parked;
        List<PartitionStatus> partitions = [];
        StageProgress? sum = null;
        foreach (PartitionProgress part in pipeline.Progress)
        {
            partitions.Add(await PartitionAsync(part, log, parked, cancel));
            sum = sum is null ? part.Books : sum + part.Books;
        }

        sum ??= new StageProgress();
        string first = request.Options.Rekey ? "rekey" : request.Options.Fused ? "fused" : "call";
        PartitionStatus[] readers = [.. partitions.Where(p => p.Stage == first)];
        long end = readers.Sum(p => p.End);
        input.Add(end);
        processed.Add(sum.Read);
        return new ServiceStatus
        {
            Id = id,
            Name = request.Options.PipelineId,
            State = parked.Count > 0 ? "degraded" : "running",
            Timestamp = time.GetUtcNow(),
            StartedAt = startedAt,
            Alarms = [.. parked.Select(p => p.Message)],
            InputRowsPerSecond = Math.Round(input.PerSecond, 1),
            ProcessedRowsPerSecond = Math.Round(processed.PerSecond, 1),
            Watermark = ToTime(sum.WatermarkMs),
            Books = sum,
            StateHeld = new StateStatus(
                sum.Keys, sum.OpenWindows, sum.LiveCalls, GC.GetTotalMemory(false),
                Process.GetCurrentProcess().WorkingSet64),
            Source = new SourceStatus(
                request.Kafka is { } kafka
                    ? $"topic {request.Options.InputTopic} of Kafka at {kafka.Bootstrap}"
                    : $"generated traffic in {request.Options.InputTopic}",
                end, readers.Sum(p => p.Lag)),
            Partitions = partitions,
            Sink = new SinkStatus(archive, await TablesAsync(log, cancel)),
        };
    }

    private async Task<PartitionStatus> PartitionAsync(
        PartitionProgress part, ILog log, IReadOnlyList<ActorParkedException> parked,
        CancellationToken cancel)
    {
        Topics topics = request.Options.Topics;
        string topic = part.Stage switch
        {
            "aggregator" => topics.Bundles,
            "rekey" => request.Options.InputTopic,
            _ => topics.Calls,
        };
        OffsetRange range = await log.ReadRangeAsync(
            new TopicPartition(topic, part.Partition), cancel);
        bool isParked = parked.Any(p => p.Name == $"{part.Stage}/{part.Partition}");
        return new PartitionStatus(
            part.Stage, part.Partition, isParked ? "parked" : part.Phase, part.Position,
            part.Committed, part.Saved, range.End, range.End - (part.Committed ?? 0),
            ToTime(part.Books.WatermarkMs), part.Books,
            [.. part.PddLimits.Select(limit => new PddLimitStatus(
                limit.Country, limit.LimitSeconds,
                DateTimeOffset.FromUnixTimeMilliseconds(limit.HourMs), limit.Samples))]);
    }

    private async Task<IReadOnlyList<TableStatus>> TablesAsync(ILog log, CancellationToken cancel)
    {
        Topics topics = request.Options.Topics;

        // Counting files is slow where there are many; so is asking brokers for every offset.
        bool look = looks++ % LooksPerFileCount == 0;
        if (look)
            files = topics.Archived.ToDictionary(t => t.Table, t => CountFiles(t.Table));
        else if (request.Kafka is not null)
            return sink;
        List<TableStatus> tables = [];
        foreach ((string topic, string table) in topics.Archived)
        {
            long rows = 0, end = 0;
            for (int partition = 0; partition < request.Options.Partitions; partition++)
            {
                TopicPartition source = new(topic, partition);
                end += (await log.ReadRangeAsync(source, cancel)).End;
                rows += await log.ReadCommittedAsync(
                    $"{request.Options.PipelineId}.archive", source, cancel) ?? 0;
            }

            (int count, long bytes) = files[table];
            tables.Add(new TableStatus(table, rows, end - rows, count, bytes));
        }

        sink = tables;
        return tables;
    }

    private (int Files, long Bytes) CountFiles(string table)
    {
        DirectoryInfo folder = new(Path.Combine(archive, table));
        if (!folder.Exists)
            return (0, 0);
        int count = 0;
        long bytes = 0;
        EnumerationOptions all = new() { RecurseSubdirectories = true, IgnoreInaccessible = true };
        foreach (FileInfo file in folder.EnumerateFiles("*.parquet", all))
        {
            // A compaction may remove a file between its listing and this look at it.
            file.Refresh();
            if (!file.Exists)
                continue;
            count++;
            bytes += file.Length;
        }

        return (count, bytes);
    }

    private static DateTimeOffset? ToTime(long? ms) =>
        ms is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}
