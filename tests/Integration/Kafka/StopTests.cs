using System.Text.Json;
using Confluent.Kafka;
using Earshot.Kafka.Testing;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>On a real broker: the service ends, begins again, and ends where it must.</summary>
public sealed class StopTests(TrafficFile traffic) : IClassFixture<TrafficFile>
{
    private static readonly TimeSpan stopWithin = TimeSpan.FromSeconds(10);

    [BrokerTheory]
    [InlineData(null)]
    [InlineData("first")]
    public async Task Stopped_while_events_flow_it_goes_on_without_loss_or_repeat(string? instance)
    {
        await using KafkaScene scene = new();
        string topic = await scene.Broker.CreateAsync("calls", TrafficFile.Partitions);
        string pipeline = scene.NewPipeline("stop");
        string[] membership = instance is null ? [] : ["--instance", instance];
        IReadOnlyList<TrafficRecord> records = await traffic.ReadAsync();
        Task feeding;
        await using (ServiceProcess first = scene.Start(pipeline, topic, membership))
        {
            await first.WaitAsync(_ => true);
            feeding = scene.FeedAsync(topic, records, perBeat: 20);
            JsonElement status = await first.WaitAsync(now => now.Committed() > 1000);
            Assert.True(status.Read() < records.Count, "nothing flows any more");
            Assert.False(feeding.IsCompleted, "nothing flows any more");
            (int code, TimeSpan took) = await first.StopAsync();
            Assert.True(code == 0, first.Error);
            Assert.True(took < stopWithin, $"it took {took}:\n{first.Error}");
        }

        foreach (string stage in (string[])["call", "aggregator", "archive"])
        {
            (ConsumerGroupState state, int members) =
                await scene.Broker.DescribeAsync($"{pipeline}.{stage}");
            Assert.Equal(
                instance is null
                    ? (ConsumerGroupState.Empty, 0)
                    : (ConsumerGroupState.Stable, 1),
                (state, members));
        }

        await feeding;
        await using ServiceProcess second = scene.Start(pipeline, topic, membership);
        await second.WaitUntilReadAsync(TrafficFile.Count);
        await second.RequireStopAsync();
        (await scene.RowsAsync(pipeline)).AssertSame(await traffic.RowsAsync());
    }

    [BrokerFact]
    public async Task A_wrong_topic_stops_it_and_nothing_is_committed()
    {
        await using KafkaScene scene = new();
        string topic = await scene.Broker.CreateAsync("wrong", TrafficFile.Partitions);
        string pipeline = scene.NewPipeline("wrong");
        await scene.FeedAsync(topic, Enumerable.Range(0, 6000).Select(n => new TrafficRecord(
            $"{n}", [0xFF, .. BitConverter.GetBytes(n)], "", n % TrafficFile.Partitions)));
        await using ServiceProcess service = scene.Start(pipeline, topic);
        (int code, TimeSpan _) = await service.EndAsync();
        Assert.Equal(1, code);
        Assert.Contains("are dead letters", service.Error);
        Assert.Contains("Is this the right input", service.Error);
        Assert.Empty((await scene.Broker.CommittedAsync($"{pipeline}.call"))
            .Where(committed => committed.Offset > 0));
        if (Kcat.Missing is null)
            Assert.Empty(await Kcat.ConsumeAsync(scene.Bootstrap, $"{pipeline}.dead.v1"));
    }

    [BrokerFact]
    public async Task From_latest_a_restart_loses_nothing_in_between()
    {
        await using KafkaScene scene = new();
        string topic = await scene.Broker.CreateAsync("calls", TrafficFile.Partitions);
        IReadOnlyList<TrafficRecord> records = await traffic.ReadAsync();

        // What came before is none of its business.
        await scene.FeedAsync(topic, Enumerable.Range(0, 3).Select(
            partition => TrafficFile.CloserOf(partition, TrafficFile.Partitions)));
        string pipeline = scene.NewPipeline("latest");
        await using (ServiceProcess first = scene.Start(pipeline, topic, "--from", "latest"))
        {
            await first.WaitAsync(now => now.GetProperty("partitions").EnumerateArray()
                .Count(part => part.GetProperty("stage").GetString() == "call"
                    && part.GetProperty("phase").GetString() == "running")
                == TrafficFile.Partitions);
            await first.RequireStopAsync();
        }

        await scene.FeedAsync(topic, records);
        await using (ServiceProcess second = scene.Start(pipeline, topic, "--from", "latest"))
        {
            await second.WaitUntilReadAsync(records.Count);
            await second.RequireStopAsync();
        }

        (await scene.RowsAsync(pipeline)).AssertSame(await traffic.RowsAsync());
    }

    [BrokerFact]
    public async Task Another_pipeline_backfills_beside_the_first()
    {
        await using KafkaScene scene = new();
        string topic = await scene.Broker.CreateAsync("calls", TrafficFile.Partitions);
        await scene.FeedAsync(topic, await traffic.ReadAsync());
        string first = scene.NewPipeline("first"), second = scene.NewPipeline("second");
        await using ServiceProcess one = scene.Start(first, topic);
        await one.WaitUntilReadAsync(TrafficFile.Count);
        await using ServiceProcess two = scene.Start(second, topic);
        await two.WaitUntilReadAsync(TrafficFile.Count);
        await two.RequireStopAsync();
        await one.RequireStopAsync();
        (await scene.RowsAsync(first)).AssertSame(await traffic.RowsAsync());
        (await scene.RowsAsync(second)).AssertSame(await traffic.RowsAsync());
    }

    [BrokerFact]
    public async Task A_topic_keyed_by_account_gives_the_same_rows()
    {
        await using KafkaScene scene = new();
        string topic = await scene.Broker.CreateAsync("accounts", TrafficFile.Partitions);
        IReadOnlyList<TrafficRecord> records = await traffic.ReadAsync();
        string pipeline = scene.NewPipeline("rekey"), plain = scene.NewPipeline("plain");
        string byCall = await scene.Broker.CreateAsync("calls", TrafficFile.Partitions);
        // Nothing of it is late: how partitions of accounts are mixed anew is a matter of chance.
        string[] shape = ["--lateness", "2h"];
        await using ServiceProcess rekeyed = scene.Start(
            pipeline, topic, ["--rekey", "--partitions", $"{TrafficFile.Partitions}", .. shape]);
        await using ServiceProcess direct = scene.Start(plain, byCall, shape);
        await scene.FeedAsync(byCall, records);
        await scene.FeedAsync(topic, records.Take(TrafficFile.Events).Select(record => record with
        {
            Key = record.Account,
            Partition = Math.Abs(record.Account.Sum(c => c)) % TrafficFile.Partitions,
        }));
        await rekeyed.WaitUntilReadAsync(TrafficFile.Events);
        await scene.FeedAsync(topic, records.Skip(TrafficFile.Events));
        await rekeyed.WaitUntilReadAsync(TrafficFile.Count);
        await direct.WaitUntilReadAsync(TrafficFile.Count);
        await rekeyed.RequireStopAsync();
        await direct.RequireStopAsync();
        (await scene.RowsAsync(pipeline)).AssertSame(await scene.RowsAsync(plain));
    }
}
