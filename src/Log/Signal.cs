namespace Earshot.Log;

/// <summary>Wakes those who wait for something to change.</summary>
/// <remarks>
/// Take <see cref="Next"/> first, then look whether there is something, then await it: a change
/// between looking and waiting is never missed.
/// </remarks>
internal sealed class Signal
{
    private volatile TaskCompletionSource next = Create();

    /// <summary>Completes at the next <see cref="Pulse"/>.</summary>
    public Task Next => next.Task;

    /// <summary>Wakes everyone who holds <see cref="Next"/>.</summary>
    public void Pulse() => Interlocked.Exchange(ref next, Create()).SetResult();

    // Continuations run elsewhere: the writer that pulses must not run its readers.
    private static TaskCompletionSource Create() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);
}
