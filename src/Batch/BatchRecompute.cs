using Earshot.Actors;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Batch;

/// <summary>
/// Computes the rows of an input once more, in the plainest way there is: one source partition
/// after the other, record by record, every value into every window it belongs to. No stages, no
/// epochs, no bundles, no snapshots; the same decoders, and the same pure functions of Analytics,
/// as the pipeline. Everything is held in memory until the end.
/// <para>
/// What is late, a duplicate, or joined to a call depends on one partition's records in offset
/// order alone. So the rows agree with the pipeline's: exactly but for sums, mean and standard
/// deviation, whose last bits depend on the order of adding. Only a partition that the aggregator
/// left out as idle can bring partial aggregates after a window was closed; those are late rows
/// there, and counted here.
/// </para>
/// </summary>
public sealed class BatchRecompute
{
    private readonly PipelineOptions options;
    private readonly WindowTable windows;
    private readonly SourcePartition[] sources;

    /// <summary>Begins with nothing.</summary>
    /// <param name="options">The pipeline; what only shapes epochs does not matter.</param>
    /// <param name="createDecoder">Makes a decoder of the input's format.</param>
    public BatchRecompute(PipelineOptions options, Func<IRecordDecoder> createDecoder)
    {
        this.options = options;
        windows = new WindowTable(options);
        sources = [.. Enumerable.Range(0, options.Partitions).Select(
            number => new SourcePartition(number, options, createDecoder(), windows))];
    }

    /// <summary>
    /// What of all source partitions is complete, ms since the epoch: the least of their
    /// watermarks; long.MinValue while one has none.
    /// </summary>
    public long WatermarkMs => sources.Min(source => source.WatermarkMs);

    /// <summary>
    /// Names a record that the pipeline failed on and left out (a control record says so). To be
    /// called before the record is added.
    /// </summary>
    public void AddFailed(int sourcePartition, long offset) =>
        sources[sourcePartition].Failed.Add(offset);

    /// <summary>Takes in records.</summary>
    /// <param name="sourcePartition">Their partition of the input.</param>
    /// <param name="batch">They follow, by offset, those of the calls before.</param>
    /// <param name="end">Records from this offset on are left out.</param>
    /// <exception cref="ArgumentException">They do not follow.</exception>
    public void Add(int sourcePartition, RecordBatch batch, long end = long.MaxValue)
    {
        SourcePartition source = sources[sourcePartition];
        for (int i = 0; i < batch.Count; i++)
        {
            LogRecord record = batch[i];
            if (record.Offset >= end)
                return;
            if (record.Offset < source.Next)
            {
                throw new ArgumentException(
                    $"record {record.Offset} of partition {sourcePartition} comes after "
                    + $"{source.Next - 1}", nameof(batch));
            }

            source.Take(record);
            source.Next = record.Offset + 1;
        }
    }

    /// <summary>The rows. Nothing can be added afterwards.</summary>
    /// <param name="ended">
    /// True: the input is complete, every window is closed. False: those up to the watermark are,
    /// and calls whose time has not come are not counted.
    /// </param>
    public BatchRows Finish(bool ended)
    {
        long closed = ended ? long.MaxValue : WatermarkMs;
        return Finish(ended, [.. Enumerable.Repeat(closed, options.Partitions)]);
    }

    /// <summary>The rows, where it is known which windows are closed.</summary>
    /// <param name="ended">True: the input is complete.</param>
    /// <param name="closedToMs">
    /// Per partition of the aggregator: windows that end at or before this are closed.
    /// </param>
    public BatchRows Finish(bool ended, IReadOnlyList<long> closedToMs)
    {
        foreach (SourcePartition source in sources)
            source.Finish(ended);
        RowTable rows = new(options, closedToMs);
        foreach (KeyWindows key in windows.Keys)
        {
            rows.Add(key);
            key.Windows.Clear();
        }

        return new BatchRows
        {
            Aggregates = rows.Aggregates,
            Insights = rows.Insights,
            Predictions = rows.Predictions,
            Warnings = sources.SelectMany(source => source.Warnings).ToDictionary(),
            Calls = sources.SelectMany(source => source.FinishedCalls).ToDictionary(),
            Late = [.. sources.SelectMany(source => source.Late)],
            Dead = [.. sources.SelectMany(source => source.Dead)],
            Books = [.. sources.Select(source => source.Books)],
        };
    }
}
