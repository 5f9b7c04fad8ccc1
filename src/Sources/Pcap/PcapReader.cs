using System.Buffers.Binary;
using Earshot.Sources.Rows;

namespace Earshot.Sources.Pcap;

/// <summary>
/// A capture file of the classic pcap format as rows: the reports of the RTP streams in it, as JSON
/// lines. The file may be cut off or damaged anywhere: it is read up to there, and a last row says
/// so (<see cref="PcapDamage"/>).
/// </summary>
internal sealed class PcapReader : RowReader
{
    private const int FileHeaderBytes = 24;
    private const int PacketHeaderBytes = 16;
    private const int PacketBytesMax = 1 << 20;
    private const uint MagicMicro = 0xA1B2C3D4;
    private const uint MagicNano = 0xA1B23C4D;
    private const uint MagicNext = 0x0A0D0D0A;

    private readonly RtpStreams streams = new();
    private bool opened;
    private bool ended;
    private bool told; // of the damage
    private bool bigEndian;
    private int ticksPerMs = 1000;
    private int link;
    private long packets;
    private long position; // where the next packet's header begins, bytes of the capture

    public PcapReader(Stream stream) : base(stream, skipMark: false)
    {
    }

    public override bool TryRead()
    {
        if (!opened)
            ReadFileHeader();
        while (streams.Rows.Count == 0)
        {
            if (ended)
                return TryTellDamage();
            if (ReadPacket())
                continue;
            ended = true;
            streams.End();
        }

        AddRow(streams.Rows.Dequeue());
        return true;
    }

    private void ReadFileHeader()
    {
        opened = true;
        if (!Has(FileHeaderBytes))
            throw new InvalidDataException("it is shorter than the header of a pcap file");
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(Buffer.AsSpan(Start));
        bigEndian = magic is not (MagicMicro or MagicNano);
        magic = bigEndian ? BinaryPrimitives.ReverseEndianness(magic) : magic;
        if (magic == MagicNext)
        {
            throw new InvalidDataException(
                "it is pcapng; only the classic format is read (editcap -F pcap makes it)");
        }

        if (magic is not (MagicMicro or MagicNano))
            throw new InvalidDataException("it is no pcap file: it does not begin like one");
        ticksPerMs = magic == MagicNano ? 1_000_000 : 1000;
        link = (int)(Number(20) & 0xFFFF);
        Start += FileHeaderBytes;
        position = FileHeaderBytes;
    }

    // Once, when all reports are handed out.
    private bool TryTellDamage()
    {
        if (told || Damage is null)
            return false;
        told = true;
        AddRow(PcapDamage.ToRow(Damage));
        return true;
    }

    // False at the end, and where the file is cut off or damaged.
    private bool ReadPacket()
    {
        if (!Has(PacketHeaderBytes))
        {
            if (End > Start)
                Damage = PcapDamage.Cut(position, packets, PacketHeaderBytes, End - Start);
            return false;
        }

        uint seconds = Number(0), fraction = Number(4), length = Number(8);
        if (length > PacketBytesMax)
        {
            Damage = PcapDamage.Impossible(position, packets, length, PacketBytesMax);
            return false;
        }

        int bytes = PacketHeaderBytes + (int)length;
        if (!Has(bytes))
        {
            Damage = PcapDamage.Cut(position, packets, bytes, End - Start);
            return false;
        }

        ReadOnlySpan<byte> packet = Buffer.AsSpan(Start + PacketHeaderBytes, (int)length);
        double timeMs = (seconds * 1000.0) + ((double)fraction / ticksPerMs);
        if (UdpPacket.TryRead(packet, link, out UdpPacket udp))
            streams.Add(udp, timeMs);
        Start += bytes;
        position += bytes;
        packets++;
        return true;
    }

    private bool Has(int bytes)
    {
        while (End - Start < bytes)
        {
            if (!Fill())
                return false;
        }

        return true;
    }

    private uint Number(int at)
    {
        ReadOnlySpan<byte> bytes = Buffer.AsSpan(Start + at, 4);
        return bigEndian
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }
}
