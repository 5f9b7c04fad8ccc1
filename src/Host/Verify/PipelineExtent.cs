using Earshot.Actors;
using Earshot.Log;
using Earshot.Schemas.V1;

namespace Earshot.Host.Verify;

/// <summary>How far a pipeline has come, from what it committed. It may go on meanwhile.</summary>
internal sealed record PipelineExtent
{
    private const int BatchRecords = 1000;

    /// <summary>Per input partition: the offset it began at, mostly 0.</summary>
    public required IReadOnlyList<long> Started { get; init; }

    /// <summary>Per input partition: the offset up to which its records have entered.</summary>
    public required IReadOnlyList<long> Input { get; init; }

    /// <summary>Per table and partition: the log offset up to which its rows are archived.
    /// </summary>
    public required IReadOnlyDictionary<(string Table, int Partition), long> Archived { get; init; }

    /// <summary>True when the input is finite and has entered to its end.</summary>
    public required bool Ended { get; init; }

    /// <summary>True when all that followed from the input so far is archived.</summary>
    public required bool Settled { get; init; }

    /// <summary>Partition and offset of the records that made the pipeline fail.</summary>
    public required IReadOnlyList<(int Partition, long Offset)> Failed { get; init; }

    /// <summary>
    /// Reads it: first how far the archive is, then what led there, so that every archived row
    /// follows from the input up to <see cref="Input"/>.
    /// </summary>
    public static async Task<PipelineExtent> ReadAsync(
        ILog log, PipelineOptions options, CancellationToken cancel)
    {
        IReadOnlyList<long> inputBefore = await InputAsync(log, options, cancel);
        Dictionary<(string, int), long> archived = [];
        bool settled = true;
        foreach ((string topic, string table) in options.Topics.Archived)
        {
            for (int partition = 0; partition < options.Partitions; partition++)
            {
                TopicPartition source = new(topic, partition);
                long to = await CommittedAsync(log, options, "archive", source, cancel);
                archived.Add((table, partition), to);
                settled &= to == (await log.ReadRangeAsync(source, cancel)).End;
            }
        }

        for (int partition = 0; !options.Fused && partition < options.Partitions; partition++)
        {
            TopicPartition bundles = new(options.Topics.Bundles, partition);
            settled &= await CommittedAsync(log, options, "aggregator", bundles, cancel)
                == (await log.ReadRangeAsync(bundles, cancel)).End;
        }

        IReadOnlyList<long> input = await InputAsync(log, options, cancel);
        Dictionary<int, long> started = [];
        HashSet<int> ended = [];
        List<(int, long)> failed = [];
        foreach (Control control in await ReadControlsAsync(log, options, cancel))
        {
            if (control.WhatCase == Control.WhatOneofCase.Started)
                started[control.Partition] = control.AtOffset;
            else if (control.WhatCase == Control.WhatOneofCase.Ended)
                ended.Add(control.Partition);
            else if (control.WhatCase == Control.WhatOneofCase.Skip)
                failed.Add((control.Partition, control.AtOffset));
        }

        return new PipelineExtent
        {
            Started = [.. Enumerable.Range(0, options.Partitions).Select(
                partition => started.GetValueOrDefault(partition))],
            Input = input,
            Archived = archived,
            Ended = ended.Count == options.Partitions,
            Settled = settled && input.SequenceEqual(inputBefore),
            Failed = failed,
        };
    }

    private static async Task<IReadOnlyList<long>> InputAsync(
        ILog log, PipelineOptions options, CancellationToken cancel)
    {
        List<long> input = [];
        for (int partition = 0; partition < options.Partitions; partition++)
        {
            input.Add(await CommittedAsync(
                log, options, options.Fused ? "fused" : "call",
                new TopicPartition(options.Topics.Calls, partition), cancel));
        }

        return input;
    }

    private static async Task<long> CommittedAsync(
        ILog log, PipelineOptions options, string stage, TopicPartition source,
        CancellationToken cancel) =>
        await log.ReadCommittedAsync($"{options.PipelineId}.{stage}", source, cancel) ?? 0;

    // Of the stage that reads the events; others name themselves.
    private static async Task<IReadOnlyList<Control>> ReadControlsAsync(
        ILog log, PipelineOptions options, CancellationToken cancel)
    {
        List<Control> controls = [];
        string topic = options.Topics.Control;
        int partitions = await log.ReadPartitionCountAsync(topic, cancel) ?? 0;
        for (int partition = 0; partition < partitions; partition++)
        {
            TopicPartition source = new(topic, partition);
            OffsetRange range = await log.ReadRangeAsync(source, cancel);
            if (range.End == range.Begin)
                continue;
            await using ILogReader reader = log.OpenReader(source, range.Begin);
            for (long position = range.Begin; position < range.End;)
            {
                if (await reader.ReadAsync(BatchRecords, cancel) is not { } batch)
                    break;
                for (int i = 0; i < batch.Count; i++)
                    controls.Add(Control.Parser.ParseFrom(batch[i].Value));
                position = batch.To;
            }
        }

        return controls.FindAll(control => control.Stage.Length == 0);
    }
}
