using Earshot.Actors.Partitions;
using Earshot.Log;
using Microsoft.Extensions.Logging.Abstractions;

namespace Earshot.Tests.Unit.Actors;

#pragma warning disable CA1001 // nothing to release
public sealed class EpochCommitterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan brief = TimeSpan.FromMilliseconds(50);

    private readonly ScriptedLog log = new();

    [Fact]
    public async Task What_waits_goes_into_one_transaction()
    {
        await using EpochCommitter committer = Start();
        TaskCompletionSource gate = new();
        log.BeforeCommit = gate.Task;
        List<Task<CommitResult>> answers = [committer.CommitAsync(Epoch(0, null, 1))];
        await log.Arrived.WaitAsync(Patience);
        for (int partition = 1; partition <= 3; partition++)
            answers.Add(committer.CommitAsync(Epoch(partition, null, 1)));
        gate.SetResult();
        foreach (CommitResult result in await Task.WhenAll(answers).WaitAsync(Patience))
            Assert.Equal(CommitOutcome.Committed, result.Outcome);
        Assert.Equal([1, 3], log.Sent.Select(sent => sent.Offsets.Count));
    }

    [Fact]
    public async Task One_partitions_fenced_offset_does_not_hurt_the_others()
    {
        log.Committed[1] = 77;
        await using EpochCommitter committer = Start();
        TaskCompletionSource gate = new();
        log.BeforeCommit = gate.Task;
        List<Task<CommitResult>> answers = [committer.CommitAsync(Epoch(9, null, 1))];
        await log.Arrived.WaitAsync(Patience);
        for (int partition = 0; partition < 3; partition++)
            answers.Add(committer.CommitAsync(Epoch(partition, 0, 5)));
        (log.Committed[0], log.Committed[2]) = (0, 0);
        gate.SetResult();
        CommitResult[] results = await Task.WhenAll(answers).WaitAsync(Patience);
        Assert.Equal(
            [CommitOutcome.Committed, CommitOutcome.Committed, CommitOutcome.Fenced,
            CommitOutcome.Committed],
            results.Select(result => result.Outcome));
        Assert.Equal((5L, 77L, 5L), (log.Committed[0], log.Committed[1], log.Committed[2]));
        Assert.Equal([9, 0, 2], log.Records.Select(record => record.Partition));
    }

    [Fact]
    public async Task Unknown_and_written_is_committed()
    {
        log.Script.Enqueue(Fate.UnknownButWritten);
        await AssertCommits(Epoch(0, null, 5));
        Assert.Equal(2, log.Opened);
        Assert.Single(log.Sent);
    }

    [Fact]
    public async Task Unknown_and_not_written_is_sent_again_as_it_was()
    {
        log.Script.Enqueue(Fate.UnknownAndLost);
        LogTransaction epoch = Epoch(0, null, 5);
        await AssertCommits(epoch);
        Assert.Equal(2, log.Sent.Count);
        Assert.All(log.Sent, sent => Assert.Same(epoch, sent));
    }

    [Fact]
    public async Task Unknown_and_moved_by_another_owner_is_fenced()
    {
        log.Script.Enqueue(Fate.UnknownAndMoved);
        await using EpochCommitter committer = Start();
        CommitResult result = await committer.CommitAsync(Epoch(0, null, 5)).WaitAsync(Patience);
        Assert.Equal(CommitOutcome.Fenced, result.Outcome);
        Assert.Single(log.Sent);
    }

    [Fact]
    public async Task An_exception_while_committing_is_an_unknown_fate()
    {
        log.Script.Enqueue(Fate.ThrowsButWritten);
        log.Script.Enqueue(Fate.Written);
        await using EpochCommitter committer = Start();
        for (int epoch = 0; epoch < 2; epoch++)
        {
            LogTransaction transaction = Epoch(epoch, null, 5);
            CommitResult result = await committer.CommitAsync(transaction).WaitAsync(Patience);
            Assert.Equal(CommitOutcome.Committed, result.Outcome);
        }

        Assert.Equal(2, log.Records.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_unknown_epoch_without_input_is_written_once(bool written)
    {
        // The end of an input, or an idle mark: the offset alone does not tell.
        log.Committed[0] = 5;
        log.Records.Add((0, "an earlier one"));
        log.Script.Enqueue(written ? Fate.UnknownButWritten : Fate.UnknownAndLost);
        await AssertCommits(Epoch(0, 5, 5));
        Assert.Equal(2, log.Records.Count);
        Assert.Equal(written ? 1 : 2, log.Sent.Count);
    }

    [Fact]
    public async Task A_commit_without_an_answer_is_looked_for_after_a_while()
    {
        log.Script.Enqueue(Fate.WrittenWithoutAnswer);
        await AssertCommits(Epoch(0, null, 5), brief);
        Assert.Equal(2, log.Opened);
        Assert.Single(log.Sent);
    }

    [Fact]
    public async Task What_is_left_undecided_is_settled_before_a_recovery()
    {
        await using EpochCommitter committer = Start();
        log.Script.Enqueue(Fate.UnknownButWritten);
        log.Script.Enqueue(Fate.Written);
        await committer.SettleAsync(default);
        await committer.SettleAsync(default);
        Assert.Equal(1, log.Opened);
        log.OpenFailures = 2;
        CommitResult result = await committer.CommitAsync(Epoch(0, null, 5)).WaitAsync(Patience);
        Assert.Equal(CommitOutcome.Unknown, result.Outcome);
        await Assert.ThrowsAsync<LogException>(() => committer.SettleAsync(default));
        await committer.SettleAsync(default);
        Assert.Equal(4, log.Opened);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Looking_for_an_epoch_ends_where_only_markers_follow(bool givesMarkers)
    {
        log.Committed[0] = 5;
        log.Records.Add((0, "an earlier one"));
        (log.MarkersOfLost, log.GivesMarkers) = (3, givesMarkers);
        log.Script.Enqueue(Fate.UnknownAndLost);
        await using EpochCommitter committer = Start(brief);
        CommitResult result = await committer.CommitAsync(Epoch(0, 5, 5)).WaitAsync(Patience);
        Assert.Equal(
            givesMarkers ? CommitOutcome.Committed : CommitOutcome.Unknown, result.Outcome);
    }

    [Fact]
    public async Task After_an_unknown_group_a_written_epoch_is_not_sent_again()
    {
        await using EpochCommitter committer = Start();
        TaskCompletionSource gate = new();
        log.BeforeCommit = gate.Task;
        List<Task<CommitResult>> answers = [committer.CommitAsync(Epoch(9, null, 1))];
        await log.Arrived.WaitAsync(Patience);
        answers.Add(committer.CommitAsync(Epoch(0, null, 5)));
        answers.Add(committer.CommitAsync(Epoch(1, null, 5)));
        log.Script.Enqueue(Fate.Written);
        log.Script.Enqueue(Fate.UnknownButWrittenAndPartition1MovedOn);
        log.ChecksFrom = false;
        gate.SetResult();
        CommitResult[] results = await Task.WhenAll(answers).WaitAsync(Patience);
        Assert.Equal(CommitOutcome.Committed, results[1].Outcome);
        Assert.Equal(CommitOutcome.Fenced, results[2].Outcome);
        Assert.Equal([9, 0, 1], log.Records.Select(record => record.Partition));
    }

    private static LogTransaction Epoch(int partition, long? from, long to)
    {
        RecordBatchBuilder records = new();
        records.Append([], System.Text.Encoding.UTF8.GetBytes($"{partition}: {from} to {to}"));
        return new LogTransaction(
            [new RecordAppend(new TopicPartition("out", partition), records.Build())],
            [new OffsetMove("group", new TopicPartition("in", partition), from, to)]);
    }

    /// <param name="limit">Reached only where nothing answers; the default is out of reach.</param>
    private EpochCommitter Start(TimeSpan? limit = null) =>
        new(log, "id", TimeProvider.System, NullLogger.Instance, limit);

    private async Task AssertCommits(LogTransaction epoch, TimeSpan? limit = null)
    {
        await using EpochCommitter committer = Start(limit);
        CommitResult result = await committer.CommitAsync(epoch).WaitAsync(Patience);
        Assert.Equal(CommitOutcome.Committed, result.Outcome);
        Assert.Equal(epoch.Offsets[0].To, log.Committed[epoch.Offsets[0].Source.Partition]);
    }
}
