using Earshot.Log;

namespace Earshot.Actors.Partitions;

/// <summary>
/// Reads a closed range of a partition. The range's end may lie beyond the last record
/// (transaction markers take offsets too): a batch covers them. Should a log give nothing for
/// them, the scan fails after a time instead of waiting for ever.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="source">The partition.</param>
/// <param name="limit">Longest wait for one batch.</param>
/// <param name="time">Clock of that limit.</param>
internal sealed class RangeScan(
    ILog log, TopicPartition source, TimeSpan limit, TimeProvider time)
{
    private const int BatchRecords = 1000;

    /// <summary>Is given each record.</summary>
    public delegate void Visit(LogRecord record);

    /// <summary>Reads the records with offsets in a range, in order.</summary>
    /// <exception cref="LogException">The log did not give them within the limit.</exception>
    public async Task RunAsync(OffsetRange range, Visit visit, CancellationToken cancel)
    {
        long position = range.Begin;
        if (position >= range.End)
            return;
        await using ILogReader reader = log.OpenReader(source, position);
        while (position < range.End && await ReadAsync(reader, position, cancel) is { } batch)
        {
            for (int i = 0; i < batch.Count && batch[i].Offset < range.End; i++)
                visit(batch[i]);
            position = batch.To;
        }
    }

    private async Task<RecordBatch?> ReadAsync(
        ILogReader reader, long position, CancellationToken cancel)
    {
        using CancellationTokenSource giveUp =
            CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            return await reader.ReadAsync(BatchRecords, giveUp.Token).AsTask()
                .WaitAsync(limit, time, cancel);
        }
        catch (TimeoutException)
        {
            await giveUp.CancelAsync();
            throw new LogException(
                $"{source} gave nothing from {position} on within {limit}, although its end lies " +
                "beyond that.");
        }
    }
}
