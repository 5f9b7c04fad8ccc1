using Earshot.Actors;
using Earshot.Log;
using Earshot.Schemas.V1;

namespace Earshot.Host.Verify;

/// <summary>How far a pipeline has come, from what it committed. It may go on meanwhile.</summary>
internal sealed record PipelineExtent
{
    private const int BatchRecords = 1000;

    /// <summary>Per input partition: the offset the pipeline began at.</summary>
    public required IReadOnlyList<long> Begun { get; init; }

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
        List<(int, long)> failed = [];
        List<long> begun = [];
        bool ended = true;
        for (int partition = 0; partition < options.Partitions; partition++)
        {
            InputControls controls = await ReadControlsAsync(log, options, partition, cancel);
            begun.Add(controls.StartedAt);
            ended &= controls.Ended;
            failed.AddRange(controls.Failed.Select(offset => (partition, offset)));
        }

        return new PipelineExtent
        {
            Begun = begun,
            Input = input,
            Archived = archived,
            Ended = ended,
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

    private static async Task<InputControls> ReadControlsAsync(
        ILog log, PipelineOptions options, int partition, CancellationToken cancel)
    {
        InputControls controls = new();
        TopicPartition source = new(options.Topics.Control, partition);
        OffsetRange range = await log.ReadRangeAsync(source, cancel);
        if (range.End == range.Begin)
            return controls;
        await using ILogReader reader = log.OpenReader(source, range.Begin);
        for (long position = range.Begin; position < range.End;)
        {
            if (await reader.ReadAsync(BatchRecords, cancel) is not { } batch)
                break;
            for (int i = 0; i < batch.Count; i++)
                controls.Take(Control.Parser.ParseFrom(batch[i].Value));
            position = batch.To;
        }

        return controls;
    }

    /// <summary>What control records say of the events' partition.</summary>
    private sealed class InputControls
    {
        public long StartedAt { get; private set; }

        public bool Ended { get; private set; }

        public List<long> Failed { get; } = [];

        public void Take(Control control)
        {
            // Those of a re-key stage speak of another topic.
            if (control.Stage.Length > 0)
                return;
            switch (control.WhatCase)
            {
                case Control.WhatOneofCase.Started:
                    StartedAt = control.AtOffset;
                    break;
                case Control.WhatOneofCase.Ended:
                    Ended = true;
                    break;
                case Control.WhatOneofCase.Skip:
                    Failed.Add(control.AtOffset);
                    break;
            }
        }
    }
}
