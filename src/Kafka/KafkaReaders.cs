using Earshot.Log;
using Microsoft.Extensions.Logging;

namespace Earshot.Kafka;

/// <summary>
/// Reads partitions of Kafka topics: committed records only, many partitions over one client.
/// </summary>
public sealed class KafkaReaders : IAsyncDisposable
{
    /// <summary>Creates the client; it connects when the first reader is opened.</summary>
    /// <param name="options">librdkafka's options, bootstrap.servers among them.</param>
    /// <param name="logger">Told when brokers go away and come back.</param>
    /// <exception cref="LogException">The library is missing, or an option is wrong.</exception>
    public KafkaReaders(IReadOnlyDictionary<string, string> options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logger);
    }

    /// <summary>
    /// Opens a reader of committed records from <paramref name="from"/> on. Batches may be empty:
    /// such a one only says how far the partition was read.
    /// </summary>
    public ILogReader Open(TopicPartition source, long from) =>
        throw new NotImplementedException();

    /// <summary>Ends all readers and closes the connections.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
