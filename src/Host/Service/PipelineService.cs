using Earshot.Actors;
using Earshot.Host.Data;
using Earshot.Log;
using Earshot.Log.Sqlite;
using Earshot.Sources.Wire;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Service;

/// <summary>
/// The pipeline as a hosted service: starts when the web server listens, ends cleanly with the
/// host, and looks after log and archive in between.
/// </summary>
internal sealed partial class PipelineService(
    RunRequest request, DataFolder folder, ILog? kafka, StatusBook status, ServiceEnd end,
    ILoggerFactory logs)
    : IHostedLifecycleService, IDisposable
{
    private readonly ILogger logger = logs.CreateLogger("Earshot.Service");
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> chores = [];
    private PipelineStores? stores;
    private Pipeline? pipeline;

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Starts when everything else has: a port in use is known by then.</summary>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        PipelineOptions options = request.Options;
        stores = kafka is null
            ? await PipelineStores.OpenAsync(folder, options, cancellationToken)
            : await PipelineStores.OpenAsync(
                folder, options, kafka, request.Snapshots, cancellationToken);
        await stores.Log.EnsureTopicsAsync([InputTopic()], cancellationToken);
        pipeline = await Pipeline.StartAsync(options, CreateWorld(stores), cancellationToken);
        chores.Add(ChoreAsync("status", () => status.RunAsync(pipeline, stores.Log, stop.Token)));
        chores.Add(ChoreAsync("end", () => end.WatchAsync(pipeline, stop.Token)));
        chores.Add(ChoreAsync("compaction", CompactAsync));
        if (request.ArchiveRetention is { } kept)
            chores.Add(ChoreAsync("archive retention", () => RetainArchiveAsync(kept)));
        if (stores.Log is SqliteLog embedded)
        {
            TrafficFlow flow = new(request, folder, embedded, logger);
            chores.Add(ChoreAsync("retention", () => RetainAsync(embedded)));
            chores.Add(ChoreAsync("traffic", () => Task.Run(
                () => flow.RunAsync(stop.Token), CancellationToken.None)));
        }
    }

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(request.StopWithin);
        using CancellationTokenSource cut = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, cancellationToken);
        await stop.CancelAsync();
        await Task.WhenAll(chores);
        if (pipeline is not null)
        {
            try
            {
                end.CutShort = !await pipeline.StopAsync(cut.Token);
            }
            catch (OperationCanceledException)
            {
                end.CutShort = true;
                LogStoppedHard(logger, request.StopWithin.TotalSeconds);
            }

            await pipeline.DisposeAsync();
        }

        if (stores is not null)
            await stores.DisposeAsync();
    }

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => stop.Dispose();

    private TopicSpec InputTopic() => request.Options.RekeyFrom
        ?? new TopicSpec(request.Options.InputTopic, request.Options.Partitions);

    private PipelineWorld CreateWorld(PipelineStores stores)
    {
        LogInput input = new(stores.Log, request.Options);
        PipelineWorld world = stores.CreateWorld(
            input.Open, static () => new WireDecoder(), logs) with
        {
            InputBegin = input.BeginAsync,
        };
        return request.Kafka is not { } cluster ? world : world with
        {
            InputStart = (partition, cancel) =>
                input.StartAsync(partition, cluster.FromLatest, cancel),
            ProcessName = cluster.Instance ?? folder.Id.ToString("N")[..12],
        };
    }

    private async Task RetainAsync(SqliteLog log)
    {
        using PeriodicTimer timer = new(RunRequest.RetentionEvery);
        while (await timer.WaitForNextTickAsync(stop.Token))
        {
            long removed = await LogRetention.ApplyAsync(request, pipeline!, log, stop.Token);
            if (removed > 0)
                LogRetained(logger, removed);
        }
    }

    private async Task RetainArchiveAsync(TimeSpan kept)
    {
        using PeriodicTimer timer = new(RunRequest.RetentionEvery);
        while (await timer.WaitForNextTickAsync(stop.Token))
        {
            int deleted = await stores!.Archive.ApplyRetentionAsync(
                DateTimeOffset.UtcNow - kept, stop.Token);
            if (deleted > 0)
                LogArchiveRetained(logger, deleted, kept);
        }
    }

    private async Task CompactAsync()
    {
        using PeriodicTimer timer = new(RunRequest.CompactEvery);
        while (await timer.WaitForNextTickAsync(stop.Token))
            await stores!.Archive.CompactAsync(stop.Token);
    }

    /// <summary>
    /// Runs a chore until the service ends. One that fails is told of and begun again: the
    /// pipeline itself does not depend on it.
    /// </summary>
    private async Task ChoreAsync(string name, Func<Task> work)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await work();
                return;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                LogChoreFailed(logger, name, e.Message, e);
                await Task.Delay(TimeSpan.FromSeconds(5), stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(100, LogLevel.Debug, "log retention removed {Batches} batches")]
    private static partial void LogRetained(ILogger logger, long batches);

    [LoggerMessage(103, LogLevel.Information,
        "archive retention deleted {Files} files of days that ended more than {Kept} ago")]
    private static partial void LogArchiveRetained(ILogger logger, int files, TimeSpan kept);

    [LoggerMessage(102, LogLevel.Warning,
        "the pipeline did not end within {Seconds} s; what is not committed is done again at the "
        + "next start")]
    private static partial void LogStoppedHard(ILogger logger, double seconds);

    [LoggerMessage(101, LogLevel.Error, "{Chore} failed and begins again in 5 s: {Error}")]
    private static partial void LogChoreFailed(
        ILogger logger, string chore, string error, Exception cause);
}
