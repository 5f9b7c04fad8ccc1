using System.Runtime.InteropServices;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Calls;

/// <summary>
/// What the stream reports of a call say together: sums, counts and greatest values, some 200
/// bytes whatever their number. It decides nothing but the call's tags, where the call itself does
/// not say; the reports count on their own.
/// </summary>
internal sealed class CallMedia
{
    private const long Unknown = -1;

    private long packetsIn;
    private long packetsOut;
    private long lost;
    private long expected;
    private double jitterMsMax;
    private double levelIn;
    private double levelOut;
    private bool? iceFailed;
    private Edge edge;
    private RunningMean lossPercent; // of reports without counts
    private RunningMean jitterMs;
    private RunningMean delayedPercent;
    private RunningMean latencyMs;
    private RunningMean rttMs;
    private RunningMean mos;

    /// <summary>Of no reports.</summary>
    public CallMedia() => Begin();

    /// <summary>Reports joined.</summary>
    public int Reports { get; private set; }

    /// <summary>When the newest of them was made, ms since the epoch.</summary>
    public long LastMs { get; private set; }

    /// <summary>Says that it is used soon.</summary>
    public void WillUse()
    {
        CacheLine.FetchObject(this);
        CacheLine.Fetch(ref mos);
    }

    /// <summary>Forgets everything: its memory is used again.</summary>
    public void Begin()
    {
        Reports = 0;
        LastMs = long.MinValue;
        packetsIn = packetsOut = Unknown;
        lost = expected = 0;
        jitterMsMax = levelIn = levelOut = double.NaN;
        iceFailed = null;
        edge = Edge.Unknown;
        lossPercent = jitterMs = delayedPercent = latencyMs = rttMs = mos = default;
    }

    /// <summary>Takes in a report.</summary>
    /// <param name="report">The packets of its interval are known where its counters tell.</param>
    /// <param name="values">Its values, the absurd ones left out.</param>
    /// <param name="reportEdge">Where it was made.</param>
    public void Add(EventRecord report, ReadOnlySpan<MetricValue> values, Edge reportEdge)
    {
        Reports++;
        LastMs = Math.Max(LastMs, report.EventTimeMs);
        if (edge == Edge.Unknown)
            edge = reportEdge;
        AddPackets(ref packetsIn, report.PacketsReceived);
        AddPackets(ref packetsOut, report.PacketsSent);
        bool hasCounts = report.PacketsReceived >= 0 && report.PacketsLost != long.MinValue;
        if (hasCounts)
        {
            long lostNow = Math.Max(0, report.PacketsLost);
            lost = Sum(lost, lostNow);
            expected = Sum(expected, Sum(report.PacketsReceived, lostNow));
        }

        foreach (MetricValue value in values)
            Add(value.Metric, value.Value, hasCounts);
        levelIn = Greater(levelIn, report.AudioLevelIn);
        levelOut = Greater(levelOut, report.AudioLevelOut);
        if (report.IceFailed is { } failed)
            iceFailed = failed || iceFailed == true;
    }

    /// <summary>What is known of a call, completed by what its reports say.</summary>
    public CallFacts Complete(in CallFacts said) => said with
    {
        Edge = said.Edge == Edge.Unknown ? edge : said.Edge,
        PacketLossPercent = said.PacketLossPercent
            ?? (expected > 0 ? 100.0 * lost / expected : lossPercent.Value),
        AvgJitterMs = said.AvgJitterMs ?? jitterMs.Value,
        MaxJitterMs = said.MaxJitterMs ?? NullIfNaN(jitterMsMax),
        DelayedPercent = said.DelayedPercent ?? delayedPercent.Value,
        AvgLatencyMs = said.AvgLatencyMs ?? latencyMs.Value,
        RttMs = said.RttMs ?? rttMs.Value,
        Mos = said.Mos ?? mos.Value,
        In = new MediaDirection(NullIfUnknown(packetsIn), NullIfNaN(levelIn)),
        Out = new MediaDirection(NullIfUnknown(packetsOut), NullIfNaN(levelOut)),
        IceFailed = iceFailed,
    };

    /// <summary>Writes it for a snapshot.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write7BitEncodedInt(Reports);
        foreach (long number in (ReadOnlySpan<long>)[LastMs, packetsIn, packetsOut, lost, expected])
            writer.Write(number);
        lossPercent.Write(writer);
        jitterMs.Write(writer);
        delayedPercent.Write(writer);
        latencyMs.Write(writer);
        rttMs.Write(writer);
        mos.Write(writer);
        writer.Write(jitterMsMax);
        writer.Write(levelIn);
        writer.Write(levelOut);
        writer.Write((sbyte)(iceFailed is { } failed ? failed ? 1 : 0 : -1));
        writer.Write((byte)edge);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static CallMedia Read(BinaryReader reader)
    {
        CallMedia media = new()
        {
            Reports = reader.Read7BitEncodedInt(),
            LastMs = reader.ReadInt64(),
            packetsIn = reader.ReadInt64(),
            packetsOut = reader.ReadInt64(),
            lost = reader.ReadInt64(),
            expected = reader.ReadInt64(),
            lossPercent = RunningMean.Read(reader),
            jitterMs = RunningMean.Read(reader),
            delayedPercent = RunningMean.Read(reader),
            latencyMs = RunningMean.Read(reader),
            rttMs = RunningMean.Read(reader),
            mos = RunningMean.Read(reader),
            jitterMsMax = reader.ReadDouble(),
            levelIn = reader.ReadDouble(),
            levelOut = reader.ReadDouble(),
        };
        sbyte ice = reader.ReadSByte();
        media.iceFailed = ice < 0 ? null : ice == 1;
        media.edge = (Edge)reader.ReadByte();
        return media;
    }

    private void Add(int metric, double value, bool hasCounts)
    {
        switch (metric)
        {
            case Metrics.PacketLoss when !hasCounts:
                lossPercent.Add(value);
                break;
            case Metrics.Jitter:
                jitterMs.Add(value);
                jitterMsMax = Greater(jitterMsMax, value);
                break;
            case Metrics.MaxJitter:
                jitterMsMax = Greater(jitterMsMax, value);
                break;
            case Metrics.DelayedPackets:
                delayedPercent.Add(value);
                break;
            case Metrics.Latency:
                latencyMs.Add(value);
                break;
            case Metrics.Rtt:
                rttMs.Add(value);
                break;
            case Metrics.Mos:
                mos.Add(value);
                break;
        }
    }

    private static void AddPackets(ref long sum, long packets)
    {
        if (packets >= 0)
            sum = Sum(Math.Max(0, sum), packets);
    }

    // Two numbers that are not negative: whatever a source reports, the sum stays so.
    private static long Sum(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;

    private static double Greater(double known, double value) =>
        value > known || double.IsNaN(known) ? value : known;

    private static double? NullIfNaN(double value) => double.IsNaN(value) ? null : value;

    private static long? NullIfUnknown(long packets) => packets == Unknown ? null : packets;

    /// <summary>A mean of what comes one after the other, without a gap behind it.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = sizeof(int))]
    private struct RunningMean
    {
        private double sum;
        private int count;

        /// <summary>Null while nothing came.</summary>
        public readonly double? Value => count == 0 ? null : sum / count;

        public void Add(double value)
        {
            sum += value;
            count++;
        }

        public readonly void Write(BinaryWriter writer)
        {
            writer.Write7BitEncodedInt(count);
            if (count > 0)
                writer.Write(sum);
        }

        public static RunningMean Read(BinaryReader reader)
        {
            int count = reader.Read7BitEncodedInt();
            return new RunningMean { count = count, sum = count > 0 ? reader.ReadDouble() : 0 };
        }
    }
}
