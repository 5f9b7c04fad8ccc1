using Confluent.Kafka;
using Earshot.Actors;
using Earshot.Kafka.Testing;
using Earshot.Tests.Integration.Host;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>
/// A test on a real broker: what it makes there has names nobody else uses, and goes at the end.
/// </summary>
internal sealed class KafkaScene : IAsyncDisposable
{
    private readonly CommandLine cli = new();

    public BrokerTopics Broker { get; } = new(Requirements.Broker!);

    public string Bootstrap => Broker.Bootstrap;

    /// <summary>A path in the test's folder.</summary>
    public string PathOf(string name) => cli.PathOf(name);

    /// <summary>A pipeline's name; what it makes on the broker goes at the end.</summary>
    public string NewPipeline(string name)
    {
        string pipeline = Broker.Unique(name);
        Topics topics = new(pipeline, calls: null);
        Broker.Adopt(
            topics.Written(1).Select(topic => topic.Name),
            ((string[])["call", "fused", "aggregator", "archive", "rekey"])
                .Select(stage => $"{pipeline}.{stage}"));
        return pipeline;
    }

    /// <summary>The service on a topic, its data in a folder of the pipeline's name.</summary>
    public ServiceProcess Start(string pipeline, string topic, params string[] more) =>
        ServiceProcess.Start(
        [
            "--kafka", Bootstrap, "--topic", topic, "--pipeline", pipeline,
            "--data", PathOf(pipeline), .. TrafficFile.Shape, .. more,
        ]);

    /// <summary>The rows of a pipeline.</summary>
    public Task<Rows> RowsAsync(string pipeline) => Rows.ReadAsync(PathOf(pipeline));

    /// <summary>Writes records, in order, each to its partition.</summary>
    /// <param name="topic">Where to.</param>
    /// <param name="records">The records.</param>
    /// <param name="perBeat">Records per beat of 20 ms; 0: at once.</param>
    public async Task FeedAsync(
        string topic, IEnumerable<TrafficRecord> records, int perBeat = 0)
    {
        using IProducer<string, byte[]> producer = new ProducerBuilder<string, byte[]>(
            new ProducerConfig
            {
                BootstrapServers = Bootstrap, EnableIdempotence = true,
                QueueBufferingMaxMessages = 1_000_000,
            }).Build();
        using PeriodicTimer beat = new(TimeSpan.FromMilliseconds(20));
        int sent = 0;
        foreach (TrafficRecord record in records)
        {
            Send(producer, new TopicPartition(topic, record.Partition), record);
            if (perBeat > 0 && ++sent % perBeat == 0)
                await beat.WaitForNextTickAsync();
        }

        Assert.Equal(0, producer.Flush(TimeSpan.FromSeconds(60)));
    }

    private static void Send(
        IProducer<string, byte[]> producer, TopicPartition target, TrafficRecord record)
    {
        Message<string, byte[]> message = new() { Key = record.Key, Value = record.Value };
        while (true)
        {
            try
            {
                producer.Produce(target, message);
                return;
            }
            catch (ProduceException<string, byte[]> e)
                when (e.Error.Code == ErrorCode.Local_QueueFull)
            {
                // A busy broker takes its time.
                producer.Flush(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        cli.Dispose();
    }
}
