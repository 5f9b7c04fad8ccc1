using System.Globalization;
using Earshot.Actors;
using Earshot.Batch;
using Earshot.Host.Data;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Host.Verify;

/// <summary>
/// <c>earshot verify</c>: recomputes the rows from the input, by the batch path, and compares them
/// with the archive. Only reads, and needs no lock: the service may run meanwhile.
/// </summary>
/// <param name="request">What was asked for.</param>
/// <param name="terminal">Where it writes to.</param>
internal sealed class VerifyJob(VerifyRequest request, Terminal terminal)
{
    private const int BatchRecords = 10_000;

    /// <summary>Runs it.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        StoredPipeline pipeline = DataFolder.FindPipeline(request.Data);
        PipelineOptions options = pipeline.Identity.ToOptions();
        await using ILog log = await StoredLog.OpenAsync(
            pipeline, options, request.Kafka, terminal, cancel);
        IVerifyInput input = OpenInput(pipeline, options, log);
        PipelineExtent extent = await PipelineExtent.ReadAsync(log, options, cancel);
        terminal.Say($"Recomputing from {input.Title} ...");
        BatchRecompute recompute = new(options, input.CreateDecoder);
        foreach ((int partition, long offset) in extent.Failed)
            recompute.AddFailed(partition, offset);
        for (int partition = 0; partition < options.Partitions; partition++)
        {
            await AddAsync(
                recompute, input, partition, extent.Started[partition], extent.Input[partition],
                cancel);
        }

        return Compare(recompute, extent, options, cancel);
    }

    private IVerifyInput OpenInput(StoredPipeline pipeline, PipelineOptions options, ILog log)
    {
        if (pipeline.Identity.Kind == PipelineKind.Replay)
            return FileVerifyInput.Open(pipeline, options, request.Files, request.Format);
        if (request.Files.Count > 0 || request.Format is not null)
        {
            throw new UsageException(
                $"{Path.GetFullPath(request.Data)} holds {pipeline.Identity.Title}, whose input is "
                + "in its log: name neither files nor a format.");
        }

        return new LogVerifyInput(log, options);
    }

    private static async Task AddAsync(
        BatchRecompute recompute, IVerifyInput input, int partition, long from, long to,
        CancellationToken cancel)
    {
        long begin = await input.ReadBeginAsync(partition, cancel);
        if (begin > from)
        {
            throw new FailedException(string.Create(
                CultureInfo.InvariantCulture,
                $"partition {partition} of {input.Title} begins at record {begin}, and the "
                + $"pipeline began at {from}: what came before is gone, so the rows cannot be "
                + $"recomputed. Keep the input as long as it is to be verified (earshot run "
                + $"--log-retention 30d; on Kafka the topic's retention), in a new data folder."));
        }

        if (to <= from)
            return;
        await using ILogReader reader = input.OpenReader(partition, from);
        long position = from;
        while (position < to)
        {
            RecordBatch batch = await reader.ReadAsync(BatchRecords, cancel)
                ?? throw new FailedException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{input.Title} ends at {position}, and {to} were processed: it is shorter "
                    + $"than it was. Restore it."));
            recompute.Add(partition, batch, to);
            position = batch.To;
            batch.Release();
        }
    }

    private int Compare(
        BatchRecompute recompute, PipelineExtent extent, PipelineOptions options,
        CancellationToken cancel)
    {
        string folder = DataFolder.FindArchive(request.Data, request.Archive);
        using ArchiveReader archive = new(
            folder, options.Keys.SelectMany(key => key.Dimensions).Except(DimensionSet.Standard),
            extent, cancel);
        ArchiveReach reach = new(archive, extent, options, recompute.WatermarkMs);
        BatchRows rows = recompute.Finish(extent.Settled && extent.Ended, reach.ClosedToMs);
        RowComparison comparison = new(archive, extent, reach, request.DifferencesMax);
        IReadOnlyList<TableResult> tables = comparison.Compare(rows);
        terminal.Out.Write(VerifyReport.TextOf(rows, tables, comparison.Differences));
        bool same = tables.All(table => table.Same);
        if (!same)
            terminal.Fail($"the archive in {folder} is not what follows from the input.");
        return same ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
