using System.Diagnostics;

namespace Earshot.Analytics.Quality;

/// <summary>
/// What a receiver knows of one RTP stream (one SSRC) from the arrival of its packets: sequence
/// numbers with wrap, probation and restart (RFC 3550, appendix A.1), expected and lost packets
/// (A.3), interarrival jitter (A.8), duplicates, reordering, bursts of loss (RFC 3611) and late
/// packets. Where the RFC begins to count anew at a restart, the sums here go on.
/// </summary>
public sealed class RtpStatistics
{
    private const int SequenceMod = 1 << 16;
    private const int WindowPackets = 128;
    private const double NsPerMs = 1e6;

    private readonly RtpRules rules;
    private readonly int gmin;
    private readonly BurstGapCounters burstGap;
    private readonly PacketDelayShare delayed;

    // Sequence numbers, as in A.1. Before the first packet probation is -1.
    private int probation = -1;
    private ushort maxSequence;
    private int badSequence = SequenceMod + 1;
    private long cycles;
    private long baseSequence;

    // Bit i: the packet i before the newest was received.
    private UInt128 window;

    // Sums over the runs of the source that a restart ended.
    private long expectedBefore;

    // The last packet that was counted, for the difference in transit.
    private bool hasLast;
    private RtpArrival last;
    private double transitMs;
    private double jitterMs;
    private bool hasJitter;

    // Since the last report.
    private long expectedReported;
    private long receivedReported;
    private double jitterSumMs;
    private double jitterMaxMs;
    private long jitterSamples;

    // Bursts and gaps since then, and how many of the newest packets are not in it yet.
    private BurstGapCounters burstGapReported;
    private int unreported;

    /// <summary>A stream of which nothing is known yet.</summary>
    /// <param name="rules">When a sequence number is believed; null: the RFC's values.</param>
    /// <param name="gmin">Gap threshold of RFC 3611, packets, 1 to 255.</param>
    /// <param name="delayLimitMs">See <see cref="PacketDelayShare"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of range.</exception>
    public RtpStatistics(
        RtpRules? rules = null, int gmin = BurstGapCounters.GminDefault, int delayLimitMs = 200)
    {
        this.rules = rules ?? new RtpRules();
        this.rules.Validate();
        this.gmin = gmin;
        burstGap = new BurstGapCounters(gmin);
        burstGapReported = new BurstGapCounters(gmin);
        delayed = new PacketDelayShare(delayLimitMs);
    }

    /// <summary>Packets received and counted, late ones and duplicates with them.</summary>
    public long Received { get; private set; }

    /// <summary>Packets sent, by the sequence numbers.</summary>
    public long Expected => expectedBefore + ExpectedOfRun;

    /// <summary>
    /// Expected less received, as RTCP has it: negative where duplicates outweigh the lost.
    /// </summary>
    public long Lost => Expected - Received;

    /// <summary>Packets received more than once: each further time.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Packets that came after ones that were sent later; no duplicates.</summary>
    public long Reordered { get; private set; }

    /// <summary>Packets not counted: on probation, or after an unconfirmed jump.</summary>
    public long Unconfirmed { get; private set; }

    /// <summary>How often the source began anew.</summary>
    public long Restarts { get; private set; }

    /// <summary>
    /// Extended highest sequence number of the present run: wraps · 65536 + the highest. Null: the
    /// source is not valid yet.
    /// </summary>
    public long? ExtendedHighest => probation == 0 ? cycles + maxSequence : null;

    /// <summary>
    /// Interarrival jitter J, ms: after each packet J += (|D| − J) / 16, D = (Rj − Ri) − (Sj − Si)
    /// of a packet and the one that arrived before it, in whatever order they were sent. Null:
    /// fewer than two packets. In units of the clock: ms · rate / 1000.
    /// </summary>
    public double? JitterMs => hasJitter ? jitterMs : null;

    /// <summary>Burst and gap metrics of the stream so far; see <see cref="BurstGapMetrics"/>.
    /// </summary>
    public BurstGapMetrics BurstGap
    {
        get
        {
            BurstGapCounters ended = burstGap.Copy();
            Drain(ended);
            return ended.Measure();
        }
    }

    private long ExpectedOfRun => probation == 0 ? cycles + maxSequence - baseSequence + 1 : 0;

    /// <summary>Takes in the packet that arrived next.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The clock rate is not above 0.</exception>
    public RtpFate Add(in RtpArrival arrival)
    {
        if (arrival.ClockRate <= 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(arrival), arrival.ClockRate, "A clock rate is above 0.");
        }

        RtpFate fate = FateOf(arrival.Sequence);
        if (fate == RtpFate.Unconfirmed)
        {
            Unconfirmed++;
            return fate;
        }

        Received++;
        if (fate == RtpFate.Duplicate)
            Duplicates++;
        if (fate == RtpFate.Reordered)
            Reordered++;
        if (fate == RtpFate.Restart)
        {
            // The new run's timestamps have nothing to do with the old one's.
            Restarts++;
            hasLast = false;
            delayed.Rebase();
        }

        AddTiming(arrival);
        return fate;
    }

    /// <summary>
    /// The metrics since the last call, or since the stream began. A packet that has not come yet
    /// is lost to the bursts of this interval, also if it comes in the next one.
    /// </summary>
    public RtpInterval TakeInterval()
    {
        Drain(burstGapReported, unreported);
        RtpInterval interval = new(
            new IntervalLoss(Expected - expectedReported, Received - receivedReported),
            JitterMs,
            jitterSamples == 0 ? null : jitterSumMs / jitterSamples,
            jitterSamples == 0 ? null : jitterMaxMs,
            delayed.Percent,
            burstGapReported.Measure());
        (expectedReported, receivedReported) = (Expected, Received);
        (jitterSumMs, jitterMaxMs, jitterSamples) = (0, 0, 0);
        delayed.Clear();
        (burstGapReported, unreported) = (new BurstGapCounters(gmin), 0);
        return interval;
    }

    /// <summary>A.1's update_seq, with reordering and duplicates told apart.</summary>
    private RtpFate FateOf(ushort sequence)
    {
        if (probation < 0)
        {
            probation = rules.MinSequential;
            maxSequence = unchecked((ushort)(sequence - 1));
        }

        ushort ahead = unchecked((ushort)(sequence - maxSequence));
        if (probation > 0)
            return Probe(sequence, ahead);
        if (ahead < rules.MaxDropout)
            return ahead == 0 ? RtpFate.Duplicate : Advance(sequence, ahead);
        if (ahead <= SequenceMod - rules.MaxMisorder)
            return Jump(sequence);
        return FillIn(SequenceMod - ahead);
    }

    private RtpFate Probe(ushort sequence, ushort ahead)
    {
        maxSequence = sequence;
        if (ahead != 1)
        {
            // The RFC's MIN_SEQUENTIAL - 1, where 1 would leave nothing to wait for.
            probation = Math.Max(1, rules.MinSequential - 1);
            return RtpFate.Unconfirmed;
        }

        probation--;
        if (probation > 0)
            return RtpFate.Unconfirmed;
        Begin(sequence);
        return RtpFate.InOrder;
    }

    private RtpFate Advance(ushort sequence, int ahead)
    {
        if (sequence < maxSequence)
            cycles += SequenceMod;
        long known = ExpectedOfRun;
        maxSequence = sequence;
        for (int i = 0; i < ahead; i++)
        {
            if (known >= WindowPackets)
                Settle(burstGap, window >> (WindowPackets - 1));
            if (unreported == WindowPackets)
                Settle(burstGapReported, window >> (WindowPackets - 1));
            else
                unreported++;
            window <<= 1;
            known++;
        }

        window |= 1;
        return RtpFate.InOrder;
    }

    /// <summary>A great jump is a restart once the next packet in sequence confirms it.</summary>
    private RtpFate Jump(ushort sequence)
    {
        if (sequence != badSequence)
        {
            badSequence = (sequence + 1) & (SequenceMod - 1);
            return RtpFate.Unconfirmed;
        }

        expectedBefore += ExpectedOfRun;
        Drain(burstGap);
        burstGap.Break();
        Drain(burstGapReported, unreported);
        burstGapReported.Break();
        Begin(sequence);
        return RtpFate.Restart;
    }

    private RtpFate FillIn(int behind)
    {
        Debug.Assert(behind is > 0 and < WindowPackets, "MaxMisorder keeps within the window.");
        UInt128 bit = UInt128.One << behind;
        if ((window & bit) != 0)
            return RtpFate.Duplicate;
        window |= bit;
        return RtpFate.Reordered;
    }

    private void Begin(ushort sequence)
    {
        (baseSequence, maxSequence) = (sequence, sequence);
        badSequence = SequenceMod + 1;
        cycles = 0;
        window = 1;
        unreported = 1;
    }

    /// <summary>Hands over what is left in the window, oldest first.</summary>
    private void Drain(BurstGapCounters counters) =>
        Drain(counters, (int)Math.Min(ExpectedOfRun, WindowPackets));

    private void Drain(BurstGapCounters counters, int packets)
    {
        for (int i = packets - 1; i >= 0; i--)
            Settle(counters, window >> i);
    }

    private static void Settle(BurstGapCounters counters, UInt128 bits)
    {
        if ((bits & 1) != 0)
            counters.AddReceived();
        else
            counters.AddLost();
    }

    private void AddTiming(in RtpArrival arrival)
    {
        bool isComparable = hasLast && last.ClockRate == arrival.ClockRate;
        if (hasLast && !isComparable)
            delayed.Rebase();
        if (isComparable)
        {
            double passedMs = ((double)arrival.ArrivalNs - last.ArrivalNs) / NsPerMs;
            int sentUnits = unchecked((int)(arrival.Timestamp - last.Timestamp));
            double d = passedMs - (sentUnits * 1000.0 / arrival.ClockRate);
            transitMs += d;
            jitterMs += (Math.Abs(d) - jitterMs) / 16;
            hasJitter = true;
            jitterSumMs += jitterMs;
            jitterMaxMs = Math.Max(jitterMaxMs, jitterMs);
            jitterSamples++;
        }

        delayed.Add(transitMs);
        (last, hasLast) = (arrival, true);
    }
}
