using System.Text.Json;
using Earshot.Actors;
using Earshot.Kafka.Testing;
using Earshot.Log;
using Earshot.Tests.Integration.Host;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>
/// The service between clients that are not ours, on librdkafka's mock cluster: formats in and
/// out. What is exactly once is shown on a real broker: here transactions mean nothing.
/// </summary>
public sealed class MockClusterTests : IDisposable
{
    private const string Topic = "calls";
    private const string Pipeline = "foreign";
    private const long StartMs = 1_736_121_600_000; // 2025-01-06T00:00:00Z
    private const int SummaryIndex = 8; // of CallSummary among the messages of events.proto

    private static readonly byte[] garbage = [0xFF, 0x00, 0x01, .. "not a call"u8];

    private readonly CommandLine cli = new();
    private readonly Topics topics = new(Pipeline, Topic);

    public void Dispose() => cli.Dispose();

    [KcatFact]
    public async Task It_reads_what_foreign_clients_write_and_they_read_its_rows()
    {
        using MockCluster cluster = new();
        cluster.SetGroupDelayMs(0);
        cluster.CreateTopic(Topic);
        foreach (TopicSpec topic in topics.Written(1))
            cluster.CreateTopic(topic.Name);
        await using ServiceProcess service = ServiceProcess.Start(
            "--kafka", cluster.Bootstrap, "--topic", Topic, "--pipeline", Pipeline,
            "--window", "1m", "--lateness", "10s", "--keys", "carrier",
            "--data", cli.DataFolder);
        await FeedAsync(cluster.Bootstrap);
        JsonElement status = await service.WaitAsync(now => now.Read() == 8
            && now.GetProperty("books").GetProperty("closedWindows").GetInt64() > 0);
        Assert.Equal(1, status.GetProperty("books").GetProperty("dead").GetInt64());
        IReadOnlyList<ForeignRecord> rows = await AllAsync(cluster.Bootstrap, topics.Aggregates);
        AssertAggregates(rows);
        AssertInsights(await AllAsync(cluster.Bootstrap, topics.Insights));
        AssertDead(Assert.Single(await AllAsync(cluster.Bootstrap, topics.Dead)));
        await service.RequireStopAsync();
    }

    /// <summary>The same call five times over, in five forms; garbage; and the window's end.
    /// </summary>
    private static async Task FeedAsync(string bootstrap)
    {
        byte[][] summaries = ForeignNode.Encode("CallSummary", [.. Enumerable.Range(1, 6)
            .Select(n => Summary(n, StartMs + (n * 1000)))]);
        byte[][] envelopes = ForeignNode.Encode(
            "Envelope", new { call_summary = Summary(1, StartMs + 1000) },
            new { call_summary = Summary(2, StartMs + 2000) },
            new { call_summary = Summary(9, StartMs + 120_000) });
        byte[] frame = [0, 0, 0, 0, 7];
        await SendAsync(bootstrap, envelopes[0]);
        await SendAsync(bootstrap, [.. frame, 0, .. envelopes[1]]);
        await SendAsync(bootstrap, [.. frame, 2, SummaryIndex << 1, .. summaries[2]]);
        await SendAsync(
            bootstrap, JsonSerializer.SerializeToUtf8Bytes(
                new { callSummary = Summary(4, StartMs + 4000) }),
            "content-type=application/json");
        await SendAsync(
            bootstrap, JsonSerializer.SerializeToUtf8Bytes(Summary(5, StartMs + 5000)),
            "content-type=application/json; type=CallSummary", "trace=abc");
        await SendAsync(
            bootstrap, summaries[5],
            "content-type=application/x-protobuf; messageType=earshot.v1.CallSummary");
        await SendAsync(bootstrap, garbage, "trace=def");
        await SendAsync(bootstrap, [.. frame, 2, 0, .. envelopes[2]]);
    }

    private static Dictionary<string, object> Summary(int number, long timeMs) => new()
    {
        ["event_time"] = timeMs,
        ["event_id"] = $"E{number}",
        ["call_id"] = $"C{number}",
        ["dimensions"] = new Dictionary<string, string> { ["carrier"] = "telco_a" },
        ["processing_state"] = "complete",
        ["call_state"] = "completed",
        ["metrics"] = new Dictionary<string, double>
        {
            ["avg_jitter"] = number, ["connect_duration"] = 60 * number,
        },
    };

    private static Task SendAsync(string bootstrap, byte[] value, params string[] headers) =>
        Kcat.ProduceAsync(bootstrap, Topic, 0, [("a-key", value)], headers);

    // Transactions of the mock are never committed: only uncommitted records can be asked for.
    private static Task<IReadOnlyList<ForeignRecord>> AllAsync(string bootstrap, string topic) =>
        Kcat.ConsumeAsync(bootstrap, topic, "read_uncommitted");

    private static void AssertAggregates(IReadOnlyList<ForeignRecord> rows)
    {
        JsonElement[] decoded = ForeignNode.Decode("Aggregate", rows.Select(row => row.Value));
        int at = Array.FindIndex(
            decoded, row => row.GetProperty("metric").GetString() == "avg_jitter");
        JsonElement jitter = decoded[at];
        Assert.Equal(6, jitter.GetProperty("count").GetInt64());
        Assert.Equal(1, jitter.GetProperty("min").GetDouble());
        Assert.Equal(6, jitter.GetProperty("max").GetDouble());
        Assert.Equal(3.5, jitter.GetProperty("mean").GetDouble());
        Assert.True(jitter.GetProperty("final").GetBoolean());
        JsonElement key = jitter.GetProperty("key");
        Assert.Equal(StartMs, key.GetProperty("window_start").GetInt64());
        Assert.Equal(
            "telco_a", key.GetProperty("dimensions").GetProperty("carrier").GetString());
        foreach (ForeignRecord row in rows)
            AssertHeaders(row, "Aggregate");
        Assert.Distinct(rows.Select(row => row.Header("earshot-id")));
    }

    private static void AssertInsights(IReadOnlyList<ForeignRecord> rows)
    {
        ForeignRecord row = Assert.Single(rows);
        AssertHeaders(row, "Insight");
        JsonElement insight = Assert.Single(ForeignNode.Decode("Insight", [row.Value]));
        Assert.Equal(6, insight.GetProperty("calls").GetInt64());
        Assert.Equal(21, insight.GetProperty("connected_minutes").GetDouble(), 1e-9);
    }

    private static void AssertHeaders(ForeignRecord row, string message)
    {
        Assert.Equal(
            $"application/x-protobuf; messageType=earshot.v1.{message}",
            row.Header("content-type"));
        Assert.Equal("1", row.Header("earshot-schema-version"));
        Assert.Matches("^[0-9a-f]{32}$", row.Header("earshot-id") ?? "");
    }

    private static void AssertDead(ForeignRecord letter)
    {
        Assert.Equal(garbage, letter.Value);
        Assert.Equal("def", letter.Header("trace"));
        Assert.Equal("malformed", letter.Header("earshot-reason"));
        Assert.Equal("a-key", letter.Header("earshot-key"));
        Assert.Equal(Topic, letter.Header("__connect.errors.topic"));
        Assert.Equal("0", letter.Header("__connect.errors.partition"));
        Assert.Equal("6", letter.Header("__connect.errors.offset"));
        Assert.Equal(Pipeline, letter.Header("__connect.errors.connector.name"));
        Assert.Equal("VALUE_CONVERTER", letter.Header("__connect.errors.stage"));
        foreach (string name in (string[])
            ["task.id", "class.name", "exception.class.name", "exception.message"])
            Assert.NotEmpty(letter.Header("__connect.errors." + name) ?? "");
        Assert.Equal("0:6", letter.Key);
    }
}
