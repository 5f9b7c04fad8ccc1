using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Earshot.Kafka;
using Earshot.Log;
using Earshot.Tests.Conformance.Logs;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>Transactions and topics on a real broker.</summary>
public sealed class KafkaLogTransactionTests : KafkaLogBrokerTest
{
    [SuiteFact]
    public async Task What_cannot_be_written_whole_is_not_written_at_all()
    {
        byte[] large = new byte[3 * 1024 * 1024];
        new Random(1).NextBytes(large);
        RecordBatchBuilder builder = new();
        builder.Append("k"u8, large);
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        CommitResult result = await producer.CommitAsync(
            new(
                [new(Results, LogRecords.Of("never seen")), new(Calls, builder.Build())],
                [new(Group, OtherCalls, null, 5)]),
            Cancel);
        Assert.Equal(CommitOutcome.Aborted, result.Outcome);
        Assert.Contains("max.message.bytes", result.Error, StringComparison.Ordinal);
        Assert.Null(await Log.ReadCommittedAsync(Group, OtherCalls, Cancel));

        // The same producer goes on.
        await LogRecords.CommitAsync(producer, LogRecords.Append(Calls, "small"), Cancel);
        await using ILogReader reader = Log.OpenReader(Calls, 0);
        Assert.EndsWith(
            ":small", (await LogRecords.ReadAsync(reader, 1, Cancel))[0],
            StringComparison.Ordinal);
        await AssertNothingInResultsAsync();
    }

    [SuiteFact]
    public async Task Committed_offsets_wait_for_an_open_transaction()
    {
        Confluent.Kafka.TopicPartition source = new(Calls.Topic, Calls.Partition);
        using IProducer<byte[], byte[]> open = new ProducerBuilder<byte[], byte[]>(
            new ProducerConfig
            {
                BootstrapServers = KafkaLogScratch.Bootstrap,
                TransactionalId = Name("open"),
            }).Build();
        using IConsumer<Ignore, Ignore> asking = new ConsumerBuilder<Ignore, Ignore>(
            new ConsumerConfig
            {
                BootstrapServers = KafkaLogScratch.Bootstrap,
                GroupId = Group,
                IsolationLevel = IsolationLevel.ReadUncommitted,
            }).Build();
        TimeSpan limit = TimeSpan.FromSeconds(20);
        open.InitTransactions(limit);
        open.BeginTransaction();
        open.SendOffsetsToTransaction(
            [new TopicPartitionOffset(source, 9)], asking.ConsumerGroupMetadata, limit);
        Task<long?> waiting = Log.ReadCommittedAsync(Group, Calls, Cancel).AsTask();
        // Who does not wait is answered: nothing is committed yet.
        Assert.Equal(Offset.Unset, asking.Committed([source], limit)[0].Offset);
        Assert.False(waiting.IsCompleted);
        open.CommitTransaction(limit);
        Assert.Equal(9, await waiting);
    }

    [SuiteFact]
    public async Task A_partition_that_was_elsewhere_is_taken_from_where_the_log_stands()
    {
        await using ILogProducer one = await Log.OpenProducerAsync(Name("one"), Cancel);
        await using ILogProducer two = await Log.OpenProducerAsync(Name("two"), Cancel);
        await LogRecords.CommitAsync(one, LogRecords.Move(Group, Calls, null, 1), Cancel);
        await LogRecords.CommitAsync(two, LogRecords.Move(Group, Calls, 1, 5), Cancel);
        await LogRecords.CommitAsync(one, LogRecords.Move(Group, Calls, 5, 6), Cancel);
        CommitResult stale = await one.CommitAsync(LogRecords.Move(Group, Calls, 1, 2), Cancel);
        Assert.Equal(CommitOutcome.Fenced, stale.Outcome);
    }

    [SuiteFact]
    public async Task Keys_and_values_are_told_apart_from_none()
    {
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        await LogRecords.CommitAsync(producer, LogRecords.Append(Calls, "", "k="), Cancel);
        using IConsumer<byte[]?, byte[]?> reader = new ConsumerBuilder<byte[]?, byte[]?>(
            new ConsumerConfig { BootstrapServers = KafkaLogScratch.Bootstrap, GroupId = Group })
            .Build();
        reader.Assign(new TopicPartitionOffset(Calls.Topic, Calls.Partition, 0));
        Message<byte[]?, byte[]?> first = reader.Consume(Cancel).Message;
        Message<byte[]?, byte[]?> second = reader.Consume(Cancel).Message;
        Assert.Null(first.Key);
        Assert.Equal([], first.Value!);
        Assert.Equal("k"u8.ToArray(), second.Key!);
        Assert.Equal([], second.Value!);
        Assert.Equal(Time.NowMs, first.Timestamp.UnixTimestampMs);
    }

    [SuiteFact]
    public async Task Topics_are_created_with_their_settings()
    {
        KafkaOptions options = new(KafkaLogScratch.Bootstrap) { InputTopics = [Name("input")] };
        await using KafkaLog log = await KafkaLogScratch.OpenAsync(Time, Cancel, options);
        await log.EnsureTopicsAsync(
            [new(Name("input"), 3) { Retention = TimeSpan.FromHours(2) }, new(Name("output"), 1)],
            Cancel);
        Assert.Equal(3, await log.ReadPartitionCountAsync(Name("input"), Cancel));
        Dictionary<string, ConfigEntryResult> input = await DescribeAsync(Name("input"));
        Assert.Equal("7200000", input["retention.ms"].Value);
        Assert.Equal("LogAppendTime", input["message.timestamp.type"].Value);
        Assert.Equal("delete", input["cleanup.policy"].Value);
        Dictionary<string, ConfigEntryResult> output = await DescribeAsync(Name("output"));
        Assert.Equal("CreateTime", output["message.timestamp.type"].Value);
        Assert.True(output["retention.ms"].IsDefault);
    }

    [SuiteFact]
    public async Task Where_topics_cannot_be_created_the_message_has_all_commands()
    {
        KafkaOptions options = new(KafkaLogScratch.Bootstrap) { ReplicationFactor = 30 };
        await using KafkaLog log = await KafkaLogScratch.OpenAsync(Time, Cancel, options);
        LogException error = await Assert.ThrowsAsync<LogException>(async () =>
            await log.EnsureTopicsAsync(
                [new(Name("x"), 3) { Retention = TimeSpan.FromHours(1) }, CallsTopic,
                    new(Name("y"), 1)],
                Cancel));
        string[] lines = error.Message.Split('\n');
        string begin = $"kafka-topics.sh --bootstrap-server {KafkaLogScratch.Bootstrap} --create";
        Assert.Equal(
            [$"{begin} --topic {Name("x")} --partitions 3 --replication-factor 30 "
                + "--config cleanup.policy=delete --config retention.ms=3600000 "
                + "--config min.insync.replicas=2",
                $"{begin} --topic {Name("y")} --partitions 1 --replication-factor 30 "
                + "--config cleanup.policy=delete --config min.insync.replicas=2"],
            lines[1..]);
        Assert.Contains("InvalidReplicationFactor", lines[0], StringComparison.Ordinal);
        Assert.Null(await log.ReadPartitionCountAsync(Name("x"), Cancel));
    }

    private static async Task<Dictionary<string, ConfigEntryResult>> DescribeAsync(string topic)
    {
        using IAdminClient admin = new AdminClientBuilder(
            new AdminClientConfig { BootstrapServers = KafkaLogScratch.Bootstrap }).Build();
        List<DescribeConfigsResult> found = await admin.DescribeConfigsAsync(
            [new ConfigResource { Name = topic, Type = ResourceType.Topic }]);
        return found[0].Entries;
    }
}
