using System.Diagnostics;
using Earshot.Kafka.Native;
using Earshot.Log;

namespace Earshot.Kafka;

/// <summary>Reads one partition of a <see cref="KafkaReaders"/>.</summary>
internal sealed class KafkaReader : ILogReader
{
    /// <summary>
    /// A batch ends soon after so many bytes, whatever was asked for: 512 records more at most.
    /// </summary>
    internal const int BatchBytesMax = 8 * 1024 * 1024;

    // How long to ask for a partition's range when there is a failure to explain.
    private const int RangeTimeoutMs = 10_000;

    private readonly KafkaClient client;
    private readonly TopicPartition source;
    private readonly RecordBatchBuilder builder = new(pooled: true);
    private readonly Action<KafkaReader> onClosed;

    // Pulsed by native code when something arrives, and at the end.
    private readonly Signal arrived = new();

    // Guards the queue: it must not be closed while it is being drained.
    private readonly Lock gate = new();
    private readonly PartitionQueue queue;

    // The next offset to hand out.
    private long position;

    // Null while open; completes when nothing native is left.
    private Task? closing;

    public KafkaReader(
        KafkaClient client, TopicPartition source, long from, Action<KafkaReader> onClosed)
    {
        this.client = client;
        this.source = source;
        this.onClosed = onClosed;
        position = from;
        queue = new PartitionQueue(client, source, from, arrived);
    }

    /// <summary>The client it reads over.</summary>
    public KafkaClient Client => client;

    public TopicPartition Source => source;

    /// <summary>Records fetched and not yet read.</summary>
    public int Prefetched
    {
        get
        {
            lock (gate)
                return closing is null ? queue.Length : 0;
        }
    }

    public async ValueTask<RecordBatch?> ReadAsync(int maxRecords, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            Task next = arrived.Next;
            if (Take(maxRecords) is { } batch)
                return batch;
            if (queue.Failure != 0)
                throw await ExplainAsync(cancel);
            await next.WaitAsync(cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task task;
        lock (gate)
            task = closing ??= Task.Run(Close);
        arrived.Pulse();
        await task;
    }

    // What has arrived; null when nothing has.
    private RecordBatch? Take(int maxRecords)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closing is not null, this);
            queue.Drain(builder, maxRecords, BatchBytesMax);
            Debug.Assert(queue.Position >= position);
            if (queue.Position == position)
                return null;
            long from = position;
            position = queue.Position;
            client.ReportProgress();
            return builder.Build(source, from, position, appendTimeMs: 0, source.Topic);
        }
    }

    private void Close()
    {
        lock (gate)
            queue.Close();
        onClosed(this);
    }

    private async Task<LogException> ExplainAsync(CancellationToken cancel)
    {
        int failure = queue.Failure;
        if (NativeErrors.IsUnknownPartition(failure))
            return LogFaults.UnknownPartition(source);
        if (failure == NativeErrors.OffsetReset)
        {
            OffsetRange range = await Task.Run(
                () => client.QueryRange(source, RangeTimeoutMs), cancel);
            if (position < range.Begin)
                return LogFaults.Trimmed(source, position, range);
            if (position > range.End)
                return LogFaults.PastEnd(source, position, range);
        }

        return new LogException(
            $"{source} cannot be read on from offset {position}: {queue.FailureText}.");
    }
}
