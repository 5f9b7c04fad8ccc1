using System.Globalization;
using System.Net;
using System.Text;

namespace Earshot.Sources.Pcap;

/// <summary>One RTP source between two endpoints, and its present interval.</summary>
internal sealed class RtpStream
{
    // So many packets in sequence, before chance is ruled out and the clock can be told.
    private const int Probation = 10;

    // RFC 3550, A.1: a larger step is a restart of the sender.
    private const int DropoutMax = 3000;

    // Clocks that payloads have; of dynamic payload types it is measured.
    private static readonly int[] Clocks = [8000, 16000, 24000, 32000, 44100, 48000, 90000];

    private readonly string call;
    private readonly string id;
    private readonly IPEndPoint from;
    private readonly IPEndPoint to;
    private int inSequence;
    private long highest = -1;  // extended sequence number
    private long before;        // that of the interval before
    private long firstTimestamp;
    private double firstMs;
    private uint lastTimestamp;
    private double jitter;      // RFC 3550, clock ticks
    private double jitterSum;
    private double jitterMax;
    private int jitterCount;

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
        if (highest < 0)
        {
            highest = sequence;
            before = sequence - 1L;
            (firstTimestamp, firstMs) = (timestamp, timeMs);
        }
        else
        {
            Count(sequence);
            if (ClockHz == 0 && inSequence >= Probation)
                ClockHz = ClockOf(payloadType, timestamp, timeMs);
            else if (ClockHz > 0)
                AddJitter(timestamp, timeMs);
        }

        IsRtp |= inSequence >= Probation;
        (lastTimestamp, LastMs) = (timestamp, timeMs);
    }

    /// <summary>Begins an interval.</summary>
    public void BeginInterval(double timeMs)
    {
        IntervalMs = timeMs;
        before = highest;
        Received = jitterCount = 0;
        jitterSum = jitterMax = 0;
    }

    /// <summary>The interval as a StreamReport.</summary>
    public string ToJson(long timeMs)
    {
        StringBuilder json = Begin(timeMs, "");
        long lost = Math.Max(0, highest - before - Received);
        json.Append(
            CultureInfo.InvariantCulture,
            $",\"packets_received\":{Received},\"packets_lost\":{lost}");
        if (jitterCount > 0)
        {
            double perMs = ClockHz / 1000.0, mean = jitterSum / jitterCount / perMs;
            json.Append(
                CultureInfo.InvariantCulture,
                $",\"jitter\":{mean},\"max_jitter\":{jitterMax / perMs}");
        }

        return json.Append('}').ToString();
    }

    /// <summary>The beginning of a report.</summary>
    public StringBuilder Begin(long timeMs, string suffix) => new StringBuilder().Append(
        CultureInfo.InvariantCulture,
        $"{{\"event_time\":{timeMs},\"event_id\":\"{id}{suffix}-{timeMs}\",\"call_id\":\"{call}\""
        + $",\"stream_id\":\"{id}{suffix}\",\"dimensions\":{{\"source_ip\":\"{from.Address}\""
        + $",\"destination_ip\":\"{to.Address}\"}}");

    private void Count(ushort sequence)
    {
        // The nearest extended number: what came late or wrapped is counted where it belongs.
        int step = (short)(sequence - (ushort)highest);
        inSequence = step is > 0 and < 16 ? inSequence + 1 : inSequence;
        if (Math.Abs(step) > DropoutMax)
        {
            before = highest = sequence;
            before -= Received;
        }
        else if (step > 0)
        {
            highest += step;
        }
    }

    private void AddJitter(uint timestamp, double timeMs)
    {
        double arrival = (timeMs - LastMs) * ClockHz / 1000;
        double apart = Math.Abs(arrival - (int)(timestamp - lastTimestamp));
        jitter += (apart - jitter) / 16;
        jitterSum += jitter;
        jitterMax = Math.Max(jitterMax, jitter);
        jitterCount++;
    }

    // RFC 3551's table for the static types; else the nearest to what the packets show.
    private int ClockOf(int payloadType, uint timestamp, double timeMs)
    {
        if (payloadType is 10 or 11)
            return 44_100;
        if (payloadType is 6)
            return 16_000;
        if (payloadType is 14 or (>= 25 and <= 34))
            return 90_000;
        if (payloadType < 19 && payloadType is not (16 or 17))
            return 8000;
        double measured = (uint)(timestamp - firstTimestamp) / Math.Max(timeMs - firstMs, 1) * 1000;
        int nearest = Clocks.MinBy(clock => Math.Abs(clock - measured));
        return Math.Abs(nearest - measured) < nearest * 0.1 ? nearest : 0;
    }
}
