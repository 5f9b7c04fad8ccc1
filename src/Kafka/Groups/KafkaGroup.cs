using System.Collections.Frozen;
using System.Diagnostics;
using Confluent.Kafka;
using Earshot.Log;
using Microsoft.Extensions.Logging;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Kafka.Groups;

/// <summary>What a membership is made of, apart from what is read and who listens.</summary>
/// <param name="Group">The group's name.</param>
/// <param name="Settings">The client's options.</param>
/// <param name="Limits">Bounds on waiting.</param>
/// <param name="Log">For people.</param>
/// <param name="Register">Told of the member before it joins.</param>
internal sealed record GroupContext(
    string Group, Dictionary<string, string> Settings, KafkaLimits Limits, ILogger Log,
    Action<KafkaGroup> Register);

/// <summary>
/// Membership in a consumer group through a client that reads nothing: it subscribes, keeps its
/// partitions paused and polls on a thread of its own, on which the rebalance callbacks run.
/// </summary>
/// <remarks>
/// <para>
/// librdkafka calls the assigned callback at the end of every cooperative rebalance, also of one
/// that changes nothing for this member (an empty list): the generation has moved, and the
/// metadata is captured anew.
/// </para>
/// <para>
/// While the revoke callback waits for the listener, the revoked partitions are still ours: the
/// group gives them to nobody before this member joins again. So the listener's last commits go
/// through, under the new generation. After it they are refused here, whatever a broker would say.
/// </para>
/// </remarks>
internal sealed partial class KafkaGroup : ILogGroup
{
    private static readonly TimeSpan PollTime = TimeSpan.FromMilliseconds(100);

    private readonly string group;
    private readonly IGroupListener listener;
    private readonly KafkaLimits limits;
    private readonly ILogger log;
    private readonly IConsumer<Ignore, Ignore> consumer;

    private readonly TaskCompletionSource joined =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards the membership's replacement, and wakes those who wait for a newer one.
    private readonly object gate = new();
    private volatile Membership membership;

    // Set from outside, read between two polls.
    private volatile bool leaving;

    // Touched by the polling thread alone: a rebalance happened since the last pausing.
    private bool pauseDue;

    private KafkaGroup(IGroupListener listener, GroupContext context)
    {
        (group, Dictionary<string, string> settings, limits, log, _) = context;
        this.listener = listener;
        consumer = KafkaClients.Build(() => new ConsumerBuilder<Ignore, Ignore>(settings)
            .SetPartitionsAssignedHandler((_, partitions) => OnAssigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => OnRevoked(partitions))
            .SetPartitionsLostHandler((_, partitions) => OnLost(partitions))
            .SetErrorHandler((_, error) => Report(error))
            .SetLogHandler((_, line) => LogClient(log, group, line.Message))
            .Build());
        membership = new Membership(
            0, consumer.ConsumerGroupMetadata, FrozenDictionary<TopicPartition, long>.Empty);
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<TopicPartition> Owned => membership.Owned.Keys;

    /// <inheritdoc/>
    public Task Completion => completion.Task;

    /// <summary>The group's name.</summary>
    public string Name => group;

    /// <summary>What it is now.</summary>
    public Membership Membership => membership;

    /// <summary>Joins and waits for the first assignment.</summary>
    public static async Task<KafkaGroup> JoinAsync(
        IReadOnlyList<TopicSpec> topics, IGroupListener listener, GroupContext context,
        CancellationToken cancel)
    {
        KafkaGroup member = new(listener, context);
        // Before it owns anything: commits find it from the first callback on.
        context.Register(member);
        string[] names = [.. topics.Select(topic => topic.Name)];
        new Thread(() => member.Run(names))
        {
            Name = $"earshot-kafka-group-{context.Group}",
            IsBackground = true,
        }.Start();
        try
        {
            await member.joined.Task.WaitAsync(cancel);
            return member;
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc cref="IMemberships.WaitNewer"/>
    public bool WaitNewer(long version, Deadline deadline)
    {
        lock (gate)
        {
            while (membership.Version <= version && !completion.Task.IsCompleted)
            {
                if (deadline.IsOver)
                    return false;
                Monitor.Wait(gate, deadline.AtMost(PollTime));
            }
            return membership.Version > version;
        }
    }

    /// <summary>Revokes everything and leaves; a static member only goes silent.</summary>
    public async ValueTask DisposeAsync()
    {
        leaving = true;
        await completion.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Run(string[] topics)
    {
        Exception? fault = null;
        try
        {
            consumer.Subscribe(topics);
            while (!leaving)
                Poll();
        }
        catch (Exception e)
        {
            fault = Explain(e);
        }
        fault = Leave() ?? fault;
        lock (gate)
            Monitor.PulseAll(gate);
        if (fault is null)
        {
            joined.TrySetCanceled();
            completion.SetResult();
            return;
        }
        LogFault(log, group, fault.Message);
        joined.TrySetException(fault);
        completion.SetException(fault);
        _ = completion.Task.Exception; // seen: who waits for nothing must not crash
    }

    private void Poll()
    {
        try
        {
            // Paused partitions give no records; what came before the pause is thrown away.
            consumer.Consume(PollTime);
        }
        catch (ConsumeException e) when (!e.Error.IsFatal && !KafkaFaults.IsForbidden(e.Error))
        {
            Report(e.Error);
        }
        if (pauseDue)
        {
            pauseDue = false;
            consumer.Pause(consumer.Assignment);
        }
    }

    // Closing runs the revoke callback. Whatever happens, nothing stays owned.
    private Exception? Leave()
    {
        Exception? fault = null;
        try
        {
            consumer.Close();
        }
        catch (Exception e)
        {
            fault = Explain(e);
        }
        try
        {
            if (membership.Owned.Count > 0)
                Lose([.. membership.Owned.Keys]);
            consumer.Dispose();
        }
        catch (Exception e)
        {
            fault = Explain(e);
        }
        return fault;
    }

    private IEnumerable<TopicPartitionOffset> OnAssigned(
        List<Confluent.Kafka.TopicPartition> assigned)
    {
        List<TopicPartition> added = [.. assigned.Select(From)];
        IConsumerGroupMetadata metadata = consumer.ConsumerGroupMetadata;
        // Without a member id the metadata would pass every check of the broker. The group is
        // lost then, and the lost callback comes next.
        if (consumer.MemberId.Length > 0)
            Replace(membership.Add(metadata, added));
        LogAssigned(log, group, added.Count, membership.Owned.Count);
        if (added.Count > 0)
            Wait(listener.AssignedAsync(added), Timeout.InfiniteTimeSpan);
        pauseDue = true;
        joined.TrySetResult();
        // From the end: nothing is fetched that is there already, nor committed offsets asked for.
        return assigned.Select(partition => new TopicPartitionOffset(partition, Offset.End));
    }

    private void OnRevoked(List<TopicPartitionOffset> revoked)
    {
        List<TopicPartition> partitions = From(revoked);
        IConsumerGroupMetadata metadata = consumer.ConsumerGroupMetadata;
        if (consumer.MemberId.Length > 0)
            Replace(membership.Add(metadata, []));
        LogRevoked(log, group, partitions.Count);
        long start = Stopwatch.GetTimestamp();
        try
        {
            if (!Wait(listener.RevokedAsync(partitions, lost: false), limits.Revoke))
                LogSlow(log, group, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        finally
        {
            Replace(membership.Remove(partitions));
        }
    }

    private void OnLost(List<TopicPartitionOffset> lost) => Lose(From(lost));

    private void Lose(List<TopicPartition> partitions)
    {
        // First of all: nothing can be committed for them any more.
        Replace(membership.Remove(partitions));
        LogLost(log, group, partitions.Count);
        if (!Wait(listener.RevokedAsync(partitions, lost: true), limits.Revoke))
            LogSlow(log, group, limits.Revoke.TotalSeconds);
    }

    private void Replace(Membership next)
    {
        lock (gate)
        {
            membership = next;
            Monitor.PulseAll(gate);
        }
    }

    // Only on the polling thread, which may block; the listener works elsewhere.
    private static bool Wait(ValueTask work, TimeSpan limit) =>
        Task.WaitAll([work.AsTask()], limit);

    private void Report(Error error)
    {
        if (KafkaFaults.IsGrave(error))
            LogTrouble(log, group, KafkaFaults.TextOf(error));
        else
            LogClient(log, group, KafkaFaults.TextOf(error));
    }

    private LogException Explain(Exception e) => e switch
    {
        KafkaException kafka => new LogException(
            $"Membership in group {group} cannot go on: {KafkaFaults.TextOf(kafka.Error)}."
            + KafkaFaults.Hint(kafka.Error), e),
        AggregateException { InnerException: { } inner } => new LogException(
            $"Membership in group {group} cannot go on: {inner.Message}", inner),
        _ => new LogException($"Membership in group {group} cannot go on: {e.Message}", e),
    };

    private static List<TopicPartition> From(List<TopicPartitionOffset> partitions) =>
        [.. partitions.Select(partition => From(partition.TopicPartition))];

    private static TopicPartition From(Confluent.Kafka.TopicPartition partition) =>
        new(partition.Topic, partition.Partition.Value);

    [LoggerMessage(410, LogLevel.Information,
        "group {Group}: {Added} partitions assigned, {Owned} owned")]
    private static partial void LogAssigned(ILogger log, string group, int added, int owned);

    [LoggerMessage(411, LogLevel.Information, "group {Group}: {Count} partitions revoked")]
    private static partial void LogRevoked(ILogger log, string group, int count);

    [LoggerMessage(412, LogLevel.Warning,
        "group {Group}: {Count} partitions lost; others may own them already")]
    private static partial void LogLost(ILogger log, string group, int count);

    [LoggerMessage(413, LogLevel.Error,
        "group {Group}: work on revoked partitions has not ended after {Seconds:F0} s; what it "
        + "still commits is refused")]
    private static partial void LogSlow(ILogger log, string group, double seconds);

    [LoggerMessage(414, LogLevel.Warning, "group {Group}: {Error}")]
    private static partial void LogTrouble(ILogger log, string group, string error);

    [LoggerMessage(415, LogLevel.Error, "{Group}: {Error}")]
    private static partial void LogFault(ILogger log, string group, string error);

    [LoggerMessage(416, LogLevel.Debug, "group {Group}: {Line}")]
    private static partial void LogClient(ILogger log, string group, string line);
}
