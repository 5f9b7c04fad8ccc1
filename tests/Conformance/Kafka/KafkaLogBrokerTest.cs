using Earshot.Kafka;
using Earshot.Kafka.Groups;
using Earshot.Log;
using Earshot.Tests.Conformance.Logs;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>A log on a real broker with two topics, and members of a group.</summary>
[NeedsBroker]
public abstract class KafkaLogBrokerTest : IAsyncLifetime
{
    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
    private readonly List<KafkaLog> opened = [];

    private protected KafkaLogScratch Scratch { get; } = new();

    private protected ManualTime Time { get; } = new();

    private protected KafkaLog Log { get; private set; } = null!;

    private protected CancellationToken Cancel => limit.Token;

    private protected string Group => Name("g");

    private protected TopicPartition Calls => new(Name("calls"), 0);

    private protected TopicPartition OtherCalls => new(Name("calls"), 1);

    private protected TopicPartition Results => new(Name("results"), 0);

    private protected TopicSpec CallsTopic =>
        new(Name("calls"), 2) { Retention = Timeout.InfiniteTimeSpan };

    public async Task InitializeAsync()
    {
        Log = await OpenAsync();
        await Log.EnsureTopicsAsync(
            [CallsTopic, new(Name("results"), 1) { Retention = Timeout.InfiniteTimeSpan }],
            Cancel);
    }

    public async Task DisposeAsync()
    {
        foreach (KafkaLog log in opened)
            await log.DisposeAsync();
        await Scratch.DisposeAsync();
        limit.Dispose();
    }

    private protected string Name(string name) => Scratch.Name(name);

    /// <summary>Another process, as it were.</summary>
    private protected async Task<KafkaLog> OpenAsync(
        string? instance = null, TimeSpan? revoke = null)
    {
        KafkaOptions options = new(KafkaLogScratch.Bootstrap) { Instance = instance };
        if (revoke is { } bound)
            options = options with { Limits = new KafkaLimits { Revoke = bound } };
        KafkaLog log = await KafkaLogScratch.OpenAsync(Time, Cancel, options);
        opened.Add(log);
        return log;
    }

    private protected async Task<ILogGroup> JoinAsync(KafkaLog log, IGroupListener listener) =>
        await log.JoinGroupAsync(Group, [CallsTopic], listener, Cancel);

    private protected Membership MembershipOf(KafkaLog log) =>
        ((IMemberships)log).Find(Group)!;

    private protected async Task AssertNothingInResultsAsync()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("mark"), Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Append(Results, "mark"), Cancel);
        await using ILogReader reader = Log.OpenReader(Results, 0);
        List<string> texts = await LogRecords.ReadAsync(reader, 1, Cancel);
        Assert.Equal("mark", LogRecords.TextIn(texts[0]));
    }
}
