using Earshot.Kafka;
using Earshot.Kafka.Floors;
using Earshot.Kafka.Testing;
using Earshot.Log;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>The bare loops of the benchmark read every record of all partitions.</summary>
public sealed class FloorTests
{
    private const int RecordsEach = 1200;

    private static readonly TopicPartition[] sources = [new("calls", 0), new("calls", 1)];

    [KafkaFact]
    public async Task Confluents_loop_reads_all() => await ReadsAllAsync(ConfluentLoop.Run);

    [KafkaFact]
    public async Task The_batch_loop_reads_all() => await ReadsAllAsync(NativeLoop.Run);

    private static async Task ReadsAllAsync(
        Func<KafkaOptions, IReadOnlyList<TopicPartition>, long, CancellationToken, long> run)
    {
        using MockCluster cluster = new();
        cluster.CreateTopic("calls", 2);
        await using ReaderFixture kafka = new(cluster.Bootstrap);
        foreach (TopicPartition source in sources)
        {
            kafka.Produce(
                source, Enumerable.Range(0, RecordsEach).Select(number => $"value {number}"));
        }

        // Twice: nothing of the first time may be remembered.
        for (int round = 0; round < 2; round++)
        {
            long read = await Task.Run(() => run(
                new KafkaOptions(cluster.Bootstrap), sources, 2 * RecordsEach, kafka.Cancel));
            Assert.Equal(2 * RecordsEach, read);
        }
    }
}
