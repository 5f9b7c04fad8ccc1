using Microsoft.Data.Sqlite;

namespace Earshot.Sqlite;

/// <summary>
/// One connection that callers take turns on. Work runs on the thread pool, because SQLite
/// blocks its thread (COMMIT waits for the disk). After any failure the connection is closed,
/// which rolls back, and the next caller gets a new one.
/// </summary>
public sealed class SqliteSharedConnection : IAsyncDisposable
{
    private readonly SqliteFile file;

    // Held by whoever uses the session.
    private readonly SemaphoreSlim turn = new(1, 1);

    // Null before the first use and after a failure; guarded by turn.
    private SqliteSession? session;

    // Guarded by turn.
    private bool disposed;

    /// <summary>Creates one; the file is opened at the first use.</summary>
    public SqliteSharedConnection(SqliteFile file) => this.file = file;

    /// <summary>
    /// Runs <paramref name="body"/> in a write transaction: when it returns all of it is on disk,
    /// when it throws nothing is.
    /// </summary>
    /// <param name="body">What to do. It must not keep the session.</param>
    /// <param name="cancel">Ends the wait for the turn; once begun, a transaction runs through.</param>
    /// <exception cref="SqliteFileException">SQLite refused.</exception>
    public ValueTask<T> TransactAsync<T>(Func<SqliteSession, T> body, CancellationToken cancel) =>
        RunAsync(open => Transact(open, body), cancel);

    /// <summary>Runs <paramref name="body"/> without a transaction around it.</summary>
    /// <inheritdoc cref="TransactAsync"/>
    public ValueTask<T> QueryAsync<T>(Func<SqliteSession, T> body, CancellationToken cancel) =>
        RunAsync(body, cancel);

    /// <summary>Closes the connection once nobody uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        await turn.WaitAsync(CancellationToken.None);
        disposed = true;
        session?.Dispose();
        session = null;
        turn.Release();
    }

    private async ValueTask<T> RunAsync<T>(Func<SqliteSession, T> work, CancellationToken cancel)
    {
        await turn.WaitAsync(cancel);
        try
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return await Task.Run(() => Run(work), CancellationToken.None);
        }
        finally
        {
            turn.Release();
        }
    }

    private T Run<T>(Func<SqliteSession, T> work)
    {
        session ??= file.Open();
        bool done = false;
        try
        {
            T result = work(session);
            done = true;
            return result;
        }
        catch (SqliteException error)
        {
            throw SqliteFailure.Explain(error, file.Path);
        }
        finally
        {
            if (!done)
            {
                session.Dispose();
                session = null;
            }
        }
    }

    private T Transact<T>(SqliteSession open, Func<SqliteSession, T> body)
    {
        open.Execute("BEGIN IMMEDIATE");
        T result = body(open);
        try
        {
            open.Execute("COMMIT");
        }
        catch (SqliteException error)
        {
            throw SqliteFailure.ExplainCommit(error, file.Path);
        }
        return result;
    }
}
