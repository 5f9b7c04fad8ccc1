using System.Diagnostics;
using Earshot.Kafka.Native;
using Earshot.Log;

namespace Earshot.Kafka;

/// <summary>Reads one partition of a <see cref="KafkaReaders"/>.</summary>
internal sealed class KafkaReader : ILogReader
{
    /// <summary>
    /// A batch ends soon after so many bytes, whatever was asked for: 512 records more at most.
    /// Mailboxes hold several of them per partition.
    /// </summary>
    internal const int BatchBytesMax = 1 << 20;

    // How long to ask for a partition's range when there is a failure to explain.
    private const int RangeTimeoutMs = 10_000;

    private readonly KafkaClient client;
    private readonly PartitionCheck check;
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

    // Ends the check with the reader.
    private readonly CancellationTokenSource closed = new();
    private Task checking;

    // The error that the check found; 0 before and when there is none.
    private volatile int checkError;

    // Null while open; completes when nothing native is left.
    private Task? closing;

    public KafkaReader(
        KafkaClient client, PartitionCheck check, TopicPartition source, long from,
        Action<KafkaReader> onClosed)
    {
        this.client = client;
        this.check = check;
        this.source = source;
        this.onClosed = onClosed;
        position = from;
        queue = new PartitionQueue(client, source, from, arrived);
        checking = CheckAsync();
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
            if (queue.Failure != 0 || checkError != 0)
                throw await ExplainAsync(cancel);
            await next.WaitAsync(cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task task;
        lock (gate)
            task = closing ??= Task.Run(CloseAsync);
        arrived.Pulse();
        await task;
    }

    private async Task CheckAsync()
    {
        try
        {
            checkError = await check.FindErrorAsync(source, closed.Token);
            if (checkError != 0)
                arrived.Pulse();
        }
        catch (Exception error) when (
            error is OperationCanceledException or ObjectDisposedException)
        {
            // Closed before there was an answer.
        }
    }

    // What has arrived; null when nothing has.
    private RecordBatch? Take(int maxRecords)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closing is not null, this);
            queue.Drain(builder, maxRecords, BatchBytesMax);
            Debug.Assert(queue.Position >= position);
            if (queue.Doubted && checking.IsCompleted)
            {
                queue.Doubted = false;
                check.Doubt(source.Topic);
                checking = CheckAsync();
            }

            if (queue.Position == position)
                return null;
            long from = position;
            position = queue.Position;
            client.ReportProgress();
            return builder.Build(source, from, position, appendTimeMs: 0, source.Topic);
        }
    }

    private async Task CloseAsync()
    {
        lock (gate)
            queue.Close();
        await closed.CancelAsync();
        await checking;
        closed.Dispose();
        onClosed(this);
    }

    private async Task<LogException> ExplainAsync(CancellationToken cancel)
    {
        int failure = queue.Failure != 0 ? queue.Failure : checkError;
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

        string reason = queue.Failure != 0 ? queue.FailureText : Librdkafka.TextOf(failure);
        return new LogException(
            $"{source} cannot be read on from offset {position}: {reason}.");
    }
}
