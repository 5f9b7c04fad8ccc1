using System.Text.Json;
using Earshot.Kafka.Testing;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>On a real broker: an output that is slow or absent, and a backlog behind it.</summary>
public sealed class FlowControlTests(TrafficFile traffic) : IClassFixture<TrafficFile>
{
    /// <summary>An epoch is cut this small so that a few of them are far from the backlog.</summary>
    private const int EpochRecords = 200;

    /// <summary>
    /// What may be read and not committed, per partition: the epoch on its way, the one that is
    /// built meanwhile, and the batch in which that ends.
    /// </summary>
    private const int HeldRecordsMax = 1500;

    /// <summary>Far more than it needs (about 200 MB).</summary>
    private const long WorkingSetBytesMax = 1L << 30;

    // Longer than the broker keeps a transaction open (15 s).
    private static readonly TimeSpan silence = TimeSpan.FromSeconds(20);

    [LocalBrokerFact]
    public async Task While_outputs_are_held_up_it_reads_no_further()
    {
        await using KafkaScene scene = new();
        await using BrokerProxy proxy = new(scene.Bootstrap);
        string topic = await scene.Broker.CreateAsync("calls", TrafficFile.Partitions);
        string pipeline = scene.NewPipeline("held");
        await using ServiceProcess service = Start(scene, proxy, pipeline, topic);
        await service.WaitAsync(_ => true);
        proxy.Hold(Held.Outputs);
        await scene.FeedAsync(topic, await traffic.ReadAsync());

        // Until it has not moved for some looks, one a second.
        long before = -1, looks = 0;
        string seen = "";
        await service.WaitAsync(now =>
        {
            if (now.GetProperty("timestamp").GetString() is var at && at == seen)
                return false;
            seen = at!;
            looks = now.Read() == before && before > 0 ? looks + 1 : 0;
            before = now.Read();
            Assert.InRange(now.Read(), 0, TrafficFile.Partitions * HeldRecordsMax);
            return looks >= 5;
        });
        Assert.InRange(service.WorkingSetBytes, 1, WorkingSetBytesMax);
        proxy.Hold(Held.Nothing);
        await RequireAllAsync(scene, service, pipeline);
    }

    [LocalBrokerFact]
    public async Task A_broker_that_falls_silent_loses_and_doubles_nothing()
    {
        await using KafkaScene scene = new();
        await using BrokerProxy proxy = new(scene.Bootstrap);
        string topic = await scene.Broker.CreateAsync("calls", TrafficFile.Partitions);
        string pipeline = scene.NewPipeline("silent");
        await using ServiceProcess service = Start(scene, proxy, pipeline, topic);
        await service.WaitAsync(_ => true);
        Task feeding = scene.FeedAsync(topic, await traffic.ReadAsync(), perBeat: 40);
        await service.WaitAsync(now => now.Committed() > 500);
        proxy.Hold(Held.Everything);
        await feeding;
        await Task.Delay(silence);
        Assert.InRange(service.WorkingSetBytes, 1, WorkingSetBytesMax);
        proxy.Hold(Held.Nothing);
        await RequireAllAsync(scene, service, pipeline);
    }

    private static ServiceProcess Start(
        KafkaScene scene, BrokerProxy proxy, string pipeline, string topic)
    {
        string config = scene.PathOf("config.json");
        File.WriteAllText(config, JsonSerializer.Serialize(
            new Dictionary<string, object> { ["epoch-records"] = EpochRecords }));
        return ServiceProcess.Start(
        [
            "--kafka", proxy.Bootstrap, "--topic", topic, "--pipeline", pipeline, "--data",
            scene.PathOf(pipeline), "--config", config, .. TrafficFile.Shape,
        ]);
    }

    private async Task RequireAllAsync(
        KafkaScene scene, ServiceProcess service, string pipeline)
    {
        await service.WaitUntilReadAsync(TrafficFile.Count);
        await service.RequireStopAsync();
        (await scene.RowsAsync(pipeline)).AssertSame(await traffic.RowsAsync());
    }
}

/// <summary>Needs a broker on this machine: a proxy stands between.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LocalBrokerFactAttribute : FactAttribute
{
    public LocalBrokerFactAttribute() => Skip = Requirements.MissingBroker
        ?? (Requirements.Broker!.Split(':')[0] is "127.0.0.1" or "localhost"
            ? null
            : $"the proxy needs {Requirements.BrokerVariable} on this machine");
}
