using System.Collections.Concurrent;

namespace Earshot.Kafka;

/// <summary>
/// A thread of its own for calls that block, one after the other: the pool stays free.
/// </summary>
internal sealed class KafkaThread : IAsyncDisposable
{
    private readonly BlockingCollection<Action> calls = [];
    private readonly TaskCompletionSource ended =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Starts it.</summary>
    public KafkaThread(string name)
    {
        Thread thread = new(Run) { Name = name, IsBackground = true };
        thread.Start();
    }

    /// <summary>Runs a call there.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public async Task<T> RunAsync<T>(Func<T> call)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            calls.Add(() => Answer(call, answer));
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(KafkaThread));
        }
        return await answer.Task;
    }

    /// <summary>Does what was asked before and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        calls.CompleteAdding();
        await ended.Task;
    }

    private static void Answer<T>(Func<T> call, TaskCompletionSource<T> answer)
    {
        try
        {
            answer.SetResult(call());
        }
        catch (Exception e)
        {
            answer.SetException(e);
        }
    }

    private void Run()
    {
        foreach (Action call in calls.GetConsumingEnumerable())
            call();
        calls.Dispose();
        ended.SetResult();
    }
}
