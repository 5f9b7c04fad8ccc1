using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Actors.Stages;
using Earshot.Log;
using static Earshot.Tests.Unit.Actors.Inputs;

namespace Earshot.Tests.Unit.Actors;

public sealed class DeadLetterGuardTests
{
    private static readonly TopicPartition Source = new(Topics.Default.Calls, 0);

    private readonly ManualClock time = new();
    private long read;

    [Fact]
    public void Half_may_be_dead_and_one_more_stops_it()
    {
        DeadLetterGuard guard = Guard();
        guard.Require(Epoch(good: 500, dead: 500), read);
        DeadLetterLimitException stopped = Assert.Throws<DeadLetterLimitException>(
            () => guard.Require(Epoch(good: 0, dead: 1), read));
        Assert.Contains("501 of the 1,001 records", stopped.Message);
        Assert.Contains("50.0 %; the limit is 50 %", stopped.Message);
        Assert.Contains("goes on from offset 1000", stopped.Message);
    }

    [Fact]
    public void The_message_names_the_most_frequent_reasons_with_an_example()
    {
        CallBench bench = new();
        EpochOutputs outputs = new(Topics.Default, 0);
        RecordBatch batch = Batch(
            4000, Metric(0), [0x0A], [0x0A, 0xFF], Metric(0), Metric(0));
        for (int i = 0; i < batch.Count; i++)
            bench.Stage.Apply(batch, i, outputs);
        LogTransaction epoch = new(
            outputs.Take(), [new OffsetMove("group", Source, 4000, 4005)]);
        DeadLetterGuard guard = new(Source, Options with { DeadLetterMin = 5 }, time);
        string message = Assert.Throws<DeadLetterLimitException>(
            () => guard.Require(epoch, 5)).Message;
        int invalid = message.IndexOf("  invalid: 3, as offset 4000: ", StringComparison.Ordinal);
        int malformed = message.IndexOf(
            "  malformed: 2, as offset 4001: truncated", StringComparison.Ordinal);
        Assert.True(invalid > 0 && malformed > invalid, message);
    }

    [Fact]
    public void Few_records_say_nothing()
    {
        DeadLetterGuard guard = Guard();
        guard.Require(Epoch(good: 0, dead: 999), read);
        Assert.Throws<DeadLetterLimitException>(
            () => guard.Require(Epoch(good: 0, dead: 1), read));
    }

    [Fact]
    public void Only_the_last_minute_counts()
    {
        DeadLetterGuard guard = Guard();
        guard.Require(Epoch(good: 0, dead: 900), read);
        time.Advance(TimeSpan.FromSeconds(59));
        guard.Require(Epoch(good: 50, dead: 40), read);
        time.Advance(TimeSpan.FromSeconds(1));
        guard.Require(Epoch(good: 0, dead: 900), read);
        Assert.Throws<DeadLetterLimitException>(
            () => guard.Require(Epoch(good: 0, dead: 10), read));
    }

    [Fact]
    public void What_is_replayed_does_not_count()
    {
        DeadLetterGuard guard = Guard();
        read = 1_000_000;
        guard.StartFrom(read);
        Assert.Throws<DeadLetterLimitException>(
            () => guard.Require(Epoch(good: 400, dead: 600), read));
    }

    [Fact]
    public void At_1_it_never_stops()
    {
        DeadLetterGuard guard = new(Source, Options with { DeadLetterLimit = 1 }, time);
        guard.Require(Epoch(good: 0, dead: 100_000), read);
    }

    private DeadLetterGuard Guard() => new(Source, Options, time);

    private LogTransaction Epoch(int good, int dead)
    {
        RecordBatchBuilder letters = new();
        for (int i = 0; i < dead; i++)
        {
            letters.Append(
                [], [], new RecordHeadersBuilder().Add("earshot-reason"u8, "malformed").Encoded);
        }

        long from = read;
        read += good + dead;
        return new LogTransaction(
            [new RecordAppend(new TopicPartition(Topics.Default.Dead, 0), letters.Build())],
            [new OffsetMove("group", Source, from, read)]);
    }

    private sealed class ManualClock : TimeProvider
    {
        private DateTimeOffset now = DateTimeOffset.UnixEpoch.AddDays(20_000);

        public override DateTimeOffset GetUtcNow() => now;

        public void Advance(TimeSpan by) => now += by;
    }
}
