using Earshot.Kafka.Native;
using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Kafka;

/// <summary>
/// Reads partitions of Kafka topics: committed records only, all partitions over one client with
/// one connection to each broker. It belongs to no consumer group.
/// </summary>
/// <remarks>
/// Memory: each open partition prefetches up to 50,000 records or 16 MB (queued.min.messages,
/// queued.max.messages.kbytes) and one fetch more (fetch.message.max.bytes, 1 MB, or one batch as
/// it was produced if that is larger), and then fetches no more until it is read: about 32 MB
/// with small records.
/// </remarks>
public sealed class KafkaReaders : IAsyncDisposable
{
    private readonly Dictionary<string, string> options;
    private readonly KafkaClientLog log;
    private readonly KafkaClient shared;
    private readonly PartitionCheck check;

    // Guards what follows.
    private readonly Lock gate = new();
    private readonly HashSet<KafkaReader> readers = [];

    // Read over the shared client, which can read a partition only once at a time.
    private readonly HashSet<TopicPartition> sharedSources = [];
    private bool disposed;

    /// <summary>Creates the client, which connects in the background.</summary>
    /// <param name="options">
    /// librdkafka's options, bootstrap.servers among them. Those that decide what is read are
    /// Earshot's own: isolation.level, enable.partition.eof, auto.offset.reset,
    /// enable.auto.commit, enable.auto.offset.store.
    /// </param>
    /// <param name="logger">Told when brokers go away and come back.</param>
    /// <exception cref="LogException">The library is missing, or an option is wrong.</exception>
    public KafkaReaders(IReadOnlyDictionary<string, string> options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logger);
        this.options = ReaderOptions.Complete(options);
        log = new KafkaClientLog(logger);
        TimeSpan patience = ReaderOptions.PatienceOf(this.options);
        shared = KafkaClient.Create(this.options, log);
        check = new PartitionCheck(shared, patience);
    }

    /// <summary>
    /// Opens a reader of committed records from <paramref name="from"/> on. A batch may be empty:
    /// it then only says how far the partition was read, past transaction markers and the records
    /// of aborted transactions. Reading an offset that is not kept, or a partition that does not
    /// exist, fails with a <see cref="LogException"/>; a broker that is away does not.
    /// </summary>
    /// <param name="source">What to read. If it is being read already, over a client of its own.
    /// </param>
    /// <param name="from">First offset wanted, 0 or more.</param>
    /// <exception cref="LogException">There can be no such partition.</exception>
    public ILogReader Open(TopicPartition source, long from)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        if (source.Partition < 0 || string.IsNullOrEmpty(source.Topic))
            throw LogFaults.UnknownPartition(source);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            bool alone = sharedSources.Add(source);
            KafkaClient? own = null;
            try
            {
                own = alone ? null : KafkaClient.Create(options, log);
                KafkaReader reader = new(own ?? shared, check, source, from, Remove);
                readers.Add(reader);
                return reader;
            }
            catch
            {
                if (alone)
                    sharedSources.Remove(source);
                own?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Ends all readers and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        KafkaReader[] open;
        lock (gate)
        {
            if (disposed)
                return;
            disposed = true;
            open = [.. readers];
        }

        await Task.WhenAll(open.Select(reader => reader.DisposeAsync().AsTask()));
        // Joins the client's threads.
        await Task.Run(shared.Dispose);
    }

    private void Remove(KafkaReader reader)
    {
        lock (gate)
        {
            readers.Remove(reader);
            if (reader.Client == shared)
                sharedSources.Remove(reader.Source);
        }

        if (reader.Client != shared)
            reader.Client.Dispose();
    }
}
