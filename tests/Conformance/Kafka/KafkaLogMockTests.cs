using Earshot.Kafka;
using Earshot.Kafka.Testing;
using Earshot.Log;
using Earshot.Tests.Conformance.Logs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>
/// What the mock cluster can truthfully show: topics, plain writing and reading. Its transactions
/// mean nothing.
/// </summary>
[NeedsLibrdkafka]
public sealed class KafkaLogMockTests
{
    private static readonly TopicPartition Calls = new("calls", 0);
    private static readonly CancellationToken Cancel = CancellationToken.None;

    [SuiteFact]
    public async Task Records_are_read_back_with_the_headers_of_their_topic_and_their_own()
    {
        using MockCluster cluster = new();
        cluster.CreateTopic("calls", 2);
        KafkaOptions options = new(cluster.Bootstrap)
        {
            TopicHeaders = topic => [("content-type", "x/y"u8.ToArray())],
        };
        await using KafkaLog log = await OpenAsync(options);
        await using ILogProducer producer = await log.OpenProducerAsync("p", Cancel);
        RecordHeadersBuilder headers = new();
        headers.Add("id"u8, "7").Add("id"u8, "");
        RecordBatchBuilder builder = new();
        builder.Append("k"u8, "v"u8, headers.Encoded);
        builder.Append(default, "w"u8);
        await LogRecords.CommitAsync(
            producer, new([new(Calls, builder.Build())], []), Cancel);
        await using ILogReader reader = log.OpenReader(Calls, 0);
        List<RecordBatch> batches = await LogRecords.ReadBatchesAsync(reader, 2, Cancel);
        Assert.Equal(["0:k=v", "1:w"], batches.SelectMany(LogRecords.TextsOf));
        Assert.Equal(
            ["content-type=x/y;id=7;id=;", "content-type=x/y;"],
            batches.SelectMany(LogRecords.HeadersOf));
    }

    [SuiteFact]
    public async Task Topics_that_are_there_are_enough_and_missing_ones_give_commands()
    {
        using MockCluster cluster = new();
        cluster.CreateTopic("calls", 2);
        KafkaOptions options = new(cluster.Bootstrap)
        {
            Limits = new KafkaLimits { Call = TimeSpan.FromSeconds(1) },
        };
        await using KafkaLog log = await OpenAsync(options);
        await log.EnsureTopicsAsync([new("calls", 2)], Cancel);
        Assert.Equal(2, await log.ReadPartitionCountAsync("calls", Cancel));
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await log.EnsureTopicsAsync([new("calls", 2), new("a", 1), new("b", 4)], Cancel));
        foreach (string topic in new[] { "a --partitions 1", "b --partitions 4" })
            Assert.Contains($"--create --topic {topic}", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<LogException>(async () =>
            await log.EnsureTopicsAsync([new("calls", 3)], Cancel));
        Assert.Contains("calls has 2 partitions", error.Message, StringComparison.Ordinal);
    }

    [SuiteFact]
    public async Task Without_a_broker_the_message_says_where_it_was_looked_for()
    {
        KafkaOptions options = new("127.0.0.1:1")
        {
            Limits = new KafkaLimits { Call = TimeSpan.FromMilliseconds(300) },
        };
        LogException error = await Assert.ThrowsAsync<LogException>(() => OpenAsync(options));
        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
        Assert.Contains("Check that the brokers run", error.Message, StringComparison.Ordinal);
    }

    [SuiteFact]
    public async Task An_option_librdkafka_does_not_know_is_named()
    {
        KafkaOptions options = new("127.0.0.1:1")
        {
            Settings = new Dictionary<string, string> { ["no.such.option"] = "1" },
        };
        LogException error = await Assert.ThrowsAsync<LogException>(() => OpenAsync(options));
        Assert.Contains("no.such.option", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("isolation.level")]
    [InlineData("producer.transactional.id")]
    [InlineData("consumer.enable.auto.commit")]
    [InlineData("partition.assignment.strategy")]
    [InlineData("dotnet.producer.enable.delivery.reports")]
    public void Options_correctness_depends_on_are_refused(string name)
    {
        LogException error = Assert.Throws<LogException>(() => Settings((name, "1")));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_go_to_the_clients_they_are_for()
    {
        KafkaSettings settings = Settings(
            ("linger.ms", "1"), ("producer.linger.ms", "2"), ("consumer.fetch.min.bytes", "3"));
        Assert.Equal("2", settings.Producer("id")["linger.ms"]);
        Assert.Equal("1", settings.Member("g")["linger.ms"]);
        Assert.Equal("3", settings.Member("g")["fetch.min.bytes"]);
        Assert.False(settings.Producer("id").ContainsKey("fetch.min.bytes"));
        Assert.Equal("15000", settings.Producer("id")["transaction.timeout.ms"]);
        Assert.Equal("node.g", settings.Member("g")["group.instance.id"]);
    }

    private static KafkaSettings Settings(params (string Name, string Value)[] settings) =>
        new(new KafkaOptions("127.0.0.1:1")
        {
            Instance = "node",
            Settings = settings.ToDictionary(each => each.Name, each => each.Value),
        });

    private static async Task<KafkaLog> OpenAsync(KafkaOptions options) =>
        await KafkaLog.OpenAsync(options, TimeProvider.System, NullLogger.Instance, Cancel);
}
