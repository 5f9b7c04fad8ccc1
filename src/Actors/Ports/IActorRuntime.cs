namespace Earshot.Actors.Ports;

/// <summary>
/// What runs actors. The stages and machines know nothing of it: an actor here is the thin shell
/// that turns their effects into I/O. The local runtime is a layer on channels; a cluster's
/// runtime can take its place.
/// </summary>
public interface IActorRuntime : IAsyncDisposable
{
    /// <summary>Starts an actor under supervision.</summary>
    /// <param name="name">Unique name, for people: "call/3".</param>
    /// <param name="create">Makes a new incarnation, at the start and after each failure.</param>
    /// <param name="supervision">What to do when it fails.</param>
    IActorRef Spawn(string name, Func<IActor> create, Supervision supervision);
}

/// <summary>One incarnation of an actor: its calls never overlap.</summary>
public interface IActor
{
    /// <summary>Called first. A failure here counts like any other.</summary>
    ValueTask StartAsync(IActorContext context);

    /// <summary>Handles one message.</summary>
    ValueTask ReceiveAsync(object message);

    /// <summary>
    /// Called last, also after a failure: returns when nothing of this incarnation is under way.
    /// </summary>
    ValueTask CloseAsync();
}

/// <summary>What an incarnation may do to its runtime.</summary>
public interface IActorContext
{
    /// <summary>
    /// Puts a message into this incarnation's mailbox, waiting while it is full. Messages for an
    /// incarnation that is gone are dropped: the next one starts from its snapshot.
    /// </summary>
    ValueTask TellAsync(object message);

    /// <summary>Whether messages wait behind the current one.</summary>
    bool HasMail { get; }

    /// <summary>Ends the actor for good after the current message.</summary>
    void Complete();

    /// <summary>
    /// Counts as recovered: earlier failures are forgotten. Called when progress was made durable.
    /// </summary>
    void Healthy();

    /// <summary>Cancelled when this incarnation ends.</summary>
    CancellationToken Ended { get; }
}

/// <summary>An actor seen from outside.</summary>
public interface IActorRef
{
    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>
    /// Ends when the actor completes; faults with <see cref="ActorParkedException"/> when it was
    /// parked.
    /// </summary>
    Task Completion { get; }

    /// <summary>
    /// Sends a message to the present incarnation, waiting while its mailbox is full.
    /// </summary>
    ValueTask TellAsync(object message, CancellationToken cancel = default);

    /// <summary>
    /// Ends the actor at once, as a crash would: nothing more is finished or saved. Returns when
    /// nothing of it is under way.
    /// </summary>
    Task EndAsync();

    /// <summary>Sends a message that carries its own answer and waits for it.</summary>
    Task<T> AskAsync<T>(
        Func<TaskCompletionSource<T>, object> message, CancellationToken cancel = default);
}

/// <summary>What happens to a failing actor.</summary>
/// <param name="RestartsMax">
/// Failures in a row after which it is parked; 0 parks at the first.
/// </param>
/// <param name="BackoffFirst">Wait before the first restart; doubles with each further one.</param>
/// <param name="BackoffMax">Longest wait.</param>
public sealed record Supervision(int RestartsMax, TimeSpan BackoffFirst, TimeSpan BackoffMax)
{
    /// <summary>Five restarts, 0.1 s to 10 s apart.</summary>
    public static Supervision Default { get; } =
        new(5, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10));

    internal TimeSpan BackoffOf(int failures)
    {
        double factor = Math.Pow(2, Math.Min(failures - 1, 30));
        return TimeSpan.FromTicks((long)Math.Min(BackoffFirst.Ticks * factor, BackoffMax.Ticks));
    }
}

/// <summary>
/// Thrown by an actor whose trouble no restart can mend (damaged snapshot, missing input): it is
/// parked at once.
/// </summary>
public class UnrecoverableException : Exception
{
    /// <summary>Creates one; the message says what to do.</summary>
    public UnrecoverableException(string message) : base(message)
    {
    }

    /// <summary>Creates one with its cause.</summary>
    public UnrecoverableException(string message, Exception inner) : base(message, inner)
    {
    }
}

/// <summary>An actor was parked: it no longer runs, the others do.</summary>
public sealed class ActorParkedException(string name, Exception cause)
    : Exception($"{name} is parked: {cause.Message}", cause)
{
    /// <summary>The actor's name.</summary>
    public string Name { get; } = name;
}
