using Earshot.Analytics.Quality;

namespace Earshot.Tests.Unit.Analytics.Quality;

/// <summary>Bursts and gaps by RFC 3611, section 4.7.2 and appendix A.2, with Gmin 16.</summary>
public class BurstGapTests
{
    [Fact]
    public void Without_loss_all_is_one_gap()
    {
        BurstGapMetrics metrics = Of("r500");
        Assert.Equal((0, 1, 500), (metrics.Bursts, metrics.Gaps, metrics.ReceivedInGaps));
        Assert.Equal(0.0, metrics.GapDensityPercent);
        Assert.Null(metrics.BurstDensityPercent);
        Assert.Null(metrics.BurstMs(20));
        Assert.Equal(10_000, metrics.GapMs(20));
        Assert.Null(metrics.BurstRatio);
        Assert.Equal(default, Of(""));
        Assert.Null(Of("").LossPercent);
    }

    /// <summary>
    /// 100 received, lost, 3 received, 2 lost, 15 received, lost, 100 received: one burst of
    /// 1 + 3 + 2 + 15 + 1 = 22 packets, 4 of them lost; two gaps of 100. The counters: c11 = 200,
    /// c13 = 1, c23 = 2, c22 = 2 + 14, c33 = 1; p32 = 2/4, p23 = 1 − 16/18, density
    /// = (1/9) / (1/9 + 1/2) = 2/11 = 4/22.
    /// </summary>
    [Fact]
    public void One_burst_between_two_gaps()
    {
        BurstGapMetrics metrics = Of("r100 l1 r3 l2 r15 l1 r100");
        Assert.Equal((1, 4, 18), (metrics.Bursts, metrics.LostInBursts, metrics.ReceivedInBursts));
        Assert.Equal((2, 0, 200), (metrics.Gaps, metrics.LostInGaps, metrics.ReceivedInGaps));
        Assert.Equal(200.0 / 11, metrics.BurstDensityPercent!.Value, 1e-9);
        Assert.Equal(440, metrics.BurstMs(20));
        Assert.Equal(2000, metrics.GapMs(20));
        Assert.Equal(400.0 / 222, metrics.LossPercent!.Value, 1e-12);

        // 4 losses in 3 runs, by 1 / (1 − 4/222).
        Assert.Equal(4.0 / 3 * 218 / 222, metrics.BurstRatio!.Value, 1e-12);
    }

    [Theory] // Gmin received in a row end a burst; one fewer does not.
    [InlineData("r50 l1 r15 l1 r50", 1, 0)]
    [InlineData("r50 l1 r16 l1 r50", 0, 2)]
    [InlineData("r50 l2 r16 l1 r16 l3 r50", 2, 1)]
    [InlineData("l1 r50", 0, 1)] // The stream is preceded and followed by Gmin received.
    [InlineData("r50 l1", 0, 1)]
    [InlineData("r3 l1 r3", 0, 1)]
    [InlineData("l2", 1, 0)]
    [InlineData("r2 l1 r2 l1 r2", 1, 0)]
    public void Gmin_decides(string pattern, long bursts, long lostInGaps)
    {
        BurstGapMetrics metrics = Of(pattern);
        Assert.Equal((bursts, lostInGaps), (metrics.Bursts, metrics.LostInGaps));
    }

    [Fact] // Only lost packets in a burst: the RFC's case c22 + c23 < 1.
    public void A_burst_without_a_received_packet_is_dense()
    {
        BurstGapMetrics metrics = Of("r20 l5 r20");
        Assert.Equal(100.0, metrics.BurstDensityPercent);
        Assert.Equal(5.0, metrics.BurstPacketsMean);
        Assert.Equal(20.0, metrics.GapPacketsMean);
    }

    [Fact] // G.107, clause 7.5: 1 for random loss, more for bursts, less for losses kept apart.
    public void Burst_ratio()
    {
        Random random = new(3611);
        BurstGapCounters counters = new();
        for (int i = 0; i < 400_000; i++)
            Add(counters, random.Next(10) == 0);
        Assert.Equal(1, counters.Measure().BurstRatio!.Value, 0.02);

        // Every tenth packet: 1 / (1 / 0.9).
        Assert.Equal(0.9, Of(Repeat("l1 r9 ", 100)).BurstRatio!.Value, 1e-12);
        Assert.Equal(3.6, Of(Repeat("l4 r36 ", 100)).BurstRatio!.Value, 1e-12);
        Assert.Null(Of("l7").BurstRatio);

        // A chain with p (found → lost) = 0.02, q (lost → found) = 0.4 has 1 / (p + q) = 2.381.
        counters = new();
        bool isLost = false;
        for (int i = 0; i < 1_000_000; i++)
        {
            isLost = random.NextDouble() < (isLost ? 0.6 : 0.02);
            Add(counters, isLost);
        }

        Assert.Equal(1 / 0.42, counters.Measure().BurstRatio!.Value, 0.03);
    }

    [Fact]
    public void Discarded_packets_are_in_bursts_like_lost_ones()
    {
        BurstGapCounters counters = new();
        counters.AddReceived(30);
        counters.AddLost();
        counters.AddDiscarded();
        counters.AddReceived();
        counters.AddDiscarded();
        BurstGapMetrics metrics = counters.Measure();
        Assert.Equal((1, 2, 3, 1), (metrics.Lost, metrics.Discarded, metrics.LostInBursts,
            metrics.Bursts));
        Assert.Equal(2, metrics.LossRuns);
    }

    [Fact]
    public void Measuring_changes_nothing_and_a_break_ends_the_run()
    {
        BurstGapCounters counters = new();
        counters.AddReceived(5);
        counters.AddLost();
        Assert.Equal(1, counters.Measure().LostInGaps);
        counters.AddLost();
        Assert.Equal((1, 0), (counters.Measure().Bursts, counters.Measure().LostInGaps));
        counters.Break();
        counters.AddLost();
        BurstGapMetrics metrics = counters.Measure();
        Assert.Equal((1, 1, 2), (metrics.Bursts, metrics.LostInGaps, metrics.LossRuns));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BurstGapCounters(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => counters.AddReceived(-1));
    }

    [Fact]
    public void Random_patterns_against_the_definition()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            Random random = new(seed);
            int gmin = seed % 3 == 0 ? 16 : 1 + random.Next(20);
            double toLost = random.NextDouble() * 0.3;
            double stayLost = random.NextDouble();
            bool[] isLost = new bool[random.Next(300)];
            for (int i = 0; i < isLost.Length; i++)
            {
                bool before = i > 0 && isLost[i - 1];
                isLost[i] = random.NextDouble() < (before ? stayLost : toLost);
            }

            BurstGapCounters counters = new(gmin);
            foreach (bool lost in isLost)
                Add(counters, lost);
            Assert.Equal(ByDefinition(isLost, gmin), counters.Measure());
        }
    }

    /// <summary>
    /// Section 4.7.2 in plain words: a packet is in a burst if a lost packet before it (or itself)
    /// and a lost one behind it (or itself), not the same one, are joined by losses that have fewer
    /// than Gmin received packets between them.
    /// </summary>
    internal static BurstGapMetrics ByDefinition(bool[] isLost, int gmin)
    {
        int[] lost = [.. Enumerable.Range(0, isLost.Length).Where(i => isLost[i])];
        bool[] isBurst = new bool[isLost.Length];
        for (int i = 1; i < lost.Length; i++)
        {
            if (lost[i] - lost[i - 1] - 1 < gmin)
                Array.Fill(isBurst, true, lost[i - 1], lost[i] - lost[i - 1] + 1);
        }

        // Where runs of each kind begin. Two bursts never touch: Gmin received are between them.
        int Starts(Func<int, bool> within) => Enumerable.Range(0, isLost.Length)
            .Count(i => within(i) && (i == 0 || !within(i - 1)));
        int Count(bool burst, bool gone) => Enumerable.Range(0, isLost.Length)
            .Count(i => isBurst[i] == burst && isLost[i] == gone);

        return new BurstGapMetrics(
            lost.Length, 0,
            Starts(i => isBurst[i]), Count(true, true), Count(true, false),
            Starts(i => !isBurst[i]), Count(false, true), Count(false, false),
            Starts(i => isLost[i]));
    }

    private static void Add(BurstGapCounters counters, bool isLost)
    {
        if (isLost)
            counters.AddLost();
        else
            counters.AddReceived();
    }

    private static string Repeat(string pattern, int times) =>
        string.Concat(Enumerable.Repeat(pattern, times));

    /// <summary>"r100 l2": 100 received, 2 lost.</summary>
    private static BurstGapMetrics Of(string pattern)
    {
        BurstGapCounters counters = new();
        foreach (string part in pattern.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            for (int i = int.Parse(part[1..], null); i > 0; i--)
                Add(counters, part[0] == 'l');
        }

        return counters.Measure();
    }
}
