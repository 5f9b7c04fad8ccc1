namespace Earshot.Log.Sqlite;

/// <summary>Writes transactions to an <see cref="SqliteLog"/>.</summary>
internal sealed class SqliteLogProducer(SqliteLog log, string transactionalId, long epoch)
    : ILogProducer
{
    private bool disposed;

    public ValueTask<CommitResult> CommitAsync(
        LogTransaction transaction, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return log.CommitAsync(transactionalId, epoch, transaction, cancel);
    }

    public ValueTask DisposeAsync()
    {
        disposed = true;
        return ValueTask.CompletedTask;
    }
}
