namespace Earshot.Log.Memory;

/// <summary>Writes transactions to a <see cref="MemoryLog"/>.</summary>
internal sealed class MemoryLogProducer(MemoryLog log, string transactionalId, long epoch)
    : ILogProducer
{
    private bool disposed;

    public ValueTask<CommitResult> CommitAsync(
        LogTransaction transaction, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(log.Commit(transactionalId, epoch, transaction));
    }

    public ValueTask DisposeAsync()
    {
        disposed = true;
        return ValueTask.CompletedTask;
    }
}
