using System.Buffers.Binary;
using System.Net;

namespace Earshot.Sources.Pcap;

/// <summary>The UDP datagram in a captured frame.</summary>
internal readonly ref struct UdpPacket
{
    private const int Ipv4 = 0x0800, Ipv6 = 0x86DD, Udp = 17;

    /// <summary>Sender, as address:port.</summary>
    public IPEndPoint From { get; private init; }

    /// <summary>Receiver.</summary>
    public IPEndPoint To { get; private init; }

    /// <summary>What it carries; cut off where the capture cut it.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>Reads a frame; false for anything but whole UDP over IP.</summary>
    /// <param name="frame">The captured bytes.</param>
    /// <param name="link">The file's link type (https://www.tcpdump.org/linktypes.html).</param>
    /// <param name="udp">Receives the datagram.</param>
    public static bool TryRead(ReadOnlySpan<byte> frame, int link, out UdpPacket udp)
    {
        udp = default;
        int protocol, start;
        switch (link)
        {
            case 1: // Ethernet
                start = 14;
                if (frame.Length < start)
                    return false;
                protocol = Word(frame, 12);
                while (protocol is 0x8100 or 0x88A8 && frame.Length >= start + 4)
                {
                    protocol = Word(frame, start + 2);
                    start += 4;
                }

                break;
            case 113: // Linux cooked capture
                start = 16;
                protocol = frame.Length < start ? 0 : Word(frame, 14);
                break;
            case 276: // its second version
                start = 20;
                protocol = frame.Length < start ? 0 : Word(frame, 0);
                break;
            case 12 or 14 or 101 or 228 or 229: // IP alone
                start = 0;
                protocol = frame.IsEmpty ? 0 : frame[0] >> 4 == 6 ? Ipv6 : Ipv4;
                break;
            default:
                return false;
        }

        return protocol switch
        {
            Ipv4 => TryReadIpv4(frame[start..], out udp),
            Ipv6 => TryReadIpv6(frame[start..], out udp),
            _ => false,
        };
    }

    private static bool TryReadIpv4(ReadOnlySpan<byte> packet, out UdpPacket udp)
    {
        udp = default;
        if (packet.Length < 20 || packet[0] >> 4 != 4 || packet[9] != Udp)
            return false;
        int header = (packet[0] & 0xF) * 4;
        // Further fragments have no UDP header.
        if (header < 20 || packet.Length < header || (Word(packet, 6) & 0x1FFF) != 0)
            return false;
        return TryReadUdp(packet[header..], packet.Slice(12, 4), packet.Slice(16, 4), out udp);
    }

    private static bool TryReadIpv6(ReadOnlySpan<byte> packet, out UdpPacket udp)
    {
        udp = default;
        if (packet.Length < 40 || packet[0] >> 4 != 6 || packet[6] != Udp)
            return false;
        return TryReadUdp(packet[40..], packet.Slice(8, 16), packet.Slice(24, 16), out udp);
    }

    private static bool TryReadUdp(
        ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to,
        out UdpPacket udp)
    {
        udp = default;
        if (datagram.Length < 8)
            return false;
        int length = Word(datagram, 4);
        if (length < 8)
            return false;
        udp = new UdpPacket
        {
            From = new IPEndPoint(new IPAddress(from), Word(datagram, 0)),
            To = new IPEndPoint(new IPAddress(to), Word(datagram, 2)),
            Payload = datagram[8..Math.Min(length, datagram.Length)],
        };
        return true;
    }

    private static int Word(ReadOnlySpan<byte> bytes, int at) =>
        BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
}
