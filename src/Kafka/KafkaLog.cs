using System.Collections.Concurrent;
using Earshot.Kafka.Groups;
using Earshot.Kafka.Topics;
using Earshot.Kafka.Transactions;
using Earshot.Log;
using Microsoft.Extensions.Logging;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Kafka;

/// <summary>
/// The log on Apache Kafka. Transactions take offsets too (each leaves a marker in every
/// partition it wrote to), so offsets rise but have gaps, and the end of a partition lies behind
/// its last record.
/// </summary>
/// <remarks>
/// An empty key is written as none (null) and read back as empty; an empty value is written as an
/// empty value, not as a tombstone. Records carry the time of their commit as timestamp, unless
/// their topic says LogAppendTime. Offsets can be kept only for topics of this cluster.
/// </remarks>
public sealed class KafkaLog : ILog, IMemberships
{
    // Belongs to the client that asks about topics; nobody ever joins it.
    private const string NoGroup = "earshot";

    private readonly KafkaOptions options;
    private readonly KafkaSettings settings;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly KafkaReaders readers;
    private readonly KafkaQuery query;
    private readonly KafkaTopics topics;
    private readonly ProducerContext context;

    // One asking client and at most one member per group.
    private readonly ConcurrentDictionary<string, Lazy<KafkaQuery>> queries = [];
    private readonly ConcurrentDictionary<string, KafkaGroup> groups = [];

    private volatile bool disposed;

    private KafkaLog(
        KafkaOptions options, KafkaSettings settings, TimeProvider time, ILogger log,
        KafkaQuery query, int brokers)
    {
        this.options = options;
        this.settings = settings;
        this.time = time;
        this.log = log;
        this.query = query;
        topics = new KafkaTopics(options, settings, query, brokers);
        readers = new KafkaReaders(settings.Reader(), log);
        context = new ProducerContext(
            topics.RequireAsync,
            (group, source) => QueryOf(group).ReadCommittedAsync(source, CancellationToken.None),
            group => QueryOf(group).Unjoined, this, log);
    }

    /// <summary>Connects to the cluster.</summary>
    /// <param name="options">Which, and how to use it.</param>
    /// <param name="time">Gives records their time.</param>
    /// <param name="log">Told about rebalances and trouble with brokers.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="LogException">
    /// No broker answers, an option is wrong, or the native library is missing.
    /// </exception>
    public static async ValueTask<KafkaLog> OpenAsync(
        KafkaOptions options, TimeProvider time, ILogger log, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        KafkaLibrary.Require();
        KafkaSettings settings = new(options);
        KafkaQuery query = new(options, settings, NoGroup);
        try
        {
            int brokers = await query.CountBrokersAsync(cancel);
            return new KafkaLog(options, settings, time, log, query, brokers);
        }
        catch
        {
            await query.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask EnsureTopicsAsync(
        IReadOnlyList<TopicSpec> topics, CancellationToken cancel)
    {
        RequireOpen(cancel);
        await this.topics.EnsureAsync(topics, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<int?> ReadPartitionCountAsync(string topic, CancellationToken cancel)
    {
        RequireOpen(cancel);
        return await topics.CountAsync(topic, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<ILogGroup> JoinGroupAsync(
        string group, IReadOnlyList<TopicSpec> topics, IGroupListener listener,
        CancellationToken cancel)
    {
        RequireOpen(cancel);
        if (groups.TryGetValue(group, out KafkaGroup? other) && !other.Completion.IsCompleted)
            throw new LogException($"This process is a member of group {group} already.");
        return await KafkaGroup.JoinAsync(
            topics, listener,
            new GroupContext(
                group, settings.Member(group), options.Limits, log,
                member => groups[group] = member),
            cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<OffsetRange> ReadRangeAsync(
        TopicPartition source, CancellationToken cancel)
    {
        RequireOpen(cancel);
        await topics.RequireAsync(source, cancel);
        return await query.ReadRangeAsync(source, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<long?> ReadCommittedAsync(
        string group, TopicPartition source, CancellationToken cancel)
    {
        RequireOpen(cancel);
        return await QueryOf(group).ReadCommittedAsync(source, cancel);
    }

    /// <inheritdoc/>
    public ILogReader OpenReader(TopicPartition source, long from)
    {
        RequireOpen(CancellationToken.None);
        return readers.Open(source, from);
    }

    /// <inheritdoc/>
    public async ValueTask<ILogProducer> OpenProducerAsync(
        string transactionalId, CancellationToken cancel)
    {
        RequireOpen(cancel);
        return await KafkaLogProducer.OpenAsync(
            transactionalId, options, settings, context, time, cancel);
    }

    /// <summary>Leaves the groups that were not left, and closes readers and connections.</summary>
    public async ValueTask DisposeAsync()
    {
        disposed = true;
        foreach (KafkaGroup group in groups.Values)
            await group.DisposeAsync();
        await readers.DisposeAsync();
        foreach (Lazy<KafkaQuery> asking in queries.Values)
            await asking.Value.DisposeAsync();
        await query.DisposeAsync();
    }

    /// <inheritdoc/>
    Membership? IMemberships.Find(string group) =>
        groups.TryGetValue(group, out KafkaGroup? member) ? member.Membership : null;

    /// <inheritdoc/>
    bool IMemberships.WaitNewer(string group, long version, Deadline deadline) =>
        groups.TryGetValue(group, out KafkaGroup? member) && member.WaitNewer(version, deadline);

    private KafkaQuery QueryOf(string group) => group == NoGroup
        ? query
        : queries.GetOrAdd(
            group,
            name => new Lazy<KafkaQuery>(() => new KafkaQuery(options, settings, name))).Value;

    private void RequireOpen(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(disposed, this);
    }
}
