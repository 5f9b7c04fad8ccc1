using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace Earshot.Sources.Pcap;

/// <summary>
/// The RTP streams of a capture: a report per stream and 10 s, and one per RTCP report block.
/// What looks like RTP is taken for it once enough packets of one source have come.
/// </summary>
internal sealed class RtpStreams
{
    /// <summary>Most streams kept; what is beyond is passed over.</summary>
    private const int StreamsMax = 100_000;

    private const double IntervalMs = 10_000;

    private readonly OrderedDictionary<(IPEndPoint From, IPEndPoint To, uint Ssrc), RtpStream> all =
        [];

    private readonly Dictionary<uint, RtpStream> bySsrc = [];

    /// <summary>Reports not yet handed out, JSON.</summary>
    public Queue<byte[]> Rows { get; } = [];

    /// <summary>Takes a datagram in.</summary>
    public void Add(UdpPacket udp, double timeMs)
    {
        ReadOnlySpan<byte> payload = udp.Payload;
        if (payload.Length < 8 || payload[0] >> 6 != 2)
            return;
        // RFC 5761, 4: what has an RTCP packet type where RTP has marker and payload type is RTCP.
        if (payload[1] is >= 192 and <= 223)
            AddRtcp(payload, timeMs);
        else if (payload.Length >= 12 && (payload[1] & 0x7F) is <= 34 or >= 96)
            AddRtp(udp, timeMs);
    }

    /// <summary>Reports what the last intervals have.</summary>
    public void End()
    {
        foreach (RtpStream stream in all.Values)
            Report(stream, stream.LastMs);
    }

    private void AddRtp(UdpPacket udp, double timeMs)
    {
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(udp.Payload[8..]);
        if (!all.TryGetValue((udp.From, udp.To, ssrc), out RtpStream? stream))
        {
            if (all.Count == StreamsMax)
                return;
            stream = new RtpStream(udp.From, udp.To, ssrc, timeMs);
            all.Add((udp.From, udp.To, ssrc), stream);
            bySsrc[ssrc] = stream;
        }

        if (timeMs >= stream.IntervalMs + IntervalMs)
        {
            double passed = Math.Floor((timeMs - stream.IntervalMs) / IntervalMs) * IntervalMs;
            Report(stream, stream.IntervalMs + IntervalMs);
            stream.BeginInterval(stream.IntervalMs + passed);
        }

        stream.Add(
            udp.Payload[1] & 0x7F, BinaryPrimitives.ReadUInt16BigEndian(udp.Payload[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(udp.Payload[4..]), timeMs);
    }

    private void Report(RtpStream stream, double timeMs)
    {
        if (stream.IsRtp && stream.Received > 0)
            Rows.Enqueue(Encoding.UTF8.GetBytes(stream.ToJson((long)timeMs)));
    }

    // RFC 3550, 6.4: sender and receiver reports, one after the other in a datagram.
    private void AddRtcp(ReadOnlySpan<byte> payload, double timeMs)
    {
        while (payload.Length >= 8 && payload[0] >> 6 == 2)
        {
            int length = (BinaryPrimitives.ReadUInt16BigEndian(payload[2..]) + 1) * 4;
            ReadOnlySpan<byte> packet = payload[..Math.Min(length, payload.Length)];
            payload = payload[packet.Length..];
            if (packet[1] is not (200 or 201))
                continue;
            int start = packet[1] == 200 ? 28 : 8;
            for (int i = 0; i < (packet[0] & 0x1F) && packet.Length >= start + 24; i++)
            {
                AddBlock(packet.Slice(start, 24), timeMs);
                start += 24;
            }
        }
    }

    private void AddBlock(ReadOnlySpan<byte> block, double timeMs)
    {
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(block);
        if (!bySsrc.TryGetValue(ssrc, out RtpStream? stream) || !stream.IsRtp)
            return;
        StringBuilder json = stream.Begin((long)timeMs, "remote");
        double loss = block[4] * 100.0 / 256;
        json.Append(
            CultureInfo.InvariantCulture, $",\"remote_packet_loss_percentage\":{loss}");
        if (stream.ClockHz > 0)
        {
            double jitter = BinaryPrimitives.ReadUInt32BigEndian(block[12..]) * 1000.0;
            json.Append(
                CultureInfo.InvariantCulture, $",\"remote_jitter\":{jitter / stream.ClockHz}");
        }

        Rows.Enqueue(Encoding.UTF8.GetBytes(json.Append('}').ToString()));
    }
}
