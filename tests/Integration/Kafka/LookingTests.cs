using System.Globalization;
using System.Text.RegularExpressions;
using Earshot.Actors;
using Earshot.Kafka.Testing;
using Earshot.Tests.Integration.Host;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>
/// On a real broker: the commands that look at a service, also while it runs: verify and dead.
/// </summary>
public sealed partial class LookingTests(TrafficFile traffic) : IClassFixture<TrafficFile>
{
    [BrokerTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_verified_and_its_dead_letters_are_sent_in_again(bool rekey)
    {
        await using KafkaScene scene = new();
        string topic = await scene.Broker.CreateAsync("calls", TrafficFile.Partitions);
        string pipeline = scene.NewPipeline("look");
        scene.Broker.Adopt([new Topics(pipeline, calls: null).Retried], []);
        string[] shape = rekey
            ? ["--rekey", "--partitions", $"{TrafficFile.Partitions}", "--lateness", "2h"]
            : [];

        // It begins behind what is there: verify must begin there too.
        await scene.FeedAsync(topic, Closers());
        await using ServiceProcess service = scene.Start(
            pipeline, topic, ["--from", "latest", .. shape]);
        await service.WaitAsync(now => now.GetProperty("partitions").EnumerateArray()
            .Count(part => part.GetProperty("stage").GetString() == (rekey ? "rekey" : "call")
                && part.GetProperty("phase").GetString() == "running")
            == TrafficFile.Partitions);
        await scene.FeedAsync(topic, await traffic.ReadAsync());
        await service.WaitUntilReadAsync(traffic.Count);
        await VerifyAsync(scene, pipeline); // though little may be archived yet

        string[] place = ["--kafka", scene.Bootstrap, "--pipeline", pipeline, "--topic", topic];
        long dead = Number(DeadLetters(), await RunAsync(["dead", "list", .. place]));
        Assert.True(dead > 0, "there are no dead letters");
        long sent = Number(SentAgain(), await RunAsync(["dead", "retry", "--all", .. place]));
        Assert.Equal(dead, sent);

        // None can be used now either: each dies again, and once.
        await service.WaitUntilReadAsync(traffic.Count + dead);
        long after = Number(DeadLetters(), await RunAsync(["dead", "list", .. place]));
        Assert.Equal(2 * dead, after);
        await service.RequireStopAsync();
        string said = await VerifyAsync(scene, pipeline);
        Assert.True(Aggregates().IsMatch(said), said);
    }

    [BrokerFact]
    public async Task Asked_about_the_wrong_place_they_say_so()
    {
        await using KafkaScene scene = new();
        CommandResult none = await CommandLine.RunAsync(
            "dead", "list", "--kafka", scene.Bootstrap, "--pipeline", "nobody-has-this-name");
        Assert.Equal(2, none.Code);
        Assert.Contains("nobody-has-this-name.dead.v1", none.Error);

        using CommandLine cli = new();
        await cli.ReplayAsync(cli.WriteEvents("calls.jsonl", 10));
        CommandResult elsewhere = await CommandLine.RunAsync(
            "verify", "--data", cli.DataFolder, "--kafka", scene.Bootstrap);
        Assert.Equal(2, elsewhere.Code);
        Assert.Contains("leave --kafka out", elsewhere.Error);
    }

    private static IEnumerable<TrafficRecord> Closers() => Enumerable
        .Range(0, TrafficFile.Partitions)
        .Select(partition => TrafficFile.CloserOf(partition, TrafficFile.Partitions));

    private static Task<string> VerifyAsync(KafkaScene scene, string pipeline) => RunAsync(
        ["verify", "--data", scene.PathOf(pipeline), "--kafka", scene.Bootstrap]);

    private static async Task<string> RunAsync(string[] args)
    {
        CommandResult result = await CommandLine.RunAsync(args);
        Assert.True(result.Code == 0, $"{result.Error}\n{result.Output}");
        return result.Output;
    }

    private static long Number(Regex pattern, string text)
    {
        Match match = pattern.Match(text);
        Assert.True(match.Success, text);
        return long.Parse(
            match.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"([\d,]+) dead letters")]
    private static partial Regex DeadLetters();

    [GeneratedRegex(@"([\d,]+) sent in again")]
    private static partial Regex SentAgain();

    // Thousands compared.
    [GeneratedRegex(@"aggregates +[\d,]{4,} ")]
    private static partial Regex Aggregates();
}
