using System.Globalization;
using System.Net;
using System.Text;
using Earshot.Analytics.Quality;

namespace Earshot.Sources.Pcap;

/// <summary>One RTP source between two endpoints, and its present interval.</summary>
internal sealed class RtpStream
{
    // So many packets in sequence, before chance is ruled out and the clock can be told.
    private const int Probation = 10;

    // Packets that wait for the clock; if it is not known then, it never will be.
    private const int HeldMax = 500;

    private const double NsPerMs = 1e6;

    // Clocks that payloads have; of dynamic payload types it is measured.
    private static readonly int[] Clocks = [8000, 16000, 24000, 32000, 44100, 48000, 90000];

    private readonly string call;
    private readonly string id;
    private readonly IPEndPoint from;
    private readonly IPEndPoint to;

    // One packet in sequence is enough for it: here ten are asked for before.
    private readonly RtpStatistics statistics = new(new RtpRules { MinSequential = 1 });
    private List<RtpArrival>? held = [];
    private int inSequence;
    private bool hasLast;
    private ushort lastSequence;
    private uint lastTimestamp;
    private uint ticksOfPacket;  // least step of the timestamp in this interval; 0: not known
    private int payload;

    public RtpStream(IPEndPoint from, IPEndPoint to, uint ssrc, double timeMs)
    {
        this.from = from;
        this.to = to;
        string a = from.ToString(), b = to.ToString();
        // Both directions are one call.
        call = string.CompareOrdinal(a, b) < 0 ? $"{a}-{b}" : $"{b}-{a}";
        id = string.Create(CultureInfo.InvariantCulture, $"{a}-{b}-{ssrc:x8}");
        IntervalMs = LastMs = timeMs;
    }

    /// <summary>When its present interval began, ms since the epoch.</summary>
    public double IntervalMs { get; private set; }

    /// <summary>When its last packet came.</summary>
    public double LastMs { get; private set; }

    /// <summary>Packets of this interval.</summary>
    public int Received { get; private set; }

    /// <summary>Whether enough packets came in sequence.</summary>
    public bool IsRtp { get; private set; }

    /// <summary>Ticks of its timestamps per second; 0 when not known.</summary>
    public int ClockHz { get; private set; }

    /// <summary>Takes a packet in.</summary>
    public void Add(int payloadType, ushort sequence, uint timestamp, double timeMs)
    {
        Received++;
        payload = payloadType;
        int step = hasLast ? (short)(sequence - lastSequence) : 0;
        if (step is > 0 and < 16)
            inSequence++;
        uint ticks = timestamp - lastTimestamp;
        if (step == 1 && ticks is > 0 and < int.MaxValue)
            ticksOfPacket = ticksOfPacket == 0 ? ticks : Math.Min(ticksOfPacket, ticks);
        if (!hasLast || step > 0 || step < -3000)
            (lastSequence, lastTimestamp) = (sequence, timestamp);
        (hasLast, LastMs) = (true, timeMs);
        IsRtp |= inSequence >= Probation;
        RtpArrival arrival = new(sequence, timestamp, (long)(timeMs * NsPerMs), ClockHz);
        if (held is null)
            Count(arrival);
        else
            Hold(arrival);
    }

    /// <summary>Begins an interval.</summary>
    public void BeginInterval(double timeMs)
    {
        IntervalMs = timeMs;
        Received = 0;
        ticksOfPacket = 0;
    }

    /// <summary>The interval as a StreamReport. To be asked for once.</summary>
    public string ToJson(long timeMs)
    {
        Release();
        RtpInterval interval = statistics.TakeInterval();
        StringBuilder json = Begin(timeMs, "");
        Say(json, "packets_received", interval.Loss.Received);
        Say(json, "packets_lost", Math.Max(0, interval.Loss.Lost));
        if (PayloadType.NameOf(payload) is { } codec)
            json.Append($",\"codec\":\"{codec}\"");
        BurstGapMetrics bursts = interval.BurstGap;
        Say(json, "burst_loss_density", bursts.BurstDensityPercent);
        Say(json, "burst_ratio", bursts.BurstRatio);
        if (bursts.Lost > 0)
            Say(json, "gap_loss_density", bursts.GapDensityPercent);
        if (ClockHz == 0)
            return json.Append('}').ToString();
        Say(json, "jitter", interval.JitterMeanMs);
        Say(json, "max_jitter", interval.JitterMaxMs);
        Say(json, "delayed_packets_percentage", interval.DelayedPercent);
        double packetMs = ticksOfPacket * 1000.0 / ClockHz;
        if (packetMs > 0 && bursts.Lost > 0)
        {
            Say(json, "burst_duration", bursts.BurstMs(packetMs));
            Say(json, "gap_duration", bursts.GapMs(packetMs));
        }

        return json.Append('}').ToString();
    }

    /// <summary>The beginning of a report.</summary>
    public StringBuilder Begin(long timeMs, string suffix) => new StringBuilder().Append(
        CultureInfo.InvariantCulture,
        $"{{\"event_time\":{timeMs},\"event_id\":\"{id}{suffix}-{timeMs}\",\"call_id\":\"{call}\""
        + $",\"stream_id\":\"{id}{suffix}\",\"dimensions\":{{\"source_ip\":\"{from.Address}\""
        + $",\"destination_ip\":\"{to.Address}\"}}");

    private static void Say(StringBuilder json, string name, double? value)
    {
        if (value is { } number)
            json.Append(CultureInfo.InvariantCulture, $",\"{name}\":{number}");
    }

    private void Hold(RtpArrival arrival)
    {
        held!.Add(arrival);
        if (!IsRtp)
        {
            if (held.Count > HeldMax)
                held.RemoveAt(0);
            return;
        }

        ClockHz = ClockOf(held[0], arrival);
        if (ClockHz > 0 || held.Count > HeldMax)
            Release();
    }

    private void Release()
    {
        if (held is null)
            return;
        List<RtpArrival> packets = held;
        held = null;
        foreach (RtpArrival packet in packets)
            Count(packet);
    }

    // Without a clock timestamps are not looked at; the statistics want one all the same.
    private void Count(in RtpArrival arrival) =>
        statistics.Add(arrival with { ClockRate = ClockHz > 0 ? ClockHz : 8000 });

    // That of the static type; else the nearest to what the packets show.
    private int ClockOf(in RtpArrival first, in RtpArrival last)
    {
        int clock = PayloadType.ClockOf(payload);
        if (clock > 0)
            return clock;
        double passedMs = Math.Max((last.ArrivalNs - first.ArrivalNs) / NsPerMs, 1);
        double measured = (uint)(last.Timestamp - first.Timestamp) / passedMs * 1000;
        int nearest = Clocks.MinBy(known => Math.Abs(known - measured));
        return Math.Abs(nearest - measured) < nearest * 0.1 ? nearest : 0;
    }
}
