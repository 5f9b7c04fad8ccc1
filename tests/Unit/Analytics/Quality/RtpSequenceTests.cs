using Earshot.Analytics.Quality;

namespace Earshot.Tests.Unit.Analytics.Quality;

/// <summary>Sequence numbers by RFC 3550, appendix A.1, and loss by A.3.</summary>
public class RtpSequenceTests
{
    [Fact] // A.1: MIN_SEQUENTIAL packets in sequence make a source valid; the last of them is base.
    public void A_source_is_on_probation_until_two_packets_are_in_sequence()
    {
        RtpStatistics stream = new();
        Assert.Equal(RtpFate.Unconfirmed, Add(stream, 100));
        Assert.Null(stream.ExtendedHighest);
        Assert.Equal(0, stream.Expected);
        Assert.Equal(RtpFate.Unconfirmed, Add(stream, 105));
        Assert.Equal(RtpFate.Unconfirmed, Add(stream, 104));
        Assert.Equal(RtpFate.InOrder, Add(stream, 105));
        Assert.Equal((1, 1, 3), (stream.Expected, stream.Received, stream.Unconfirmed));
        Assert.Equal(105, stream.ExtendedHighest);
    }

    [Fact]
    public void Probation_may_be_longer_or_none()
    {
        RtpStatistics one = new(new RtpRules { MinSequential = 1 });
        Assert.Equal(RtpFate.InOrder, Add(one, 9));
        RtpStatistics three = new(new RtpRules { MinSequential = 3 });
        Assert.Equal(RtpFate.Unconfirmed, Add(three, 9));
        Assert.Equal(RtpFate.Unconfirmed, Add(three, 10));
        Assert.Equal(RtpFate.InOrder, Add(three, 11));
    }

    [Fact]
    public void Numbers_wrap_even_on_probation()
    {
        RtpStatistics stream = new();
        Add(stream, 65535);
        Assert.Equal(RtpFate.InOrder, Add(stream, 0));
        stream = Running(65533);
        Add(stream, 65534);
        Add(stream, 65535);
        Add(stream, 1); // 0 is lost.
        Assert.Equal(65536 + 1, stream.ExtendedHighest);
        Assert.Equal((5, 4, 1), (stream.Expected, stream.Received, stream.Lost));
        Assert.Equal(RtpFate.Reordered, Add(stream, 0));
        Assert.Equal(RtpFate.Duplicate, Add(stream, 65535));
        Assert.Equal(65536 + 1, stream.ExtendedHighest);
        Assert.Equal((5, 6, -1), (stream.Expected, stream.Received, stream.Lost));
    }

    [Fact]
    public void Numbers_wrap_many_times()
    {
        RtpStatistics stream = Running(0);
        for (int i = 1; i < 300_000; i++)
        {
            if (i % 10 != 0)
                Add(stream, (ushort)i);
        }

        Assert.Equal(299_999, stream.ExtendedHighest);
        Assert.Equal(300_000, stream.Expected);
        Assert.Equal(29_999, stream.Lost);
    }

    [Theory] // A.1: MAX_DROPOUT 3000 and MAX_MISORDER 100, at and beside the limits.
    [InlineData(2999, RtpFate.InOrder)]
    [InlineData(3000, RtpFate.Unconfirmed)]
    [InlineData(65536 - 100, RtpFate.Unconfirmed)]
    [InlineData(65536 - 99, RtpFate.Reordered)]
    public void Limits_of_dropout_and_misorder(int ahead, RtpFate fate)
    {
        RtpStatistics stream = Running(1000);
        Assert.Equal(fate, Add(stream, (ushort)(1000 + ahead)));
        Assert.Equal(fate == RtpFate.InOrder ? 1 + ahead : 1, stream.Expected);
    }

    [Fact] // A.1: two packets in sequence after a great jump are a restart.
    public void A_jump_is_a_restart_once_it_is_confirmed()
    {
        RtpStatistics stream = Running(10);
        Add(stream, 12); // 11 is lost.
        Assert.Equal(RtpFate.Unconfirmed, Add(stream, 40_000));
        Assert.Equal(RtpFate.InOrder, Add(stream, 13)); // A stray packet changes nothing.
        Assert.Equal(RtpFate.Unconfirmed, Add(stream, 40_002));
        Assert.Equal(RtpFate.Restart, Add(stream, 40_003));
        Assert.Equal(RtpFate.InOrder, Add(stream, 40_005)); // 40,004 is lost.

        Assert.Equal(40_005, stream.ExtendedHighest);
        Assert.Equal(1, stream.Restarts);
        Assert.Equal((4 + 3, 3 + 2, 2), (stream.Expected, stream.Received, stream.Lost));
        Assert.Equal((2, 2), (stream.BurstGap.Lost, stream.BurstGap.LossRuns));

        // 11 and 40,004 are no neighbours: each is alone in its gap, not both in a burst.
        Assert.Equal((0, 2), (stream.BurstGap.Bursts, stream.BurstGap.LostInGaps));
        Assert.Equal(stream.Expected, stream.BurstGap.Packets);
    }

    [Fact] // RFC 3550 6.4.1: late and duplicate packets count as received; the fraction is not < 0.
    public void Duplicates_can_outweigh_the_lost()
    {
        RtpStatistics stream = Running(1);
        Add(stream, 3);
        Add(stream, 3);
        Add(stream, 3);
        Assert.Equal(-1, stream.Lost);
        Assert.Equal(2, stream.Duplicates);
        IntervalLoss loss = stream.TakeInterval().Loss;
        Assert.Equal(new IntervalLoss(3, 4), loss);
        Assert.Equal((0.0, 0), (loss.LossPercent!.Value, (int)loss.FractionLost));
    }

    [Fact]
    public void Intervals_add_up()
    {
        RtpStatistics stream = Running(1);
        Add(stream, 2);
        Add(stream, 5); // 3 and 4 are missing at the first report; 4 is only late.
        IntervalLoss first = stream.TakeInterval().Loss;
        Add(stream, 4);
        Add(stream, 6);
        IntervalLoss second = stream.TakeInterval().Loss;
        IntervalLoss none = stream.TakeInterval().Loss;

        Assert.Equal((new IntervalLoss(5, 3), 40.0), (first, first.LossPercent!.Value));
        Assert.Equal((new IntervalLoss(1, 2), 0.0), (second, second.LossPercent!.Value));
        Assert.Equal(new IntervalLoss(0, 0), none);
        Assert.Null(none.LossPercent);
        Assert.Equal(stream.Expected, first.Expected + second.Expected);
    }

    [Fact]
    public void Random_streams_are_counted_as_by_hand()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            Random random = new(seed);
            List<int> arrivals = [];
            bool[] isLost = new bool[3000];
            for (int i = 2; i < isLost.Length; i++)
            {
                isLost[i] = i < isLost.Length - 1 && random.Next(8) == 0;
                int copies = isLost[i] ? 0 : random.Next(20) == 0 ? 2 : 1;
                for (int copy = 0; copy < copies; copy++)
                    arrivals.Add(i);
            }

            // Each packet is up to 20 places late.
            int[] order = [.. arrivals.Select((n, at) => (n, At: at + (random.NextDouble() * 20)))
                .OrderBy(pair => pair.At).Select(pair => pair.n)];
            int first = random.Next(65536);
            RtpStatistics stream = new();
            Add(stream, (ushort)first);
            Add(stream, (ushort)(first + 1));
            foreach (int n in order)
                Add(stream, (ushort)(first + n));

            int lost = isLost.Count(gone => gone);
            int unique = isLost.Length - 2 - lost;
            Assert.Equal(isLost.Length - 1, stream.Expected);
            Assert.Equal(order.Length + 1, stream.Received);
            Assert.Equal(order.Length - unique, stream.Duplicates);
            Assert.Equal(lost, stream.BurstGap.Lost);
            Assert.Equal(BurstGapTests.ByDefinition(isLost[1..], 16), stream.BurstGap);
        }
    }

    [Fact]
    public void Rules_are_checked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new RtpStatistics(new RtpRules { MaxMisorder = 128 }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new RtpStatistics(new RtpRules { MinSequential = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new RtpStatistics().Add(new RtpArrival(1, 1, 1, 0)));
    }

    [Fact] // RFC 3550, A.3: report blocks.
    public void Loss_between_report_blocks()
    {
        Assert.Equal(new IntervalLoss(100, 90), IntervalLoss.BetweenBlocks(1000, 5, 1100, 15));
        Assert.Equal(25, IntervalLoss.BetweenBlocks(1000, 5, 1100, 15)!.Value.FractionLost);
        Assert.Equal(
            new IntervalLoss(6, 6), IntervalLoss.BetweenBlocks(uint.MaxValue - 2, 5, 3, 5));
        Assert.Equal(0, IntervalLoss.BetweenBlocks(10, 5, 20, 3)!.Value.LossPercent);
        Assert.Null(IntervalLoss.BetweenBlocks(10, 5, 10, 5)!.Value.LossPercent);
        Assert.Null(IntervalLoss.BetweenBlocks(20, 5, 10, 5));
        Assert.Null(IntervalLoss.BetweenBlocks(10, 5, 20, 16));
        Assert.Null(IntervalLoss.BetweenBlocks(10, 0x7FFFFF, 20, 0x7FFFFF));
        Assert.Equal(255, new IntervalLoss(50, 0).FractionLost);
        Assert.Equal(128, new IntervalLoss(50, 25).FractionLost);
    }

    [Fact]
    public void Loss_between_totals()
    {
        Assert.Equal(new IntervalLoss(100, 95), IntervalLoss.BetweenTotals(50, 5, 145, 10));
        Assert.Equal(5, IntervalLoss.BetweenTotals(50, 5, 145, 10)!.Value.LossPercent);
        Assert.Equal(0, IntervalLoss.BetweenTotals(50, 5, 60, 3)!.Value.LossPercent);
        Assert.Null(IntervalLoss.BetweenTotals(50, 5, 49, 5));
        Assert.Null(IntervalLoss.BetweenTotals(50, 50, 52, 5));
        Assert.Null(IntervalLoss.BetweenTotals(-1, 0, 5, 0));
        Assert.Null(IntervalLoss.BetweenTotals(0, long.MinValue, 1, long.MaxValue));
        Assert.Null(IntervalLoss.BetweenTotals(7, 5, 7, 5)!.Value.LossPercent);
    }

    private static RtpStatistics Running(ushort first)
    {
        RtpStatistics stream = new();
        Add(stream, (ushort)(first - 1));
        Assert.Equal(RtpFate.InOrder, Add(stream, first));
        return stream;
    }

    private static RtpFate Add(RtpStatistics stream, ushort sequence) =>
        stream.Add(new RtpArrival(sequence, 160u * sequence, 20_000_000L * sequence, 8000));
}
