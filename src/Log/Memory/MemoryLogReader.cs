namespace Earshot.Log.Memory;

/// <summary>Reads one partition of a <see cref="MemoryLog"/>.</summary>
internal sealed class MemoryLogReader(MemoryLog log, MemoryPartition partition, long from)
    : ILogReader
{
    // The next offset to hand out.
    private long position = from;

    private bool disposed;

    public async ValueTask<RecordBatch?> ReadAsync(int maxRecords, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(disposed, this);
            Task changed = partition.Changed.Next;
            RecordBatch? records = log.Read(partition, position, maxRecords, out bool ended);
            if (records is not null)
            {
                position = records.To;
                return records;
            }
            if (ended)
                return null;
            await changed.WaitAsync(cancel);
        }
    }

    public ValueTask DisposeAsync()
    {
        disposed = true;
        return ValueTask.CompletedTask;
    }
}
