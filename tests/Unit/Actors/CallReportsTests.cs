using Earshot.Analytics;
using Earshot.Schemas;
using static Earshot.Tests.Unit.Actors.Inputs;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

/// <summary>Stream reports join the call they belong to.</summary>
public sealed class CallReportsTests
{
    private static readonly byte[] Start = Step("c", State.Initialized, T0);
    private static readonly byte[] Answer = Step("c", State.Answered, T0 + 3000);
    private static readonly byte[] End = Step("c", State.Completed, T0 + 30_000);

    [Fact]
    public void What_a_call_does_not_say_its_reports_do()
    {
        CallBench bench = new();
        bench.Give(Start, Answer, Loss(T0 + 10_000, 4), Loss(T0 + 20_000, 8), End).End();
        Assert.Equal((1, 1), Tagged(bench, "high_packet_loss"));

        // The reports' values count once, as those of reports.
        Assert.Equal((2, 12.0), (bench.Total[Metrics.PacketLoss]!.Count,
            bench.Total[Metrics.PacketLoss]!.Sum));
    }

    [Fact]
    public void What_a_call_says_stands()
    {
        CallBench bench = new();
        bench.Give(Media("c", T0, r => r.Mos = 1.5), Summary("c", T0 + 30_000, mos: 4));
        Assert.Equal((0, 1), Tagged(bench, "low_mos"));
        bench.Give(Media("d", T0, r => r.Mos = 1.5), Summary("d", T0 + 30_000, pdd: 1));
        Assert.Equal((1, 2), Tagged(bench, "low_mos"));
    }

    [Fact]
    public void A_partial_summary_is_completed_too()
    {
        CallBench bench = new();
        bench.Give(
            Summary("c", T0 + 30_000, partial: true, pdd: 1), Media("c", T0, r => r.Mos = 1.5));
        bench.End();
        Assert.Equal((1, 1), Tagged(bench, "low_mos"));
    }

    [Fact]
    public void Loss_of_a_call_is_that_of_its_packets()
    {
        // 100 of 1000 are lost, 10 %; the mean of the intervals would be 6 %.
        TagRules rules = new(new TagLimits { PacketLossPercentMax = 9.9 });
        CallBench bench = new(Options with { Tags = rules });
        bench.Give(
            Media("c", T0, r => (r.PacketsReceived, r.PacketsLost) = (801, 99)),
            Media("c", T0 + 1, r => (r.PacketsReceived, r.PacketsLost) = (99, 1)),
            Summary("c", T0 + 30_000));
        Assert.Equal((1, 1), Tagged(bench, "high_packet_loss"));
    }

    [Fact]
    public void Jitter_is_the_mean_and_the_greatest_of_the_reports()
    {
        CallBench bench = new();
        bench.Give(
            Media("c", T0, r => r.Jitter = 31), Media("c", T0 + 1, r => r.Jitter = 1),
            Summary("c", T0 + 30_000));
        Assert.Equal((1, 0), Tagged(bench, "high_jitter"));
    }

    [Fact]
    public void Only_the_call_sees_both_directions()
    {
        CallBench bench = new();
        bench.Give(
            Media("c", T0, r => (r.PacketsReceived, r.AudioLevelIn) = (500, 0.2), "in"),
            Media("c", T0, r => r.PacketsSent = 0, "out"),
            Media("c", T0 + 9, r => r.PacketsReceivedTotal = 0, "in"),
            Summary("c", T0 + 30_000));
        Assert.Equal((1, 0), Tagged(bench, "one_way_audio"));
        Assert.Equal((0, 2), Tagged(bench, "silent"));
    }

    [Fact]
    public void A_silent_call_has_no_sound_in_any_report()
    {
        CallBench bench = new();
        foreach (string call in (string[])["quiet", "heard"])
        {
            for (int i = 0; i < 3; i++)
            {
                double level = call == "heard" && i == 1 ? 0.1 : 0;
                bench.Give(Media(call, T0 + i, r => r.AudioLevelIn = level));
            }

            bench.Give(Summary(call, T0 + 30_000));
        }

        Assert.Equal((1, 5), Tagged(bench, "silent"));
    }

    [Fact]
    public void Ice_failed_when_a_report_says_so()
    {
        CallBench bench = new();
        bench.Give(
            Media("c", T0, r => r.IceState = "connected"),
            Media("c", T0 + 1, r => r.IceState = "failed"),
            Media("c", T0 + 2, r => r.IceState = "connected"),
            Summary("c", T0 + 30_000));
        Assert.Equal((1, 1), Tagged(bench, "ice_failure"));
    }

    [Fact]
    public void A_call_that_says_no_edge_has_that_of_its_reports()
    {
        CallBench bench = new();
        bench.Give(
            Media("c", T0, r => r.Rtt = 500, edge: "sdk_edge"), Summary("c", T0 + 30_000),
            Media("d", T0, r => r.Rtt = 500), Summary("d", T0 + 30_000));
        Assert.Equal((1, 1), Tagged(bench, "high_latency"));
    }

    [Theory]
    [InlineData(30_000, 1)]
    [InlineData(30_001, 0)]
    public void Past_a_known_end_a_report_joins_nothing_wherever_the_watermark_is(
        long at, long calls)
    {
        byte[] report = Loss(T0 + at, 50);
        CallBench before = new(), after = new();
        before.Give(Start, Answer, End, report).End();
        after.Give(Start, Answer, End).MoveWatermarkTo(T0 + at).Give(report).End();
        Assert.Equal((calls, 1), Tagged(before, "high_packet_loss"));
        Assert.Equal((calls, 1), Tagged(after, "high_packet_loss"));
        Assert.Equal((0, 0), (before.Books.LiveCalls, after.Books.LiveCalls));
    }

    [Fact]
    public void A_report_of_a_counted_call_touches_nothing_of_it()
    {
        CallBench bench = new();
        bench.Give(Summary("c", T0), Loss(T0, 50), Loss(T0 + LatenessMs - 1, 50)).End();
        Assert.Equal((0, 2), Tagged(bench, "high_packet_loss"));
        Assert.Equal(0, bench.Books.LiveCalls);
    }

    [Fact]
    public void Media_without_signalling_is_no_call_and_does_not_pile_up()
    {
        CallBench bench = new();
        bench.Give(Loss(T0, 50), Loss(T0 + 40_000, 50));
        Assert.Equal(1, bench.Books.LiveCalls);
        bench.MoveWatermarkTo(T0 + 40_000 + LatenessMs);
        Assert.Equal(1, bench.Books.LiveCalls);
        bench.MoveWatermarkTo(T0 + 40_001 + LatenessMs);
        Assert.Equal((0, 0, 0), (bench.Books.LiveCalls, bench.Books.UnresolvedCalls,
            bench.Total.Counts.Calls));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void After_a_long_silence_media_begins_anew_wherever_the_watermark_is(
        long later, long calls)
    {
        byte[] summary = Summary("c", T0 + LatenessMs + later);
        CallBench alone = new(), amongOthers = new();
        alone.Give(Loss(T0, 50), summary);
        amongOthers.Give(Loss(T0, 50)).MoveWatermarkTo(T0 + LatenessMs + later).Give(summary);
        Assert.Equal((calls, 1), Tagged(alone, "high_packet_loss"));
        Assert.Equal((calls, 1), Tagged(amongOthers, "high_packet_loss"));
    }

    [Fact]
    public void A_call_that_has_steps_is_given_up_as_before_whatever_reports_come()
    {
        CallBench bench = new();
        bench.Give(Start);
        for (long at = T0; at <= T0 + 600_000; at += 50_000)
            bench.Give(Loss(at, 50));
        Assert.Equal(0, bench.Books.UnresolvedCalls);
        bench.Give(Loss(T0 + 600_001, 50));
        Assert.Equal((1, 1), (bench.Books.UnresolvedCalls, bench.Books.LiveCalls));
    }

    [Fact]
    public void Reports_set_no_timer_each()
    {
        CallBench bench = new();
        for (int i = 0; i < 50; i++)
            bench.Give(Loss(T0 + i, 0));
        Assert.Equal(1, bench.Stage.TimersHeld);
    }

    private static byte[] Loss(long at, double percent) =>
        Media("c", at, r => r.PacketLossPercentage = percent);

    private static (long Calls, long Reports) Tagged(CallBench bench, string tag)
    {
        int bit = TagNames.All.ToList().IndexOf(tag);
        CallCounts counts = bench.Total.Counts;
        return (counts.TagCalls(bit), counts.TagReports(bit));
    }
}
