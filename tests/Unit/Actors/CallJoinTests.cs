using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Schemas;
using static Earshot.Tests.Unit.Actors.Inputs;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

public sealed class CallJoinTests
{
    private static int HighPdd => TagNames.All.ToList().IndexOf("high_pdd");

    [Fact]
    public void A_complete_summary_in_time_replaces_the_partial_one()
    {
        CallBench bench = new();
        bench.Give(Summary("c", T0, partial: true, mos: 2)).MoveWatermarkTo(T0)
            .Give(Summary("c", T0, mos: 4)).End();
        Assert.Equal(1, bench.Total.Counts.Calls);
        Assert.Equal((1L, 4.0), (bench.Total[Metrics.Mos]!.Count, bench.Total[Metrics.Mos]!.Mean));
        Assert.Empty(bench.Late);
    }

    [Fact]
    public void Once_the_watermark_has_passed_the_partial_one_a_complete_one_is_late()
    {
        CallBench bench = new();
        bench.Give(Summary("c", T0, partial: true, mos: 2)).MoveWatermarkTo(T0 + 1)
            .Give(Summary("c", T0 + 1, mos: 4)).End();
        Assert.Equal(1, bench.Total.Counts.Calls);
        Assert.Equal(2, bench.Total[Metrics.Mos]!.Mean);
        Assert.Equal("call_counted", Assert.Single(bench.Late).Reason);
    }

    [Fact]
    public void A_summary_that_moves_the_watermark_itself_finds_what_it_would_after_another_record()
    {
        byte[] partial = Summary("c", T0, partial: true, mos: 2);
        byte[] complete = Summary("c", T0 + LatenessMs + 1, mos: 4);
        CallBench alone = new(), amongOthers = new();
        alone.Give(partial, complete).End();
        amongOthers.Give(partial).MoveWatermarkTo(T0 + 1).Give(complete).End();
        foreach (CallBench bench in (CallBench[])[alone, amongOthers])
        {
            // So long after the first one it is a call of its own.
            Assert.Equal(2, bench.Total.Counts.Calls);
            Assert.Equal(6, bench.Total[Metrics.Mos]!.Sum);
        }
    }

    [Theory]
    [InlineData(0, 10, 4)]
    [InlineData(10, 0, 2)]
    public void Of_two_partial_summaries_the_later_one_counts(long first, long second, double mos)
    {
        CallBench bench = new();
        bench.Give(
            Summary("c", T0 + first, partial: true, mos: 2),
            Summary("c", T0 + second, partial: true, mos: 4)).End();
        Assert.Equal(1, bench.Total.Counts.Calls);
        Assert.Equal(mos, bench.Total[Metrics.Mos]!.Mean);
    }

    [Fact]
    public void A_second_complete_summary_is_a_duplicate_even_when_later_than_the_watermark()
    {
        CallBench bench = new();
        bench.Give(Summary("c", T0, id: "1"), Summary("c", T0 + 1, id: "2"))
            .MoveWatermarkTo(T0 + 30_000)
            .Give(Summary("c", T0 + LatenessMs - 1, id: "3")).End();
        Assert.Equal(1, bench.Total.Counts.Calls);
        Assert.Equal(2, bench.Books.Duplicate);
    }

    [Fact]
    public void A_verdict_then_a_complete_summary_count_once()
    {
        CallBench bench = new();
        bench.Give(
            Step("c", State.Initialized, T0), Step("c", State.Completed, T0 + 9000),
            Summary("c", T0 + 9000, mos: 4)).End();
        Assert.Equal((1L, 1L), (bench.Total.Counts.Calls, bench.Total[Metrics.Mos]!.Count));
    }

    [Fact]
    public void Steps_after_a_counted_call_make_no_second_one()
    {
        CallBench bench = new();
        bench.Give(Summary("c", T0, mos: 4)).MoveWatermarkTo(T0 + 30_000)
            .Give(Step("c", State.Completed, T0 + LatenessMs - 1)).End();
        Assert.Equal(1, bench.Total.Counts.Calls);
        Assert.Equal(0, bench.Books.LiveCalls);
    }

    [Fact]
    public void Signalling_alone_gives_pdd_duration_and_answer_in_any_order()
    {
        byte[][] steps =
        [
            Step("c", State.Initialized, T0, sip: 100),
            Step("c", State.Ringing, T0 + 2000, sip: 180),
            Step("c", State.Answered, T0 + 5000, sip: 200),
            Step("c", State.Completed, T0 + 20_000, sip: 200),
        ];
        for (int seed = 0; seed < 24; seed++)
        {
            new Random(seed).Shuffle(steps);
            CallBench bench = new();
            bench.Give(steps).End();
            Cell total = bench.Total;
            Assert.Equal(2.0, total[Metrics.Pdd]!.Sum);
            Assert.Equal(15.0, total[Metrics.ConnectDuration]!.Sum);
            CallCounts counts = total.Counts;
            Assert.Equal((1L, 1L, 1L), (counts.Calls, counts.Answered, counts.NormalSessions));
        }
    }

    [Fact]
    public void Steps_at_one_time_give_the_same_in_any_order()
    {
        byte[] completed = Step("c", State.Completed, T0, sip: 200);
        byte[] failed = Step("c", State.Failed, T0, sip: 180);
        CallBench one = new(), other = new();
        one.Give(completed, failed).End();
        other.Give(failed, completed).End();
        Assert.Equal(one.Total.Counts.Fields.ToArray(), other.Total.Counts.Fields.ToArray());
    }

    [Fact]
    public void What_a_partial_summary_does_not_say_is_kept_from_the_steps_in_any_order()
    {
        byte[] step = Step("c", State.Initialized, T0, carrier: "a");
        byte[] summary = Summary("c", T0 + 9, partial: true);
        foreach (byte[][] order in (byte[][][])[[step, summary], [summary, step]])
        {
            CallBench bench = new(Options with { Keys = GroupingSet.ParseAll("carrier") });
            bench.Give(order).End();
            Assert.Equal("a", Assert.Single(bench.Partials).Key.Values[0]);
        }
    }

    [Fact]
    public void A_pdd_event_and_the_summarys_pdd_count_once_in_any_order()
    {
        foreach (bool partial in (bool[])[true, false])
        {
            byte[] pdd = Pdd("c", T0, 7);
            byte[] summary = Summary("c", T0 + 9, partial, pdd: 7);
            CallBench one = new(), other = new();
            one.Give(pdd, summary).End();
            other.Give(summary, pdd).End();
            Assert.Equal(1, one.Total[Metrics.Pdd]!.Count);
            Assert.Equal(1, other.Total[Metrics.Pdd]!.Count);
        }
    }

    [Fact]
    public void A_summarys_pdd_that_an_event_counted_still_makes_its_tag()
    {
        CallBench bench = new();
        bench.Give(Pdd("c", T0, 7), Summary("c", T0 + 9, pdd: 7));
        Assert.Equal(1, bench.Total.Counts.TagCalls(HighPdd));
    }

    [Fact]
    public void A_call_without_an_end_is_given_up_at_the_limit()
    {
        CallBench bench = new();
        bench.Give(Step("c", State.Initialized, T0)).MoveWatermarkTo(T0 + 600_000);
        Assert.Equal((0L, 1L), (bench.Books.UnresolvedCalls, bench.Books.LiveCalls));
        bench.MoveWatermarkTo(T0 + 600_001);
        Assert.Equal((1L, 0L), (bench.Books.UnresolvedCalls, bench.Books.LiveCalls));
        Assert.Equal(0, bench.Total.Counts.Calls);
    }

    [Fact]
    public void An_event_past_the_limit_begins_a_call_of_its_own_wherever_the_watermark_is()
    {
        byte[] start = Step("c", State.Initialized, T0);
        byte[] ringing = Step("c", State.Ringing, T0 + 1000);
        byte[] end = Step("c", State.Completed, T0 + 600_001);
        CallBench alone = new(), amongOthers = new();
        alone.Give(start, ringing, end).End();
        amongOthers.Give(start, ringing).MoveWatermarkTo(T0 + 600_001).Give(end).End();
        Assert.Null(amongOthers.Total[Metrics.Pdd]);
        Assert.Null(alone.Total[Metrics.Pdd]);
        Assert.Equal(1, alone.Books.UnresolvedCalls);
        Assert.Equal(1, alone.Total.Counts.Calls);
    }

    [Fact]
    public void A_leg_with_nothing_but_its_medias_end_is_given_up()
    {
        CallBench bench = new();
        bench.Give(Step("c", State.Disconnected, T0)).End();
        Assert.Equal(1, bench.Books.UnresolvedCalls);
        Assert.Equal(0, bench.Total.Counts.Calls);
    }

    [Fact]
    public void A_failed_call_with_media_running_has_a_pdd_but_no_duration()
    {
        CallBench bench = new();
        bench.Give(
            Step("c", State.Initialized, T0), Step("c", State.InProgress, T0 + 3000),
            Step("c", State.Failed, T0 + 9000)).End();
        Cell total = bench.Total;
        Assert.Equal(3.0, total[Metrics.Pdd]!.Sum);
        Assert.Null(total[Metrics.ConnectDuration]);
        Assert.Equal((1L, 0L, 1L),
            (total.Counts.Calls, total.Counts.Answered, total.Counts.Failed));
    }

    [Fact]
    public void A_call_that_ends_on_the_boundary_belongs_to_the_next_window()
    {
        CallBench bench = new();
        bench.Give(Summary("c", T0 + 60_000), Summary("d", T0 + 59_999));
        Assert.Equal([T0 + 60_000, T0], bench.Partials.Select(partial => partial.PaneMs));
    }

    [Fact]
    public void Timers_of_calls_that_are_over_do_not_pile_up()
    {
        CallBench bench = new(Options with { CallLimitMs = 3_600_000_000 });
        for (int i = 0; i < 5000; i++)
            bench.Give(Step($"c{i}", State.Initialized, T0), Summary($"c{i}", T0));
        Assert.InRange(bench.Stage.TimersHeld, 0, 2100);
    }
}
