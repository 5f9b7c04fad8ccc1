using Earshot.Analytics;
using Earshot.Schemas;
using static Earshot.Tests.Unit.Actors.Inputs;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

/// <summary>
/// RFC 6076 counts INVITEs without retransmissions and re-INVITEs: a step that comes again with an
/// event id of its own changes nothing, in any order.
/// </summary>
public sealed class RepeatedStepTests
{
    private static readonly byte[][] call =
    [
        Step("c", State.Initialized, T0, id: "1", sip: 100),
        Step("c", State.Ringing, T0 + 2000, id: "2", sip: 180),
        Step("c", State.Answered, T0 + 5000, id: "3", sip: 200),
        Step("c", State.Completed, T0 + 20_000, id: "4", sip: 200),
    ];

    public static TheoryData<string, byte[][]> Repeats => new()
    {
        { "INVITE sent again", [Step("c", State.Initialized, T0 + 500, id: "5")] },
        { "200 sent again", [Step("c", State.Answered, T0 + 5500, id: "5", sip: 200)] },
        {
            "re-INVITE accepted",
            [
                Step("c", State.Initialized, T0 + 8000, id: "5"),
                Step("c", State.Answered, T0 + 8100, id: "6", sip: 200),
            ]
        },
        {
            "re-INVITE refused",
            [
                Step("c", State.Initialized, T0 + 8000, id: "5"),
                Step("c", State.InProgress, T0 + 8100, id: "6", sip: 488),
            ]
        },
        { "BYE answered again", [Step("c", State.Completed, T0 + 20_500, id: "5", sip: 200)] },
    };

    [Theory]
    [MemberData(nameof(Repeats))]
    public void Repeats_change_nothing(string what, byte[][] repeats)
    {
        CallBench plain = new();
        plain.Give(call).End();
        byte[][] steps = [.. call, .. repeats];
        for (int seed = 0; seed < 24; seed++)
        {
            new Random(seed).Shuffle(steps);
            CallBench bench = new();
            bench.Give(steps).End();
            CallCounts counts = bench.Total.Counts;
            Assert.True(
                plain.Total.Counts.Fields.SequenceEqual(counts.Fields), $"{what}, order {seed}");
            Assert.Equal((1, 1, 1), (counts.Attempts, counts.Invites, counts.Completed));
            Assert.Equal(2.0, bench.Total[Metrics.Pdd]!.Sum);
        }
    }

    [Fact]
    public void What_comes_again_after_the_call_was_counted_makes_no_second_one()
    {
        CallBench bench = new();
        bench.Give(call).MoveWatermarkTo(T0 + 20_001)
            .Give(
                Step("c", State.Initialized, T0 + 21_000, id: "7"),
                Step("c", State.Answered, T0 + 22_000, id: "8", sip: 200),
                Step("c", State.Completed, T0 + 23_000, id: "9", sip: 200)).End();
        CallCounts counts = bench.Total.Counts;
        Assert.Equal((1, 1, 1), (counts.Calls, counts.Attempts, counts.Established));
    }

    [Theory]
    [InlineData(State.Failed, 0, 100, 0)]
    [InlineData(State.Failed, 503, 100, 0)]
    [InlineData(State.Completed, 200, 100, 100)]
    [InlineData(State.Completed, 481, 100, 0)]
    public void A_failure_after_the_answer_is_an_answered_call_that_did_not_complete(
        State end, int sip, double asr, double scr)
    {
        byte[][] steps = [.. call[..3], Step("c", end, T0 + 20_000, id: "4", sip: sip)];
        for (int seed = 0; seed < 8; seed++)
        {
            new Random(seed).Shuffle(steps);
            CallBench bench = new();
            bench.Give(steps).End();
            CallCounts counts = bench.Total.Counts;
            Assert.Equal((asr, scr), (counts.AsrPercent, counts.ScrPercent));
            Assert.Equal((1, 15_000), (counts.Established, counts.ConnectedMs));
        }
    }

    [Theory]
    [InlineData(State.Failed, 503, 1)]
    [InlineData(State.Busy, 486, 1)]
    [InlineData(State.Failed, 400, 1)]
    [InlineData(State.Failed, 699, 1)]
    [InlineData(State.Failed, 401, 0)]
    [InlineData(State.Failed, 402, 0)]
    [InlineData(State.Failed, 407, 0)]
    [InlineData(State.Failed, 302, 0)]
    [InlineData(State.Failed, 100, 0)]
    [InlineData(State.Failed, 0, 0)]
    public void The_delay_of_a_failed_attempt_is_a_metric_of_its_own(
        State end, int sip, long delays)
    {
        byte[][] steps =
        [
            Step("c", State.Initialized, T0, id: "1"), Step("c", end, T0 + 1500, id: "2", sip: sip),
            Step("c", State.Initialized, T0 + 500, id: "3"),
            Step("c", end, T0 + 2000, id: "4", sip: sip),
        ];
        for (int seed = 0; seed < 8; seed++)
        {
            new Random(seed).Shuffle(steps);
            CallBench bench = new();
            bench.Give(steps).End();
            Assert.Null(bench.Total[Metrics.Pdd]);
            Assert.Equal(delays, bench.Total[Metrics.SrdFailed]?.Count ?? 0);
            Assert.Equal(delays * 1.5, bench.Total[Metrics.SrdFailed]?.Sum ?? 0);
        }
    }

    [Fact]
    public void An_attempt_that_rang_has_a_pdd_and_no_delay_of_a_failure()
    {
        CallBench bench = new();
        bench.Give(
            Step("c", State.Initialized, T0), Step("c", State.Ringing, T0 + 700, sip: 180),
            Step("c", State.Busy, T0 + 1500, sip: 486)).End();
        Assert.Equal(0.7, bench.Total[Metrics.Pdd]!.Sum);
        Assert.Null(bench.Total[Metrics.SrdFailed]);
    }

    [Fact]
    public void A_failure_before_the_answer_is_none_after_it()
    {
        CallBench bench = new();
        bench.Give(
            Step("c", State.Initialized, T0), Step("c", State.Failed, T0 + 1000, sip: 503),
            Step("c", State.Answered, T0 + 5000, sip: 200)).End();
        Assert.Equal(100, bench.Total.Counts.ScrPercent);
    }
}
