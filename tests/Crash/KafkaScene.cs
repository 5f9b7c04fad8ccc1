using System.Diagnostics;
using Confluent.Kafka;
using Earshot.Actors;
using Earshot.Kafka;
using Earshot.Kafka.Testing;
using Earshot.Log;
using Earshot.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using TopicPartition = Earshot.Log.TopicPartition;

namespace Earshot.Tests.Crash;

/// <summary>
/// A pipeline of one test on a real broker: its input, its progress, and its end.
/// </summary>
internal sealed class KafkaScene : IAsyncDisposable
{
    /// <summary>Partitions of the input.</summary>
    public const int Partitions = 4;

    private const int BatchRecords = 2000;

    private readonly BrokerTopics topics;
    private readonly IConsumer<Ignore, Ignore> offsets;

    private KafkaScene(BrokerTopics topics, string input)
    {
        this.topics = topics;
        Options = new PipelineOptions
        {
            PipelineId = topics.Unique("crash"),
            InputTopic = input,
            Partitions = Partitions,
        };
        // Offsets of an open transaction are not waited for: who would end it was killed.
        offsets = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig
        {
            BootstrapServers = topics.Bootstrap,
            GroupId = $"{Options.PipelineId}.call",
            IsolationLevel = IsolationLevel.ReadUncommitted,
        }).SetLogHandler((_, _) => { }).Build();
    }

    /// <summary>The pipeline.</summary>
    public PipelineOptions Options { get; }

    /// <summary>The arguments of a process.</summary>
    public string[] Run =>
    [
        "run", "--kafka", topics.Bootstrap, "--topic", Options.InputTopic,
        "--pipeline", Options.PipelineId, .. CrashTraffic.Shape,
    ];

    /// <summary>The arguments that say where its log is.</summary>
    public string[] Place => ["--kafka", topics.Bootstrap];

    /// <summary>Records in the input so far.</summary>
    public long Loaded { get; private set; }

    public static async Task<KafkaScene> CreateAsync()
    {
        BrokerTopics topics = new(Requirements.Broker!);
        return new KafkaScene(topics, await topics.CreateAsync("calls", Partitions));
    }

    /// <summary>
    /// Writes the input, spread over partitions as a replay spreads it, all at the same pace.
    /// </summary>
    /// <param name="traffic">The input.</param>
    /// <param name="go">Asked before every batch; ends when it may be written.</param>
    public async Task LoadAsync(CrashTraffic traffic, Func<Task>? go = null)
    {
        FileLog files = new(
            [traffic.Events, traffic.Closing], InputFormat.Parse("delimited"), Options.InputTopic,
            Partitions, TimeProvider.System);
        using IProducer<Null, byte[]> producer = new ProducerBuilder<Null, byte[]>(
            new ProducerConfig
            {
                BootstrapServers = topics.Bootstrap,
                EnableIdempotence = true,
                LingerMs = 20,
                CompressionType = CompressionType.Lz4,
                BatchSize = 1_000_000,
            }).SetLogHandler((_, _) => { }).Build();
        List<FileLogReader> left = [.. Enumerable.Range(0, Partitions).Select(
            partition => files.OpenReader(new TopicPartition(files.Topic, partition), 0))];
        while (left.Count > 0)
        {
            foreach (FileLogReader reader in left.ToArray())
            {
                if (go is not null)
                    await go();
                if (await reader.ReadAsync(BatchRecords, CancellationToken.None) is { } batch)
                    Send(producer, batch);
                else
                    left.Remove(reader);
            }
        }

        producer.Flush();
        foreach (FileLogReader reader in left)
            await reader.DisposeAsync();
    }

    /// <summary>Input records the pipeline has committed.</summary>
    public Task<long> ReadCommittedAsync() => Task.Run(() => offsets
        .Committed(
            [.. Enumerable.Range(0, Partitions).Select(
                p => new Confluent.Kafka.TopicPartition(Options.InputTopic, p))],
            TimeSpan.FromMinutes(1))
        .Sum(partition => Math.Max(0, partition.Offset.Value)));

    /// <summary>
    /// Waits until all that follows from the input is in the archive. What a killed process left
    /// in an open transaction hides all that comes after it until the broker gives up on that.
    /// </summary>
    public async Task SettleAsync(params RunningEarshot[] processes)
    {
        await using KafkaLog log = await KafkaLog.OpenAsync(
            new KafkaOptions(topics.Bootstrap), TimeProvider.System, NullLogger.Instance,
            CancellationToken.None);
        await WaitAsync(log, "call", Options.InputTopic);
        await WaitAsync(log, "aggregator", Options.Topics.Bundles);
        foreach ((string topic, _) in Options.Topics.Archived)
            await WaitAsync(log, "archive", topic);

        async Task WaitAsync(KafkaLog log, string stage, string topic)
        {
            for (int partition = 0; partition < Partitions; partition++)
            {
                TopicPartition source = new(topic, partition);
                long end = offsets.QueryWatermarkOffsets(
                    new Confluent.Kafka.TopicPartition(topic, partition), RunningEarshot.Patience)
                    .High;
                long started = Stopwatch.GetTimestamp();
                while ((await log.ReadCommittedAsync(
                    $"{Options.PipelineId}.{stage}", source, CancellationToken.None) ?? 0)
                    < end)
                {
                    foreach (RunningEarshot process in processes)
                        Assert.False(process.HasEnded, $"it ended by itself:\n{process.Said}");
                    Assert.True(
                        Stopwatch.GetElapsedTime(started) < RunningEarshot.Patience,
                        $"{source} is not done up to {end}");
                    await Task.Delay(RunningEarshot.Pause);
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        offsets.Dispose();
        using IAdminClient admin = new AdminClientBuilder(
            new AdminClientConfig { BootstrapServers = topics.Bootstrap })
            .SetLogHandler((_, _) => { }).Build();
        List<string> ours = [.. admin.GetMetadata(TimeSpan.FromSeconds(30)).Topics
            .Select(topic => topic.Topic)
            .Where(topic => topic.StartsWith(Options.PipelineId, StringComparison.Ordinal))];
        if (ours.Count > 0)
            await admin.DeleteTopicsAsync(ours);
        await topics.DisposeAsync();
    }

    private void Send(IProducer<Null, byte[]> producer, RecordBatch batch)
    {
        Confluent.Kafka.TopicPartition target = new(Options.InputTopic, batch.Source.Partition);
        for (int i = 0; i < batch.Count; i++)
        {
            Message<Null, byte[]> message = new() { Value = batch[i].Value.ToArray() };
            while (!TryProduce(producer, target, message))
                producer.Poll(TimeSpan.FromMilliseconds(50));
            Loaded++;
        }
    }

    private static bool TryProduce(
        IProducer<Null, byte[]> producer, Confluent.Kafka.TopicPartition target,
        Message<Null, byte[]> message)
    {
        try
        {
            producer.Produce(target, message);
            return true;
        }
        catch (ProduceException<Null, byte[]> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
    }
}
