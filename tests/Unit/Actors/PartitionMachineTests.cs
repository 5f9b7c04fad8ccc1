using Earshot.Actors.Partitions;
using Earshot.Actors.Ports;
using Earshot.Schemas.V1;

namespace Earshot.Tests.Unit.Actors;

public sealed class PartitionMachineTests
{
    private const long Second = 1000;

    [Fact]
    public void An_epoch_is_cut_at_the_record_limit()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 3);
        Assert.Empty(bench.Commits);
        bench.Give(3, 4);
        Assert.Equal([(null, 4L)], bench.Moves);
    }

    [Fact]
    public void An_epoch_is_cut_at_a_tick_and_an_empty_one_is_not()
    {
        MachineBench bench = new MachineBench().Recover();
        bench.Machine.Tick(Second);
        Assert.Empty(bench.Commits);
        bench.Give(0, 1).Machine.Tick(2 * Second);
        Assert.Equal([(null, 1L)], bench.Moves);
    }

    [Fact]
    public void There_is_never_a_second_epoch_in_flight_and_at_most_one_is_built()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 4);
        Assert.True(bench.Machine.WantsInput);
        bench.Give(4, 7);
        bench.Machine.Tick(Second);
        Assert.True(bench.Machine.WantsInput);
        bench.Give(7, 8);
        Assert.False(bench.Machine.WantsInput);
        Assert.Single(bench.Commits);
        bench.CommitLast();
        Assert.True(bench.Machine.WantsInput);
        Assert.Equal([(null, 4L), (4L, 8L)], bench.Moves);
        bench.Machine.Committed(1);
        Assert.Equal((4L, 1L), (bench.Machine.CommittedOffset, bench.Machine.Epochs));
    }

    [Fact]
    public void Where_a_new_pipeline_begins_is_committed_at_once()
    {
        MachineBench bench = new();
        bench.Machine.Recover(
            new RecoveryPoint(null, null, 0, new Dictionary<long, string>(), null, NewAt: 42), 0);
        Assert.Equal([(null, 42L)], bench.Moves);
        Control control = Assert.Single(MachineBench.ControlsOf(bench.Commits[0]));
        Assert.Equal(
            (Control.WhatOneofCase.Started, 42L), (control.WhatCase, control.AtOffset));
        bench.Give(42, 44).CommitLast();
        bench.Machine.Tick(Second);
        Assert.Equal([(null, 42L), (42L, 44L)], bench.Moves);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(42)]
    public void Without_a_snapshot_it_is_rebuilt_from_where_the_pipeline_began(long logBegin)
    {
        MachineBench bench = new();
        bench.Machine.Recover(Began(logBegin), 0);
        Assert.Equal(42, bench.Machine.Position);
        Assert.Throws<UnrecoverableException>(
            () => new MachineBench().Machine.Recover(Began(logBegin: 43), 0));

        static RecoveryPoint Began(long logBegin) => new(
            null, 50, logBegin, new Dictionary<long, string>(), null, BeganAt: 42);
    }

    [Fact]
    public void A_batch_without_records_moves_on()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 2).GiveGap(2, 5);
        bench.Machine.Tick(Second);
        Assert.Equal([(null, 5L)], bench.Moves);
        Assert.Equal(5, bench.Machine.Position);
    }

    [Fact]
    public void A_drained_stage_commits_as_soon_as_none_is_under_way()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 1).Give(1, 2);
        Assert.Empty(bench.Commits);
        bench.Machine.Drained();
        bench.Give(2, 3).Machine.Drained();
        Assert.Single(bench.Commits);
        bench.CommitLast().Machine.Drained();
        Assert.Equal([(null, 2L), (2L, 3L)], bench.Moves);
        bench.CommitLast().Machine.Drained();
        Assert.Equal(2, bench.Commits.Count);
    }

    [Fact]
    public void An_epoch_whose_time_is_up_does_not_wait_for_another_tick()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 1);
        bench.Machine.Tick(Second);
        bench.Give(1, 2).Machine.Tick(2 * Second);
        Assert.Equal([(null, 1L)], bench.Moves);
        bench.CommitLast();
        Assert.Equal([(null, 1L), (1L, 2L)], bench.Moves);
        bench.CommitLast().Give(2, 3).CommitLast();
        Assert.Equal(2, bench.Commits.Count);
    }

    [Fact]
    public void A_snapshot_is_asked_for_only_after_its_commit()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 1);
        bench.Machine.Tick(30 * Second);
        Assert.Equal([true], bench.Stage.Saves);
        Assert.Empty(bench.Snapshots);
        bench.Give(1, 2).CommitLast();
        Assert.Equal(1, Assert.Single(bench.Snapshots).Offset);
    }

    [Fact]
    public void After_a_failed_snapshot_the_next_one_is_whole()
    {
        MachineBench bench = new MachineBench().Recover();
        for (int round = 1; round <= 3; round++)
        {
            bench.Give(round - 1, round).Machine.Tick(round * 30 * Second);
            bench.CommitLast();
            bench.Machine.SnapshotSaved(round, saved: round != 1);
        }

        Assert.Equal([true, true, false], bench.Snapshots.Select(change => change.Base is null));
        Assert.Equal([true, true, false], bench.Stage.Saves);
        Assert.Equal(3, bench.Machine.SavedOffset);
    }

    [Fact]
    public void While_a_snapshot_is_under_way_no_other_is_taken()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 1);
        bench.Machine.Tick(30 * Second);
        bench.CommitLast().Give(1, 2).Machine.Tick(60 * Second);
        bench.CommitLast();
        Assert.Single(bench.Snapshots);
        bench.Machine.SnapshotSaved(1, saved: true);
        bench.Give(2, 3).Machine.Tick(61 * Second);
        bench.CommitLast();
        Assert.Equal([1L, 3L], bench.Snapshots.Select(change => change.Offset));
    }

    [Fact]
    public void Stop_commits_the_pending_epoch_saves_and_finishes_once()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 1);
        bench.Machine.Stop();
        Assert.Equal((1, 0, 0), (bench.Commits.Count, bench.Snapshots.Count, bench.Finishes));
        bench.CommitLast();
        Assert.Equal((1, 1, 0), (bench.Commits.Count, bench.Snapshots.Count, bench.Finishes));
        bench.Machine.SnapshotSaved(1, saved: true);
        bench.Machine.Stop();
        Assert.Equal(1, bench.Finishes);
    }

    [Fact]
    public void Stop_without_anything_new_finishes_at_once()
    {
        MachineBench bench = new MachineBench().Recover(snapshot: 5, committed: 5);
        bench.Machine.Stop();
        Assert.Equal((0, 0, 1), (bench.Commits.Count, bench.Snapshots.Count, bench.Finishes));
    }

    [Fact]
    public void Stop_takes_no_further_input_so_that_a_busy_one_comes_to_its_end()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 1);
        bench.Machine.Stop();
        bench.Give(1, 2);
        bench.Machine.EndInput();
        bench.CommitLast();
        bench.Machine.SnapshotSaved(1, saved: true);
        Assert.Equal([0L], bench.Stage.Applied);
        Assert.Equal([(null, 1L)], bench.Moves);
        Assert.False(bench.Stage.Complete);
        Assert.Equal(1, bench.Finishes);
    }

    [Fact]
    public void Stop_while_replaying_leaves_everything_as_it_is()
    {
        MachineBench bench = new MachineBench().Recover(snapshot: 2, committed: 9).Give(2, 4);
        bench.Machine.Stop();
        Assert.Equal((0, 0, 1), (bench.Commits.Count, bench.Snapshots.Count, bench.Finishes));
    }

    [Fact]
    public void Replay_is_suppressed_up_to_the_committed_offset_exactly()
    {
        MachineBench bench = new MachineBench().Recover(snapshot: 2, committed: 5).Give(0, 7);
        Assert.Equal([2L, 3L, 4L, 5L, 6L], bench.Stage.Applied);
        bench.Machine.Tick(Second);
        Assert.Equal(
            [(2L, 5L, false, true), (5L, 7L, false, false)], bench.Stage.Epochs);
        Assert.Equal([(5L, 7L)], bench.Moves);
    }

    [Fact]
    public void A_snapshot_beyond_the_committed_offset_parks() =>
        Assert.Throws<UnrecoverableException>(
            () => new MachineBench().Recover(snapshot: 6, committed: 5));

    [Theory]
    [InlineData(null)]
    [InlineData(3L)]
    public void A_log_that_no_longer_has_what_is_needed_parks_unless_accepted(long? snapshot)
    {
        Assert.Throws<UnrecoverableException>(
            () => new MachineBench().Recover(snapshot, committed: 9, begin: 7));
        MachineBench bench = new(MachineBench.Options with { AcceptIncompleteState = true });
        bench.Recover(snapshot, committed: 9, begin: 7);
        Assert.Equal(7, bench.Machine.Position);
        bench.Give(7, 10).Machine.Tick(Second);
        Assert.Equal([(9L, 10L)], bench.Moves);
    }

    [Fact]
    public void A_start_beyond_the_committed_offset_makes_no_snapshot_that_would_park_the_next()
    {
        MachineBench bench = new(MachineBench.Options with { AcceptIncompleteState = true });
        bench.Recover(committed: 5, begin: 7).Machine.Stop();
        Assert.Equal((0, 1), (bench.Snapshots.Count, bench.Finishes));
    }

    [Fact]
    public void A_skipped_record_is_written_down_once_and_skipped_in_every_replay()
    {
        MachineBench bench = new MachineBench().Recover();
        bench.Machine.SkipRecord(1, "boom");
        bench.Machine.SkipRecord(1, "boom");
        bench.Give(0, 3).Machine.Tick(Second);
        Control control = Assert.Single(MachineBench.ControlsOf(bench.Commits[0]));
        Assert.Equal((1L, "boom"), (control.AtOffset, control.Skip.Error));
        Assert.Equal([0L, 2L], bench.Stage.Applied);

        MachineBench again = new MachineBench()
            .Recover(committed: 3, skips: new Dictionary<long, string> { [1] = "boom" });
        again.Machine.SkipRecord(1, "other words");
        again.Give(0, 3);
        Assert.Equal([(1L, "boom")], again.Stage.Skipped);
        Assert.Equal([0L, 2L], again.Stage.Applied);
        Assert.Empty(again.Commits);
    }

    [Fact]
    public void A_record_that_was_processed_before_is_not_skipped_later() =>
        Assert.Throws<UnrecoverableException>(
            () => new MachineBench().Recover(committed: 3).Machine.SkipRecord(1, "boom"));

    [Fact]
    public void A_silent_source_becomes_idle_once_and_active_with_its_next_record()
    {
        MachineBench bench = new(MachineBench.Options with { Partitions = 2 });
        bench.Recover().Give(0, 1).Machine.Tick(Second);
        bench.CommitLast();
        bench.Machine.Tick(10 * Second);
        Assert.Single(bench.Commits);
        bench.Machine.Tick(11 * Second);
        bench.CommitLast();
        bench.Machine.Tick(99 * Second);
        bench.Give(1, 5);
        Assert.Equal(
            [(0L, 1L, false, false), (1L, 1L, true, false), (1L, 5L, false, false)],
            bench.Stage.Epochs);
    }

    [Fact]
    public void The_end_of_an_idle_source_is_no_idle_mark()
    {
        MachineBench bench = new(MachineBench.Options with { Partitions = 2 });
        bench.Recover().Machine.Tick(20 * Second);
        bench.CommitLast().Machine.EndInput();
        Assert.Equal([(0L, 0L, true, false), (0L, 0L, false, false)], bench.Stage.Epochs);
    }

    [Fact]
    public void The_only_source_never_becomes_idle()
    {
        MachineBench bench = new MachineBench().Recover();
        bench.Machine.Tick(99 * Second);
        Assert.Empty(bench.Commits);
    }

    [Fact]
    public void The_end_of_the_input_is_committed_with_a_control_record_then_it_finishes()
    {
        MachineBench bench = new MachineBench().Recover().Give(0, 4);
        bench.Machine.EndInput();
        Assert.Single(bench.Commits);
        bench.CommitLast();
        Control control = Assert.Single(MachineBench.ControlsOf(bench.Commits[1]));
        Assert.Equal((Control.WhatOneofCase.Ended, 4L), (control.WhatCase, control.AtOffset));
        bench.CommitLast();
        bench.Machine.SnapshotSaved(Assert.Single(bench.Snapshots).Offset, saved: true);
        Assert.Equal(1, bench.Finishes);
        MachineBench again = new MachineBench().Recover(snapshot: 4, committed: 4, endedAt: 4);
        Assert.Equal((true, 1), (again.Stage.Complete, again.Finishes));
    }

    [Fact]
    public void An_input_shorter_than_what_was_committed_parks() =>
        Assert.Throws<UnrecoverableException>(
            () => new MachineBench().Recover(committed: 9).Give(0, 5).Machine.EndInput());
}
