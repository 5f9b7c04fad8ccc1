using System.Text;
using System.Text.Json;
using Earshot.Kafka.Testing;
using Earshot.Schemas.V1;
using Earshot.Tests.Integration.Host;
using Google.Protobuf;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>
/// On a real broker: kafkajs and kcat feed the service, in three formats, and read committed rows
/// back; the rows are those of a replay.
/// </summary>
public sealed class ForeignClientTests(TrafficFile traffic) : IClassFixture<TrafficFile>
{
    private static readonly byte[] frame = [0, 0, 0, 0, 7];

    [ForeignFact]
    public async Task Foreign_producers_feed_it_and_foreign_consumers_read_it()
    {
        await using KafkaScene scene = new();
        string topic = await scene.Broker.CreateAsync("calls", TrafficFile.Partitions);
        string pipeline = scene.NewPipeline("foreign");
        // kafkajs reads gzip by itself, lz4 only with a codec.
        await using ServiceProcess service = scene.Start(
            pipeline, topic, "--kafka-option", "producer.compression.type=gzip");
        await FeedAsync(scene.Bootstrap, topic);
        await service.WaitUntilReadAsync(TrafficFile.Count);
        await service.RequireStopAsync();
        Rows rows = await scene.RowsAsync(pipeline);
        rows.AssertSame(await traffic.RowsAsync());
        await AssertInsightsAsync(scene, pipeline, rows);
        AssertAggregates(scene, pipeline, rows);
    }

    [BrokerFact]
    public async Task Generated_traffic_into_a_topic_is_that_of_the_file()
    {
        await using KafkaScene scene = new();
        string topic = scene.Broker.Unique("generated");
        scene.Broker.Adopt([topic], []);
        CommandResult generated = await CommandLine.RunAsync(
            "generate", "--kafka", scene.Bootstrap, "--topic", topic, "--partitions",
            $"{TrafficFile.Partitions}", "--events", $"{TrafficFile.Events}", "--rate", "3");
        Assert.True(generated.Code == 0, generated.Error);
        Assert.Contains($"20,000 records written to topic {topic}", generated.Error);
        CommandResult other = await CommandLine.RunAsync(
            "generate", "--kafka", scene.Bootstrap, "--topic", topic, "--partitions", "2");
        Assert.Equal(1, other.Code);
        Assert.Contains("has 3 partitions, not 2", other.Error);
        await scene.FeedAsync(topic, (await traffic.ReadAsync()).Skip(TrafficFile.Events));
        string pipeline = scene.NewPipeline("generated");
        await using ServiceProcess service = scene.Start(pipeline, topic);
        await service.WaitUntilReadAsync(TrafficFile.Count);
        await service.RequireStopAsync();
        (await scene.RowsAsync(pipeline)).AssertSame(await traffic.RowsAsync());
    }

    /// <summary>
    /// One third raw and one as JSON with kafkajs, then framed with kcat, in order.
    /// </summary>
    private async Task FeedAsync(string bootstrap, string topic)
    {
        IReadOnlyList<TrafficRecord> records = await traffic.ReadAsync();
        int third = records.Count / 3;
        ForeignNode.Produce(bootstrap, topic, records.Take(third).Select(record =>
            (record.Partition, record.Key, record.Value,
                (string?)"application/x-protobuf; messageType=earshot.v1.Envelope")));
        ForeignNode.Produce(bootstrap, topic, records.Skip(third).Take(third).Select(record =>
        {
            (byte[] value, string? type) = ToJson(record.Value);
            return (record.Partition, record.Key, value, type);
        }));
        for (int partition = 0; partition < TrafficFile.Partitions; partition++)
        {
            await Kcat.ProduceAsync(bootstrap, topic, partition, records.Skip(2 * third)
                .Where(record => record.Partition == partition)
                .Select((record, index) => (record.Key, Framed(record.Value, index))));
        }
    }

    // [0], the first message of the schema, has two encodings.
    private static byte[] Framed(byte[] envelope, int index) => index % 2 == 0
        ? [.. frame, 0, .. envelope]
        : [.. frame, 2, 0, .. envelope];

    private static (byte[] Value, string? ContentType) ToJson(byte[] value)
    {
        try
        {
            string json = JsonFormatter.Default.Format(Envelope.Parser.ParseFrom(value));
            return (Encoding.UTF8.GetBytes(json), "application/json");
        }
        catch (InvalidProtocolBufferException)
        {
            return (value, null);
        }
    }

    private static async Task AssertInsightsAsync(KafkaScene scene, string pipeline, Rows rows)
    {
        IReadOnlyList<ForeignRecord> read = await Kcat.ConsumeAsync(
            scene.Bootstrap, $"{pipeline}.insights.v1");
        Assert.Equal(rows.Count("insights"), read.Count);
        Assert.Distinct(read.Select(record => record.Header("earshot-id")));
        Assert.All(read, record => Assert.Equal(
            "application/x-protobuf; messageType=earshot.v1.Insight",
            record.Header("content-type")));
        Assert.Equal(
            rows.Of("insights").Sum(row => row.GetProperty("calls").GetInt64()),
            ForeignNode.Decode("Insight", read.Select(record => record.Value))
                .Sum(row => Number(row, "calls")));
        IReadOnlyList<ForeignRecord> dead = await Kcat.ConsumeAsync(
            scene.Bootstrap, $"{pipeline}.dead.v1");
        Assert.Equal(
            rows.Of("dead").Sum(row => row.GetProperty("n").GetInt64()), dead.Count);
        Assert.All(dead, record => Assert.NotNull(record.Header("__connect.errors.topic")));
    }

    private static void AssertAggregates(KafkaScene scene, string pipeline, Rows rows)
    {
        string topic = $"{pipeline}.aggregates.v1", group = $"{pipeline}.kafkajs";
        scene.Broker.Adopt([], [group]);
        JsonElement[] read = ForeignNode.Consume(
            scene.Bootstrap, topic, group, rows.Count("aggregates"));
        Assert.Distinct(read.Select(record =>
            record.GetProperty("headers").GetProperty("earshot-id").GetString()));
        JsonElement[] decoded = ForeignNode.Decode(
            "Aggregate", read.Select(record => record.GetProperty("value").GetBytesFromBase64()));
        Assert.Equal(
            rows.Of("aggregates").Select(KeyOfArchived).Order(StringComparer.Ordinal),
            decoded.Select(KeyOfPublished).Order(StringComparer.Ordinal));
    }

    private static string KeyOfArchived(JsonElement row) => string.Join(
        '|', row.GetProperty("window_start").GetDateTimeOffset().ToUnixTimeMilliseconds(),
        row.GetProperty("window").GetString(), row.GetProperty("grouping").GetString(),
        row.GetProperty("carrier").GetString(), row.GetProperty("country").GetString(),
        row.GetProperty("metric").GetString(), row.GetProperty("count").GetInt64(),
        row.GetProperty("p95").GetDouble().ToString("R"));

    private static string KeyOfPublished(JsonElement row)
    {
        JsonElement key = row.GetProperty("key");
        string? Dimension(string name) =>
            key.TryGetProperty("dimensions", out JsonElement all)
            && all.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
        return string.Join(
            '|', key.GetProperty("window_start").GetInt64(), key.GetProperty("window").GetString(),
            key.GetProperty("grouping").GetString(), Dimension("carrier"), Dimension("country"),
            row.GetProperty("metric").GetString(), row.GetProperty("count").GetInt64(),
            Number(row, "p95").ToString("R"));
    }

    // In protobuf 0 is not written.
    private static double Number(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : 0;
}
