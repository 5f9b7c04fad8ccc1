using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Host.Replay;

/// <summary>
/// Releases batches at a multiple of the speed at which their events happened. One clock for all
/// partitions: it starts at the first batch.
/// </summary>
/// <param name="factor">Event time per time of the clock: 60 is an hour a minute.</param>
/// <param name="time">The clock.</param>
internal sealed class Pacer(double factor, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly long start = time.GetTimestamp();
    private long firstMs = long.MinValue;

    /// <summary>Waits until a batch is due.</summary>
    /// <param name="eventMs">Its event time, ms since the epoch.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask WaitAsync(long eventMs, CancellationToken cancel)
    {
        TimeSpan wait;
        lock (gate)
        {
            if (firstMs == long.MinValue)
                firstMs = eventMs;
            TimeSpan due = TimeSpan.FromMilliseconds((eventMs - firstMs) / factor);
            wait = due - time.GetElapsedTime(start);
        }

        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancel);
    }
}

/// <summary>A reader that gives batches out when they are due.</summary>
/// <param name="inner">Reads.</param>
/// <param name="pacer">The clock.</param>
/// <param name="decoder">Finds out when events happened.</param>
internal sealed class PacedReader(ILogReader inner, Pacer pacer, IRecordDecoder decoder) : ILogReader
{
    /// <summary>Small, so that a batch spans little time.</summary>
    private const int BatchRecordsMax = 256;

    private readonly EventRecord record = new(
        new DimensionSet([]), new SymbolTable(), Schemas.Metrics.CreateTable());

    private readonly List<long> times = [];

    public async ValueTask<RecordBatch?> ReadAsync(int maxRecords, CancellationToken cancel)
    {
        RecordBatch? batch = await inner.ReadAsync(Math.Min(maxRecords, BatchRecordsMax), cancel);
        if (batch is not null && MiddleTimeMs(batch) is { } due)
            await pacer.WaitAsync(due, cancel);
        return batch;
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    /// <summary>The median: a wild clock among the events must not stop the others for years.</summary>
    private long? MiddleTimeMs(RecordBatch batch)
    {
        times.Clear();
        for (int i = 0; i < batch.Count; i++)
        {
            if (decoder.Decode(batch[i].Value, record) == DecodeResult.Event
                && record.EventTimeMs > 0)
                times.Add(record.EventTimeMs);
        }

        if (times.Count == 0)
            return null;
        times.Sort();
        return times[times.Count / 2];
    }
}
