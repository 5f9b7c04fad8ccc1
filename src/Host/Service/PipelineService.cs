using Earshot.Actors;
using Earshot.Host.Data;
using Earshot.Log;
using Earshot.Schemas;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Service;

/// <summary>
/// The pipeline as a hosted service: starts when the web server listens, ends cleanly with the
/// host, and looks after log and archive in between.
/// </summary>
internal sealed partial class PipelineService(
    RunRequest request, DataFolder folder, StatusBook status, ILoggerFactory logs)
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
        stores = await PipelineStores.OpenAsync(folder, options, cancellationToken);
        SqliteLogInput input = new(stores.Log, options.Topics.Calls);
        await stores.Log.EnsureTopicsAsync(
            [new TopicSpec(options.Topics.Calls, options.Partitions)], cancellationToken);
        PipelineWorld world = stores.CreateWorld(
            input.Open, static () => new EnvelopeDecoder(), logs) with
        {
            InputBegin = input.BeginAsync,
        };
        pipeline = await Pipeline.StartAsync(options, world, cancellationToken);
        TrafficFlow flow = new(request, folder, stores.Log, logger);
        chores.Add(ChoreAsync("status", () => status.RunAsync(pipeline, stores.Log, stop.Token)));
        chores.Add(ChoreAsync("retention", RetainAsync));
        chores.Add(ChoreAsync("compaction", CompactAsync));
        chores.Add(ChoreAsync(
            "traffic", () => Task.Run(() => flow.RunAsync(stop.Token), CancellationToken.None)));
    }

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stop.CancelAsync();
        await Task.WhenAll(chores);
        if (pipeline is not null)
        {
            try
            {
                await pipeline.StopAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                LogStoppedHard(logger, RunRequest.StopWithin.TotalSeconds);
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

    private async Task RetainAsync()
    {
        using PeriodicTimer timer = new(RunRequest.RetentionEvery);
        while (await timer.WaitForNextTickAsync(stop.Token))
        {
            long removed = await LogRetention.ApplyAsync(
                request, pipeline!, stores!.Log, stop.Token);
            if (removed > 0)
                LogRetained(logger, removed);
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

    [LoggerMessage(102, LogLevel.Warning,
        "the pipeline did not end within {Seconds} s; what is not committed is done again at the "
        + "next start")]
    private static partial void LogStoppedHard(ILogger logger, double seconds);

    [LoggerMessage(101, LogLevel.Error, "{Chore} failed and begins again in 5 s: {Error}")]
    private static partial void LogChoreFailed(
        ILogger logger, string chore, string error, Exception cause);
}

/// <summary>The input topic in the embedded log.</summary>
internal sealed class SqliteLogInput(ILog log, string topic)
{
    /// <summary>Opens a partition from an offset on.</summary>
    public ILogReader Open(int partition, long from) =>
        log.OpenReader(new TopicPartition(topic, partition), from);

    /// <summary>Smallest offset a partition still keeps.</summary>
    public async ValueTask<long> BeginAsync(int partition, CancellationToken cancel) =>
        (await log.ReadRangeAsync(new TopicPartition(topic, partition), cancel)).Begin;
}
