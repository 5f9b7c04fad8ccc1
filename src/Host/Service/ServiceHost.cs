using System.Text.Json;
using System.Text.Json.Serialization;
using Earshot.Actors;
using Earshot.Host.Data;
using Earshot.Log;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Service;

/// <summary>The .NET Generic Host around the pipeline: web server, logging, signals.</summary>
internal static class ServiceHost
{
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    /// <summary>Runs the service until it is told to stop.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="FailedException">It could not start.</exception>
    public static async Task<int> RunAsync(
        RunRequest request, string data, string? archive, LogLevel level, Terminal terminal,
        CancellationToken cancel)
    {
        ILog? kafka = null;
        if (request.Kafka is not null)
        {
            using ILoggerFactory logs = LineLogs.CreateFactory(terminal, level);
            StartupCheck check = new(
                request, DataFolder.FindArchive(data, archive),
                logs.CreateLogger("Earshot.Kafka"));
            (kafka, PipelineOptions options) = await check.RunAsync(cancel);
            request = request with { Options = options };
        }

        PipelineIdentity identity = PipelineIdentity.Of(
            request.Kafka is null ? PipelineKind.Generated : PipelineKind.Live, [],
            format: null, request.Options);
        using DataFolder folder = DataFolder.Open(data, archive, identity, TimeProvider.System);
        StatusBook status = new(request, folder.Id, folder.ArchivePath, TimeProvider.System);
        await using WebApplication app = Build(
            request, folder, kafka, status, level, terminal);
        using StopSignal stop = new(cancel);
        try
        {
            await app.StartAsync(stop.Token);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new FailedException(
                $"{request.Url} is in use by another program (perhaps another earshot). Stop it, "
                + "or choose another port with --port N.", e);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            terminal.Fail("stopped before it had started.");
            return stop.ExitCode;
        }

        SayStarted(terminal, request, folder);
        ServiceEnd end = app.Services.GetRequiredService<ServiceEnd>();
        await app.WaitForShutdownAsync(stop.Token);
        if (end.Cause is { } cause)
            throw new FailedException(cause.Message, cause);
        if (end.CutShort)
        {
            terminal.Fail(
                "stopped before all was finished, which took too long. Nothing is lost: the next "
                + "start goes on from what is committed.");
            return stop.ExitCode;
        }

        terminal.Say("Stopped. The next start goes on from here.");
        return ExitCodes.Ok;
    }

    private static WebApplication Build(
        RunRequest request, DataFolder folder, ILog? kafka, StatusBook status, LogLevel level,
        Terminal terminal)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });

        // Options come from the command line alone, not from files or variables that happen to be.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection();
        builder.WebHost.UseUrls(request.Url);
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new LineLogs(terminal.Error, TimeProvider.System));
        builder.Logging.SetMinimumLevel(level);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // The exception of a port in use becomes a message of ours.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        builder.Services.Configure<HostOptions>(
            options => options.ShutdownTimeout = RunRequest.UsualStopWithin);
        // Signals are StopSignal's: the usual lifetime would swallow the second one.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton<ServiceEnd>();
        builder.Services.AddHostedService(services => new PipelineService(
            request, folder, kafka, status, services.GetRequiredService<ServiceEnd>(),
            services.GetRequiredService<ILoggerFactory>()));
        WebApplication app = builder.Build();
        app.MapGet("/status", () => Answer(status));
        app.MapGet("/health", () => Health(status));
        return app;
    }

    private static IResult Answer(StatusBook status) => status.Current is { } now
        ? Results.Json(now, json)
        : Results.Json(
            new { state = "starting" }, json, statusCode: StatusCodes.Status503ServiceUnavailable);

    /// <summary>200 while every part runs; 503 while starting or when one is parked.</summary>
    private static IResult Health(StatusBook status)
    {
        bool healthy = status.Current is { Alarms.Count: 0 };
        return Results.Text(
            healthy ? "healthy\n" : status.Current is null ? "starting\n" : "degraded\n",
            statusCode: healthy
                ? StatusCodes.Status200OK
                : StatusCodes.Status503ServiceUnavailable);
    }

    private static void SayStarted(Terminal terminal, RunRequest request, DataFolder folder)
    {
        string input = request.Kafka is null
            ? $"generated traffic ({request.CallsPerSecond} calls/s)"
            : $"topic {request.Options.InputTopic} ({request.Options.Partitions} partitions)";
        string log = request.Kafka is { } kafka ? $"Kafka at {kafka.Bootstrap}" : folder.LogPath;
        terminal.Out.WriteLine(
            $"""
            Earshot is running on {input}.
              status   {request.Url}/status   (or: earshot status)
              log      {log}
              archive  {folder.ArchivePath}
              look     {request.SqlCommand}
            Windows close {Analytics.Durations.Format(request.Options.LatenessMs)} after their end;
            the archive is written every {request.Options.ArchiveEvery.TotalSeconds:0} s.
            Ctrl-C ends it; the next start goes on from there.
            """);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
