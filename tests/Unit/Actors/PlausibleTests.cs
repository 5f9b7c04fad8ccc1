using Earshot.Actors.Stages;
using Earshot.Schemas;
using static Earshot.Tests.Unit.Actors.Inputs;
using Plausible = Earshot.Actors.Calls.Plausible;
using SetAsideCause = Earshot.Actors.Calls.SetAsideCause;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

/// <summary>Values that cannot be true are left out and counted by cause.</summary>
public sealed class PlausibleTests
{
    [Theory]
    [InlineData(Metrics.Pdd, 0, 86_400, "NegativePdd", "PddOverADay")]
    [InlineData(Metrics.SrdFailed, 0, 86_400, "NegativePdd", "PddOverADay")]
    [InlineData(Metrics.ConnectDuration, 0, 2_592_000, "DurationOutOfRange", null)]
    [InlineData(Metrics.PacketLoss, 0, 100, "LossOutOfRange", null)]
    [InlineData(Metrics.RemotePacketLoss, 0, 100, "LossOutOfRange", null)]
    [InlineData(Metrics.DelayedPackets, 0, 100, "LossOutOfRange", null)]
    [InlineData(Metrics.Mos, 1, 5, "MosOutOfRange", null)]
    [InlineData(Metrics.Score, 0, 1, "ScoreOutOfRange", null)]
    [InlineData(Metrics.Jitter, 0, 3_600_000, "DelayOutOfRange", null)]
    [InlineData(Metrics.Rtt, 0, 3_600_000, "DelayOutOfRange", null)]
    [InlineData(Metrics.BurstRatio, 0, 1e6, "BurstOutOfRange", null)]
    public void Every_limit_is_still_possible(
        int metric, double least, double most, string below, string? above)
    {
        Assert.Null(Plausible.FaultOf(metric, least));
        Assert.Null(Plausible.FaultOf(metric, most));
        Assert.Equal(
            Enum.Parse<SetAsideCause>(below),
            Plausible.FaultOf(metric, Math.BitDecrement(least)));
        Assert.Equal(
            Enum.Parse<SetAsideCause>(above ?? below),
            Plausible.FaultOf(metric, Math.BitIncrement(most)));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void What_is_no_number_is_no_value_of_any_metric(double value)
    {
        for (int metric = 1; metric <= Metrics.End; metric++)
            Assert.Equal(SetAsideCause.NotANumber, Plausible.FaultOf(metric, value));
        Assert.Null(Plausible.FaultOf(Metrics.End, -1e300));
    }

    [Fact]
    public void Each_is_counted_by_its_cause()
    {
        CallBench bench = new();
        bench.Give(
            Pdd("a", T0, -1), Pdd("b", T0, 1_992_864), Summary("c", T0, pdd: -3, mos: 9),
            Media("d", T0, r => (r.PacketLossPercentage, r.Jitter) = (101, double.NaN)),
            Media("d", T0, r => r.PacketsReceivedTotal = 100, "s"),
            Media("d", T0 + 1, r => r.PacketsReceivedTotal = 99, "s"));
        Assert.Equal(
            new SetAsideCounts
            {
                NegativePdd = 2,
                PddOverADay = 1,
                MosOutOfRange = 1,
                LossOutOfRange = 1,
                NotANumber = 1,
                CounterBackwards = 1,
            },
            bench.Books.SetAsideBy);
        Assert.Equal(7, bench.Books.SetAside);
        Assert.Equal(7, bench.Books.SetAsideBy.ByName().Sum(cause => cause.Count));
    }

    [Fact]
    public void Calls_without_an_end_are_counted_by_reason()
    {
        CallBench bench = new();
        bench.Give(
            Step("answered", State.Initialized, T0), Step("answered", State.Answered, T0),
            Step("running", State.InProgress, T0), Step("tried", State.Initialized, T0),
            Step("rings", State.Ringing, T0), Step("over", State.Disconnected, T0),
            Pdd("pdd", T0, 1), Media("media", T0, r => r.Mos = 4)).End();
        Assert.Equal(
            new UnresolvedCounts { NoEnd = 2, NoAnswer = 2, NoStart = 2 },
            bench.Books.UnresolvedBy);
        Assert.Equal(6, bench.Books.UnresolvedCalls);
    }
}
