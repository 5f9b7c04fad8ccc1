namespace Earshot.Analytics.Quality;

/// <summary>
/// The four-state counters of RFC 3611, appendix A.2, fed with the fate of each packet in sequence
/// order. State 1: received in a gap; 2: received in a burst; 3: lost in a burst; 4: lost alone in
/// a gap. <c>cXY</c> counts transitions from X to Y. A burst is the longest run that begins and
/// ends with a lost packet, has two of them or more, and nowhere Gmin or more received in a row
/// (section 4.7.2). The stream is taken to be preceded and followed by Gmin received packets, as
/// that section says, so the run at the end counts, too; the appendix's sample code leaves it out.
/// </summary>
public sealed class BurstGapCounters
{
    /// <summary>The RFC's recommended gap threshold.</summary>
    public const int GminDefault = 16;

    private readonly int gmin;
    private long lost;
    private long discarded;
    private long c11;
    private long c13;
    private long c14;
    private long c22;
    private long c23;
    private long c33;

    // Received since the last loss; lost since the last Gmin received in a row.
    private long receivedSince;
    private long lostInRun;

    // Packets of the gap that comes before the present run, and gaps that ended in a burst.
    private long gapPackets;
    private long gaps;

    /// <summary>Counters of a stream that begins.</summary>
    /// <param name="gmin">Gap threshold, 1 to 255 packets.</param>
    /// <exception cref="ArgumentOutOfRangeException">Gmin is not 1 to 255.</exception>
    public BurstGapCounters(int gmin = GminDefault)
    {
        if (gmin is < 1 or > 255)
        {
            throw new ArgumentOutOfRangeException(
                nameof(gmin), gmin, $"gmin is {gmin}; allowed is 1 to 255.");
        }

        this.gmin = gmin;
    }

    private BurstGapCounters(BurstGapCounters other)
    {
        gmin = other.gmin;
        (lost, discarded) = (other.lost, other.discarded);
        (c11, c13, c14) = (other.c11, other.c13, other.c14);
        (c22, c23, c33) = (other.c22, other.c23, other.c33);
        (receivedSince, lostInRun) = (other.receivedSince, other.lostInRun);
        (gapPackets, gaps) = (other.gapPackets, other.gaps);
    }

    /// <summary>The next packets were received in time.</summary>
    /// <param name="packets">How many, not negative.</param>
    public void AddReceived(long packets = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(packets);
        receivedSince += packets;
    }

    /// <summary>The next packet never came.</summary>
    public void AddLost()
    {
        lost++;
        AddGone();
    }

    /// <summary>The next packet came too late to be played.</summary>
    public void AddDiscarded()
    {
        discarded++;
        AddGone();
    }

    /// <summary>
    /// Ends the sequence, as at a restart of the sender: what comes next is no neighbour of what
    /// came before.
    /// </summary>
    public void Break()
    {
        EndRun();
        EndTail();
        if (gapPackets > 0)
            gaps++;
        gapPackets = 0;
    }

    /// <summary>A copy that goes on by itself.</summary>
    public BurstGapCounters Copy() => new(this);

    /// <summary>The metrics of all packets so far.</summary>
    public BurstGapMetrics Measure()
    {
        BurstGapCounters ended = Copy();
        ended.Break();
        return new BurstGapMetrics(
            ended.lost,
            ended.discarded,
            Bursts: ended.c13,
            LostInBursts: ended.c13 + ended.c23 + ended.c33,
            ReceivedInBursts: ended.c22 + ended.c23,
            Gaps: ended.gaps,
            LostInGaps: ended.c14,
            ReceivedInGaps: ended.c11,
            LossRuns: ended.lost + ended.discarded - ended.c33);
    }

    private void AddGone()
    {
        if (lostInRun == 0 || receivedSince >= gmin)
        {
            EndRun();
            EndTail();
            lostInRun = 1;
            return;
        }

        lostInRun++;
        if (lostInRun == 2)
        {
            // The run is a burst: the gap before it is over.
            if (gapPackets > 0)
                gaps++;
            gapPackets = 0;
        }

        if (receivedSince == 0)
        {
            c33++;
        }
        else
        {
            c23++;
            c22 += receivedSince - 1;
        }

        receivedSince = 0;
    }

    private void EndRun()
    {
        if (lostInRun == 1)
        {
            c14++;
            gapPackets++;
        }
        else if (lostInRun > 1)
        {
            c13++;
        }

        lostInRun = 0;
    }

    private void EndTail()
    {
        c11 += receivedSince;
        gapPackets += receivedSince;
        receivedSince = 0;
    }
}

/// <summary>
/// Burst and gap metrics of a stream. Source: RFC 3611, section 4.7.2, and appendix A.2 for the
/// densities; durations are by the definition of the section, where the sample code of the appendix
/// counts one packet too many per gap (its ctotal has the transitions 1→3 and 3→1 of each burst).
/// </summary>
/// <param name="Lost">Packets that never came.</param>
/// <param name="Discarded">Packets that came too late.</param>
/// <param name="Bursts">Number of bursts.</param>
/// <param name="LostInBursts">Packets lost or discarded in bursts.</param>
/// <param name="ReceivedInBursts">Packets received in bursts.</param>
/// <param name="Gaps">Number of gaps that have at least one packet.</param>
/// <param name="LostInGaps">Packets lost or discarded in gaps, each alone.</param>
/// <param name="ReceivedInGaps">Packets received in gaps.</param>
/// <param name="LossRuns">Number of runs of adjacent lost or discarded packets.</param>
public readonly record struct BurstGapMetrics(
    long Lost,
    long Discarded,
    long Bursts,
    long LostInBursts,
    long ReceivedInBursts,
    long Gaps,
    long LostInGaps,
    long ReceivedInGaps,
    long LossRuns)
{
    /// <summary>All packets.</summary>
    public long Packets => LostInBursts + ReceivedInBursts + LostInGaps + ReceivedInGaps;

    /// <summary>Packets lost or discarded, percent; null without packets.</summary>
    public double? LossPercent => Percent(Lost + Discarded, Packets);

    /// <summary>
    /// Share of the packets within bursts that are lost or discarded, percent; null without bursts.
    /// Equal to the RFC's p23 / (p23 + p32).
    /// </summary>
    public double? BurstDensityPercent => Percent(LostInBursts, LostInBursts + ReceivedInBursts);

    /// <summary>
    /// Share of the packets within gaps that are lost or discarded, percent; null without gaps. The
    /// RFC's c14 / (c11 + c14).
    /// </summary>
    public double? GapDensityPercent => Percent(LostInGaps, LostInGaps + ReceivedInGaps);

    /// <summary>Mean length of a burst, packets; null without bursts.</summary>
    public double? BurstPacketsMean =>
        Bursts == 0 ? null : (double)(LostInBursts + ReceivedInBursts) / Bursts;

    /// <summary>Mean length of a gap, packets; null without gaps.</summary>
    public double? GapPacketsMean =>
        Gaps == 0 ? null : (double)(LostInGaps + ReceivedInGaps) / Gaps;

    /// <summary>
    /// BurstR of the E-model: the mean number of adjacent packets that are lost, by that of random
    /// loss of the same share, 1 / (1 − loss). 1 is random, above it losses cling together, below
    /// it they keep apart. Null without loss, and where all is lost. Source: ITU-T G.107, clause
    /// 7.5.
    /// </summary>
    public double? BurstRatio
    {
        get
        {
            long gone = Lost + Discarded;
            if (gone == 0 || gone == Packets)
                return null;
            return (double)gone / LossRuns * (Packets - gone) / Packets;
        }
    }

    /// <summary>Mean duration of a burst, ms; null without bursts.</summary>
    /// <param name="packetMs">Speech in one packet, ms.</param>
    public double? BurstMs(double packetMs) => BurstPacketsMean * packetMs;

    /// <summary>Mean duration of a gap, ms; null without gaps.</summary>
    /// <param name="packetMs">Speech in one packet, ms.</param>
    public double? GapMs(double packetMs) => GapPacketsMean * packetMs;

    private static double? Percent(long part, long whole) =>
        whole == 0 ? null : 100.0 * part / whole;
}
