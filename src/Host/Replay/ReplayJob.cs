using System.Diagnostics;
using System.Globalization;
using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Host.Data;
using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Host.Replay;

/// <summary>
/// <c>earshot replay</c>: a pipeline over files, from start to end, or from where it stopped.
/// </summary>
/// <param name="request">What was asked for.</param>
/// <param name="terminal">Where it writes to.</param>
internal sealed class ReplayJob(ReplayRequest request, Terminal terminal)
{
    private static readonly TimeSpan stopPatience = TimeSpan.FromSeconds(30);

    private readonly long started = Stopwatch.GetTimestamp();

    // The row this run goes on from.
    private long rowsBefore;

    /// <summary>Runs it.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        PipelineIdentity identity = PipelineIdentity.Of(
            PipelineKind.Replay, request.Inputs, request.Format.Identity, request.Options);
        using DataFolder folder = DataFolder.Open(
            request.Data, request.Archive, identity, TimeProvider.System);
        if (folder.Read<ReplaySummary>(ReplaySummary.FileName) is { } before)
        {
            terminal.Say($"This replay is complete already: nothing to do in {folder.Root}.");
            return Print(before, folder);
        }

        using StopSignal stop = new(cancel);
        using ILoggerFactory logs = LineLogs.CreateFactory(terminal, request.Level);
        await using PipelineStores stores = await PipelineStores.OpenAsync(
            folder, request.Options, stop.Token);
        ReplayInput input = ReplayInput.Open(request, folder.CreatedAtMs);
        await SayStartAsync(stores.Log, folder);
        await using Pipeline pipeline = await Pipeline.StartAsync(
            request.Options,
            stores.CreateWorld(input.OpenReader, input.CreateDecoder, logs),
            stop.Token);
        return await CompleteAsync(pipeline, input, folder, stop);
    }

    private async Task<int> CompleteAsync(
        Pipeline pipeline, ReplayInput input, DataFolder folder, StopSignal stop)
    {
        Task work = CompleteOrParkAsync(pipeline, stop.Token);
        await ReplayProgress.ShowAsync(terminal, work, () => Position(pipeline, input));
        try
        {
            await work;
        }
        catch (ActorParkedException e)
        {
            throw Parked(e);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            return await StopAsync(pipeline, stop);
        }

        StageProgress books = Books(pipeline);
        ReplaySummary summary = new()
        {
            Books = books,
            RowsOfRun = books.Read - rowsBefore,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
            PeakMemoryBytes = Process.GetCurrentProcess().PeakWorkingSet64,
        };
        folder.Write(ReplaySummary.FileName, summary);
        foreach (string damage in input.Damage)
            terminal.Say(damage);
        if (request.Level <= LogLevel.Debug)
            terminal.Say($"garbage collections by generation: {GC.CollectionCount(0)}, "
                + $"{GC.CollectionCount(1)}, {GC.CollectionCount(2)}");
        return Print(summary, folder);
    }

    /// <summary>A chronicler may park while the stages read on: do not wait for them.</summary>
    private static async Task CompleteOrParkAsync(Pipeline pipeline, CancellationToken cancel)
    {
        Task complete = pipeline.CompleteAsync(cancel);
        Task<ActorParkedException> parked = pipeline.ParkedAsync();
        if (await Task.WhenAny(complete, parked) == parked)
            throw await parked;
        await complete;
    }

    private async Task<int> StopAsync(Pipeline pipeline, StopSignal stop)
    {
        terminal.Say("Stopping: finishing what is under way ...");
        try
        {
            await pipeline.StopAsync(CancellationToken.None).WaitAsync(stopPatience);
        }
        catch (ActorParkedException e)
        {
            throw Parked(e);
        }
        catch (TimeoutException)
        {
            terminal.Say("That takes too long; what is not committed will be done again.");
        }

        terminal.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"Stopped after {Books(pipeline).Read:N0} rows. The same command goes on from there."));
        return stop.ExitCode;
    }

    private int Print(ReplaySummary summary, DataFolder folder)
    {
        terminal.Out.WriteLine(summary.ToTable(folder.ArchivePath, request.SqlCommand));
        if (summary.Books.Balanced && summary.Books.BundleGaps == 0)
            return ExitCodes.Ok;
        terminal.Fail(
            "the books do not balance: records read and records accounted for differ. This is a "
            + "fault of the program; please report it.");
        return ExitCodes.Failed;
    }

    private async Task SayStartAsync(ILog log, DataFolder folder)
    {
        string stage = request.Options.Fused ? "fused" : "call";
        long? resume = null;
        for (int partition = 0; partition < request.Options.Partitions; partition++)
        {
            long? committed = await log.ReadCommittedAsync(
                $"{request.Options.PipelineId}.{stage}",
                new TopicPartition(request.Options.InputTopic, partition), CancellationToken.None);
            resume = partition == 0 ? committed : Math.Min(resume ?? 0, committed ?? 0);
        }

        rowsBefore = resume ?? 0;
        string what = string.Join(" and ", request.Inputs.Select(input => input.Name));
        string replaying = $"Replaying {what} ({request.Format})";
        terminal.Say(resume is > 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{replaying}: goes on from row {resume + 1:N0} in {folder.Root}.")
            : $"{replaying} into {folder.Root}.");
    }

    private ReplayPosition Position(Pipeline pipeline, ReplayInput input)
    {
        StageProgress books = Books(pipeline);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new ReplayPosition(
            input.ShareRead, books,
            Math.Max(0, books.Read - rowsBefore) / Math.Max(seconds, 0.001));
    }

    private static StageProgress Books(Pipeline pipeline) =>
        pipeline.Progress.Select(part => part.Books).DefaultIfEmpty(new StageProgress())
            .Aggregate((a, b) => a + b);

    private static FailedException Parked(ActorParkedException e) =>
        e.InnerException is DeadLetterLimitException limit ? new(limit.Message, e) : new(
        $"{e.Message}\nWhat was committed is kept. Mend the cause (a full disk: free space; a "
        + "damaged file: restore it) and run the same command again: it goes on where it stopped, "
        + "and nothing is lost.", e);
}
