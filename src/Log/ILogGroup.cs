namespace Earshot.Log;

/// <summary>
/// Membership in a consumer group. Disposing leaves it: the listener is told that everything is
/// revoked first. A static member's partitions then wait for its return.
/// </summary>
public interface ILogGroup : IAsyncDisposable
{
    /// <summary>What it owns at this moment.</summary>
    IReadOnlyCollection<TopicPartition> Owned { get; }

    /// <summary>Faults when the membership cannot go on; ends when it was left.</summary>
    Task Completion { get; }
}

/// <summary>Is told which partitions a group's member owns. One call at a time.</summary>
public interface IGroupListener
{
    /// <summary>These partitions are owned from now on.</summary>
    ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions);

    /// <summary>
    /// These partitions go to somebody else. All work on them has ended and every transaction is
    /// resolved when this returns.
    /// </summary>
    /// <param name="partitions">Which.</param>
    /// <param name="lost">
    /// True when they are gone already: nothing can be committed for them any more.
    /// </param>
    ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions, bool lost);
}

/// <summary>The group of a log that has one user: it owns everything.</summary>
public sealed class SoleOwner : ILogGroup
{
    private readonly IGroupListener listener;
    private readonly List<TopicPartition> owned;
    private readonly TaskCompletionSource completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SoleOwner(IGroupListener listener, List<TopicPartition> owned)
    {
        this.listener = listener;
        this.owned = owned;
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<TopicPartition> Owned => owned;

    /// <inheritdoc/>
    public Task Completion => completion.Task;

    /// <summary>Gives all partitions of the topics to the listener.</summary>
    public static async ValueTask<ILogGroup> JoinAsync(
        IReadOnlyList<TopicSpec> topics, IGroupListener listener)
    {
        List<TopicPartition> all = [.. topics.SelectMany(topic => Enumerable
            .Range(0, topic.Partitions)
            .Select(partition => new TopicPartition(topic.Name, partition)))];
        await listener.AssignedAsync(all);
        return new SoleOwner(listener, all);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (completion.Task.IsCompleted)
            return;
        await listener.RevokedAsync(owned, lost: false);
        completion.TrySetResult();
    }
}
