using System.Diagnostics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources.Traffic;

namespace Earshot.Host.Generate;

/// <summary>
/// Generated traffic into a topic, in batches of which each is there as a whole or not at all.
/// A record's partition is StableHash(key) modulo their count, as everywhere in Earshot.
/// </summary>
/// <param name="log">Where the topic is.</param>
/// <param name="topic">Its name.</param>
/// <param name="partitions">How many it has.</param>
/// <param name="terminal">Told about trouble.</param>
/// <param name="time">Clock of the pauses between attempts.</param>
internal sealed class TopicTraffic(
    ILog log, string topic, int partitions, Terminal terminal, TimeProvider time)
{
    /// <summary>Records of a transaction: enough that its own cost does not count.</summary>
    private const int BatchRecordsMax = 50_000;

    /// <summary>Attempts to write one batch; a broker that restarts takes some.</summary>
    private const int AttemptsMax = 10;

    private static readonly TimeSpan retryAfter = TimeSpan.FromSeconds(2);

    // One id for this run: two runs into one topic do not end each other.
    private readonly string transactionalId = $"earshot.generate.{Guid.NewGuid():N}";
    private readonly RecordBatchBuilder[] builders =
        [.. Enumerable.Range(0, partitions).Select(_ => new RecordBatchBuilder(pooled: true))];

    private ILogProducer? producer;

    /// <summary>Records certainly written.</summary>
    public long Written { get; private set; }

    /// <summary>Of these, how many may be there twice, with the same event ids.</summary>
    public long Doubtful { get; private set; }

    /// <summary>Writes until the end; a batch is filled while the one before is sent.</summary>
    /// <exception cref="LogException">A batch cannot be written.</exception>
    public async Task RunAsync(
        TrafficGenerator generator, TrafficLimits limits, CancellationToken cancel)
    {
        try
        {
            producer = await log.OpenProducerAsync(transactionalId, cancel);
            long filled = 0;
            List<RecordAppend> batch = Fill(generator, limits, ref filled);
            while (batch.Count > 0)
            {
                cancel.ThrowIfCancellationRequested();
                long begun = filled;
                Task sent = SendAsync(new LogTransaction(batch, []), cancel);
                List<RecordAppend> next = Fill(generator, limits, ref filled);
                await sent;
                Written = begun;
                foreach (RecordAppend append in batch)
                    append.Records.Release();
                batch = next;
            }
        }
        finally
        {
            if (producer is not null)
                await producer.DisposeAsync();
        }
    }

    private List<RecordAppend> Fill(
        TrafficGenerator generator, TrafficLimits limits, ref long filled)
    {
        for (int count = 0; count < BatchRecordsMax; count++)
        {
            if (!limits.TryNext(generator, filled, out TrafficEvent next))
                break;
            ulong hash = StableHash.Of(next.Key.Span);
            builders[(int)(hash % (ulong)partitions)].Append(next.Key.Span, next.Bytes.Span);
            filled++;
        }

        List<RecordAppend> batch = [];
        for (int partition = 0; partition < partitions; partition++)
        {
            if (builders[partition].Count > 0)
                batch.Add(new RecordAppend(
                    new TopicPartition(topic, partition), builders[partition].Build()));
        }

        return batch;
    }

    /// <summary>
    /// Writes a batch. Without an answer the same is sent again: should the first one be there
    /// after all, whoever reads it drops the second by its event ids.
    /// </summary>
    private async Task SendAsync(LogTransaction batch, CancellationToken cancel)
    {
        bool doubtful = false;
        for (int attempt = 1; ; attempt++)
        {
            CommitResult result = await producer!.CommitAsync(batch, cancel);
            switch (result.Outcome)
            {
                case CommitOutcome.Committed:
                    Doubtful += doubtful ? batch.Appends.Sum(a => a.Records.Count) : 0;
                    return;
                case CommitOutcome.Fenced:
                    throw new LogException($"another producer took over: {result.Error}");
                case CommitOutcome.Unknown or CommitOutcome.Aborted when attempt == AttemptsMax:
                    throw new LogException(
                        $"Topic {topic} takes nothing, after {AttemptsMax} attempts: "
                        + result.Error);
                case CommitOutcome.Unknown:
                    doubtful = true;
                    await producer.DisposeAsync();
                    producer = await log.OpenProducerAsync(transactionalId, cancel);
                    break;
                case CommitOutcome.Aborted:
                    terminal.Say($"trying again: {result.Error}");
                    await Task.Delay(retryAfter, time, cancel);
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }
}
