using System.Collections.Concurrent;
using Earshot.Actors.Ports;
using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Actors.Partitions;

/// <summary>
/// The actors of one consumer group in this process: one for each partition it owns, started
/// when it is assigned, ended before it goes to somebody else.
/// </summary>
/// <param name="name">The group's name, for people.</param>
/// <param name="spawn">Starts the actor of a partition; the intent asks it to end.</param>
/// <param name="askToEnd">Changes the intent so that the actor finishes and ends.</param>
/// <param name="forget">Called when a partition is no longer ours.</param>
/// <param name="patience">How long an actor may finish before it is ended at once.</param>
/// <param name="time">Clock of the patience.</param>
/// <param name="logger">For people.</param>
internal sealed partial class PartitionGroup(
    string name, Func<TopicPartition, ActorIntent, IActorRef> spawn, Action<ActorIntent> askToEnd,
    Func<TopicPartition, ValueTask> forget, TimeSpan patience, TimeProvider time, ILogger logger)
    : IGroupListener
{
    private readonly ConcurrentDictionary<TopicPartition, Member> members = [];
    private int cutShort;

    /// <summary>The actors of the partitions owned now, parked ones too.</summary>
    public IReadOnlyList<Member> Members => [.. members.Values];

    /// <summary>Actors that did not finish in time and were ended, so far.</summary>
    public int CutShort => Volatile.Read(ref cutShort);

    /// <inheritdoc/>
    public ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions)
    {
        foreach (TopicPartition source in partitions)
        {
            if (members.ContainsKey(source))
                continue;
            ActorIntent intent = new();
            members[source] = new Member(source, spawn(source, intent), intent);
        }

        if (partitions.Count > 0)
            LogAssigned(logger, name, partitions.Count, string.Join(", ", partitions));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions, bool lost)
    {
        if (partitions.Count > 0)
            LogRevoked(logger, name, lost ? "lost" : "gives up", string.Join(", ", partitions));
        await Task.WhenAll(partitions.Select(source => EndAsync(source, lost)));
    }

    /// <summary>
    /// Has all actors finish, before the group is left: as long as this process takes part in its
    /// rebalances, a commit that came too late for one is sent again with the next.
    /// </summary>
    public Task FinishAsync() => Task.WhenAll(Members.Select(async member =>
    {
        await FinishAsync(member);
        await member.Actor.EndAsync();
    }));

    private async Task EndAsync(TopicPartition source, bool lost)
    {
        if (!members.TryGetValue(source, out Member? member))
            return;
        if (!lost)
            await FinishAsync(member);
        await member.Actor.EndAsync();
        members.TryRemove(source, out _);
        await forget(source);
    }

    private async Task FinishAsync(Member member)
    {
        using CancellationTokenSource limit = new(patience, time);
        askToEnd(member.Intent);
        try
        {
            await member.Actor.TellAsync(IntentChanged.Instance, limit.Token);
            await Task.WhenAny(member.Actor.Completion).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref cutShort);
            LogImpatient(logger, member.Actor.Name, patience.TotalSeconds);
        }
    }

    [LoggerMessage(30, LogLevel.Information, "{Group} owns {Count} more: {Partitions}")]
    private static partial void LogAssigned(
        ILogger logger, string group, int count, string partitions);

    [LoggerMessage(31, LogLevel.Information, "{Group} {How}: {Partitions}")]
    private static partial void LogRevoked(
        ILogger logger, string group, string how, string partitions);

    [LoggerMessage(32, LogLevel.Warning,
        "{Actor} did not finish within {Seconds} s and is ended; what it did not commit is done " +
        "again by the next owner")]
    private static partial void LogImpatient(ILogger logger, string actor, double seconds);

    /// <summary>A partition owned, and who works on it.</summary>
    internal sealed record Member(TopicPartition Source, IActorRef Actor, ActorIntent Intent);
}
