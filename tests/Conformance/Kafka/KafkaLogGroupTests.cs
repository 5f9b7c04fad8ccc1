using Earshot.Kafka;
using Earshot.Kafka.Groups;
using Earshot.Kafka.Transactions;
using Earshot.Log;
using Earshot.Tests.Conformance.Logs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Earshot.Tests.Conformance.Kafka;

/// <summary>Members of a group on a real broker: partitions move, old owners are refused.</summary>
public sealed class KafkaLogGroupTests : KafkaLogBrokerTest
{
    [SuiteFact]
    public async Task The_last_commit_of_a_revoked_partition_goes_through()
    {
        RecordingListener first = new(), second = new();
        await using ILogGroup a = await JoinAsync(Log, first);
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        TopicPartition[] both = [Calls, OtherCalls];
        OffsetMove[] moves = [.. both.Select(each => new OffsetMove(Group, each, null, 1))];
        await LogRecords.CommitAsync(producer, new([], moves), Cancel);
        first.OnRevoked = async () => await LogRecords.CommitAsync(
            producer,
            new([], [.. both.Select(each => new OffsetMove(Group, each, 1, 2))]), Cancel);

        KafkaLog other = await OpenAsync();
        await using ILogGroup b = await JoinAsync(other, second);
        await second.WaitOwnedAsync(1, Cancel);
        await first.WaitOwnedAsync(1, Cancel);
        first.OnRevoked = static () => Task.CompletedTask;
        Assert.Equal(2, await other.ReadCommittedAsync(Group, second.Owned[0], Cancel));
        Assert.NotEqual(first.Owned[0], second.Owned[0]);
        Assert.False(first.HasLost);
        Assert.Equal(first.Owned, a.Owned);

        await using ILogProducer next = await other.OpenProducerAsync(Name("q"), Cancel);
        await LogRecords.CommitAsync(
            next, LogRecords.Move(Group, second.Owned[0], 2, 3), Cancel);
        await LogRecords.CommitAsync(
            producer, LogRecords.Move(Group, first.Owned[0], 2, 3), Cancel);
    }

    [SuiteFact]
    public async Task A_slow_old_owner_is_refused()
    {
        KafkaLog slowLog = await OpenAsync(revoke: TimeSpan.FromMilliseconds(200));
        RecordingListener slow = new(), quick = new();
        TaskCompletionSource goOn = new();
        await using ILogGroup a = await JoinAsync(slowLog, slow);
        await using ILogProducer old = await slowLog.OpenProducerAsync(Name("p"), Cancel);
        slow.OnRevoked = () => goOn.Task;

        await using ILogGroup b = await JoinAsync(Log, quick);
        await quick.WaitOwnedAsync(1, Cancel);
        TopicPartition moved = quick.Owned[0];
        CommitResult refused = await old.CommitAsync(
            LogRecords.Move(
                Group, moved, null, 7, new RecordAppend(Results, LogRecords.Of("lost"))),
            Cancel);
        Assert.Equal(CommitOutcome.Fenced, refused.Outcome);
        Assert.Contains(moved.ToString(), refused.Error, StringComparison.Ordinal);
        await using ILogProducer owner = await Log.OpenProducerAsync(Name("q"), Cancel);
        await LogRecords.CommitAsync(owner, LogRecords.Move(Group, moved, null, 5), Cancel);
        await AssertNothingInResultsAsync();
        goOn.SetResult();
    }

    [SuiteFact]
    public async Task The_broker_refuses_an_older_generation_and_a_kept_partition_is_sent_again()
    {
        RecordingListener first = new();
        await using ILogGroup a = await JoinAsync(Log, first);
        Membership stale = MembershipOf(Log);
        KafkaLog other = await OpenAsync();
        RecordingListener second = new();
        await using ILogGroup b = await JoinAsync(other, second);
        await first.WaitOwnedAsync(1, Cancel);
        await second.WaitOwnedAsync(1, Cancel);

        LogTransaction ofMoved = LogRecords.Move(
            Group, second.Owned[0], null, 7, new RecordAppend(Results, LogRecords.Of("lost")));
        await using KafkaLogProducer blind = await OpenStaleAsync("blind", stale, later: null);
        CommitResult refused = await blind.CommitAsync(ofMoved, Cancel);
        Assert.Equal(CommitOutcome.Fenced, refused.Outcome);
        Assert.Contains("IllegalGeneration", refused.Error, StringComparison.Ordinal);

        // It learns of the new generation: what it kept is committed, what moved is not.
        Membership later = MembershipOf(Log);
        await using KafkaLogProducer lost = await OpenStaleAsync("lost", stale, later);
        refused = await lost.CommitAsync(ofMoved, Cancel);
        Assert.Equal(CommitOutcome.Fenced, refused.Outcome);
        Assert.Null(await Log.ReadCommittedAsync(Group, second.Owned[0], Cancel));
        await using KafkaLogProducer kept = await OpenStaleAsync("kept", stale, later);
        await LogRecords.CommitAsync(
            kept, LogRecords.Move(Group, first.Owned[0], null, 7), Cancel);
        Assert.Equal(7, await Log.ReadCommittedAsync(Group, first.Owned[0], Cancel));
        await AssertNothingInResultsAsync();
    }

    [SuiteFact]
    public async Task A_rebalance_that_changes_nothing_for_a_member_refreshes_its_metadata()
    {
        RecordingListener first = new(), second = new(), third = new();
        await using ILogGroup a = await JoinAsync(Log, first);
        KafkaLog secondLog = await OpenAsync();
        await using ILogGroup b = await JoinAsync(secondLog, second);
        await first.WaitOwnedAsync(1, Cancel);
        await second.WaitOwnedAsync(1, Cancel);
        Membership before = MembershipOf(Log);

        KafkaLog thirdLog = await OpenAsync();
        await using ILogGroup c = await JoinAsync(thirdLog, third);
        Assert.Empty(third.Owned);
        await using ILogProducer producer = await Log.OpenProducerAsync(Name("p"), Cancel);
        await LogRecords.CommitAsync(
            producer, LogRecords.Move(Group, first.Owned[0], null, 1), Cancel);
        Assert.True(((IMemberships)Log).WaitNewer(
            Group, before.Version, new Deadline(TimeSpan.FromSeconds(30))));
        Assert.Equal([.. before.Owned], MembershipOf(Log).Owned.ToArray());
        await LogRecords.CommitAsync(
            producer, LogRecords.Move(Group, first.Owned[0], 1, 2), Cancel);
    }

    [SuiteFact]
    public async Task A_static_member_finds_its_partitions_again_and_others_do_not_notice()
    {
        RecordingListener first = new(), second = new(), again = new();
        KafkaLog one = await OpenAsync("one");
        KafkaLog two = await OpenAsync("two");
        ILogGroup a = await JoinAsync(one, first);
        await using ILogGroup b = await JoinAsync(two, second);
        await first.WaitOwnedAsync(1, Cancel);
        await second.WaitOwnedAsync(1, Cancel);
        TopicPartition kept = first.Owned[0];
        TopicPartition others = second.Owned[0];
        await a.DisposeAsync();
        Assert.Empty(first.Owned);

        await using ILogGroup returned = await JoinAsync(await OpenAsync("one"), again);
        await again.WaitOwnedAsync(1, Cancel);
        Assert.Equal([kept], again.Owned);
        Assert.Equal([others], second.Owned);
        Assert.False(second.HasLost);
    }

    [SuiteFact]
    public async Task A_process_is_a_member_once()
    {
        await using ILogGroup member = await JoinAsync(Log, new RecordingListener());
        await Assert.ThrowsAsync<LogException>(() => JoinAsync(Log, new RecordingListener()));
        await member.DisposeAsync();
        await using ILogGroup again = await JoinAsync(Log, new RecordingListener());
        Assert.Equal(2, again.Owned.Count);
    }

    private async Task<KafkaLogProducer> OpenStaleAsync(
        string name, Membership stale, Membership? later)
    {
        KafkaOptions options = new(KafkaLogScratch.Bootstrap);
        ProducerContext context = new(
            static (_, _) => ValueTask.CompletedTask,
            (group, source) => Log.ReadCommittedAsync(group, source, Cancel).AsTask(),
            static _ => throw new InvalidOperationException(), new Late(stale, later),
            NullLogger.Instance);
        return await KafkaLogProducer.OpenAsync(
            Name(name), options, new KafkaSettings(options), context, Time, Cancel);
    }

    /// <summary>A process whose callback has not run yet: it runs when it is waited for.</summary>
    private sealed class Late(Membership stale, Membership? later) : IMemberships
    {
        private Membership known = stale;

        public Membership? Find(string group) => known;

        public bool WaitNewer(string group, long version, Deadline deadline)
        {
            known = later ?? known;
            return later is not null;
        }
    }
}
