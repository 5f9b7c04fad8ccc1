namespace Earshot.Actors.Partitions;

#pragma warning disable CA1001 // without a timer there is nothing to release
/// <summary>
/// What is wanted of an actor, kept outside it so that a restart does not forget. After a change
/// the actor is told <see cref="IntentChanged"/>.
/// </summary>
public sealed class ActorIntent
#pragma warning restore CA1001
{
    private volatile bool stop;
    private readonly CancellationTokenSource drain = new();
    private long drainTo = -1;

    /// <summary>Commit, save and end.</summary>
    public bool Stop
    {
        get => stop;
        set => stop = value;
    }

    /// <summary>End once everything before this offset is done; -1 while not wanted.</summary>
    public long DrainTo
    {
        get => Volatile.Read(ref drainTo);
        set
        {
            Volatile.Write(ref drainTo, value);
            // Whoever waits goes on elsewhere than in here.
            _ = drain.CancelAsync();
        }
    }

    /// <summary>Cancelled when <see cref="DrainTo"/> is wanted.</summary>
    public CancellationToken DrainWanted => drain.Token;
}

/// <summary>Tells an actor to look at its <see cref="ActorIntent"/>.</summary>
public sealed class IntentChanged
{
    /// <summary>The one message.</summary>
    public static readonly IntentChanged Instance = new();

    private IntentChanged()
    {
    }
}
