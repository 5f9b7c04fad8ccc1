using System.Buffers.Binary;
using System.Globalization;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources;
using static Earshot.Tests.Unit.Sources.SourcesTesting;

namespace Earshot.Tests.Unit.Sources.Pcap;

public sealed class PcapTests : IDisposable
{
    private const uint StartS = 1_671_638_000;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    // 25 s of G.711, a packet per 20 ms, its sequence numbers wrap; five packets are lost in the
    // second interval. One packet comes 16 ms (128 ticks) late: J becomes 128/16 = 8, and with the
    // next, which is as much too early, 8 + (128 - 8)/16 = 15.5 ticks, 1.9375 ms. The far end
    // reports 64/256 lost and 80 ticks of jitter.
    [Theory]
    [InlineData(false, false, 1, false)]
    [InlineData(true, false, 1, true)]
    [InlineData(false, true, 113, false)]
    [InlineData(true, true, 101, true)]
    [InlineData(false, false, 276, true)]
    public async Task A_call_is_reported_every_ten_seconds(bool big, bool nano, int link, bool v6)
    {
        Capture capture = new(big, nano, link, v6);
        for (int i = 0; i < 1250; i++)
        {
            if (i is >= 600 and < 605)
                continue;
            double ms = (i * 20) + (i == 700 ? 16 : 0);
            capture.Rtp(ms, (ushort)(65_500 + i), (uint)(i * 160), 0, 7);
            if (i == 800)
                capture.ReceiverReport(ms + 1, 7, 64, 80);
        }

        List<string> reports = await ReportsAsync(capture.Bytes);
        Assert.Equal(
            [
                "10000 received=500 lost=0 jitter=0 max_jitter=0 delayed_packets=0",
                "16001 remote_jitter=10 remote_packet_loss=25",
                "20000 received=495 lost=5 max_jitter=1.9375 delayed_packets=0 "
                + "burst_loss_density=100 burst_duration=100 gap_loss_density=0 "
                + "gap_duration=4950 burst_ratio=4.95",
                "24980 received=250 lost=0 max_jitter=0 delayed_packets=0",
            ],
            reports);
    }

    // Three of 100 packets take 201 ms longer than the others.
    [Fact]
    public async Task Packets_late_by_200_ms_are_a_share_and_the_codec_is_known()
    {
        Capture capture = new(false, false, 1, false);
        for (int i = 0; i < 100; i++)
            capture.Rtp((i * 20) + (i / 3 == 20 ? 201 : 0), (ushort)i, (uint)(i * 160), 8, 7);
        FileLog log = Open("pcap", 1, folder.Write("a.pcap", capture.Bytes));
        EventRecord record = NewRecord();
        ReadRow row = Assert.Single(await ReadAllAsync(log));
        log.Format.CreateDecoder(log.Schema).Decode(row.Text, record);
        Assert.Equal("PCMA", record.DimensionValues[record.Codec]);
        Assert.Equal(3, record.ValueOf(Metrics.DelayedPackets));
        Assert.Equal(0, record.PacketsLost);
    }

    [Fact]
    public async Task What_only_looks_like_a_packet_of_RTP_is_no_stream()
    {
        Capture capture = new(false, false, 1, false);
        Random random = new(2);
        for (int i = 0; i < 500; i++)
            capture.Rtp(i, (ushort)random.Next(65536), (uint)random.Next(), 0, 9);
        Assert.Empty(await ReportsAsync(capture.Bytes));
    }

    [Fact]
    public async Task The_clock_of_a_dynamic_payload_type_is_measured()
    {
        Capture capture = new(false, false, 1, false);
        for (int i = 0; i < 400; i++)
            capture.Rtp((i * 20) + (i == 300 ? 16 : 0), (ushort)i, (uint)(i * 960), 111, 3);
        Assert.Equal(
            "7980 received=400 lost=0 max_jitter=1.9375 delayed_packets=0",
            Assert.Single(await ReportsAsync(capture.Bytes)));
    }

    // 600 packets of 234 bytes with their header. What was readable counts, then a dead letter says
    // where the file is damaged; the file after it is read as ever.
    [Theory]
    [InlineData(9, null, "packet 551, at byte 128,724, is cut off: 9 of at least 16 bytes")]
    [InlineData(100, null, "packet 551, at byte 128,724, is cut off: 100 of at least 234 bytes")]
    [InlineData(16, 0x7FFFFFFFu, "packet 551, at byte 128,724, is damaged: it says it has 2,147,")]
    public async Task A_file_is_read_up_to_where_it_is_damaged(
        int kept, uint? length, string expected)
    {
        Capture capture = new(false, false, 1, false);
        for (int i = 0; i < 600; i++)
            capture.Rtp(i * 20, (ushort)i, (uint)(i * 160), 0, 7);
        byte[] whole = capture.Bytes;
        int at = 24 + ((whole.Length - 24) / 600 * 550);
        byte[] damaged = whole[..(at + kept)];
        if (length is { } bytes)
            BinaryPrimitives.WriteUInt32LittleEndian(damaged.AsSpan(at + 8), bytes);
        string[] read =
        [
            "10000 received=500 lost=0 jitter=0 max_jitter=0 delayed_packets=0",
            "10980 received=50 lost=0 jitter=0 max_jitter=0 delayed_packets=0",
        ];
        List<string> reports = await ReportsAsync(damaged, whole);
        Assert.Equal(read, reports[..2]);
        Assert.StartsWith("dead: " + expected, reports[2], StringComparison.Ordinal);
        Assert.Contains("the 550 packets before it are counted", reports[2]);
        Assert.Equal((5, read[0]), (reports.Count, reports[3]));
    }

    [Fact]
    public async Task Damage_is_told_with_the_file_and_a_whole_capture_has_none()
    {
        Capture capture = new(false, false, 1, false);
        for (int i = 0; i < 50; i++)
            capture.Rtp(i * 20, (ushort)i, (uint)(i * 160), 0, 7);
        string cut = folder.Write("cut.pcap", capture.Bytes[..^1]);
        string good = folder.Write("whole.pcap", capture.Bytes);
        foreach (int partitions in (int[])[1, 3])
        {
            FileLog log = Open("pcap", partitions, good, cut);
            int dead = 0;
            for (int partition = 0; partition < partitions; partition++)
            {
                List<ReadRow> rows = await ReadAllAsync(log, partition);
                dead += rows.Count(row => row.Text.Contains("cut off", StringComparison.Ordinal));
            }

            Assert.Equal(1, dead);
            string damage = Assert.Single(log.Damage);
            Assert.StartsWith($"{cut}: packet 50, at byte 11,490, is cut", damage);
            Assert.EndsWith("replay that into a new data folder.", damage);
        }

        Assert.Empty(await ReportsAsync(capture.Bytes[..24]));
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 }, "shorter than the header")]
    [InlineData(new byte[] { 10, 13, 13, 10 }, "it is pcapng")]
    [InlineData(new byte[] { 1, 2, 3, 4 }, "it is no pcap file")]
    public void Other_files_are_told_of_at_the_start(byte[] begin, string expected)
    {
        byte[] bytes = begin.Length == 3 ? begin : [.. begin, .. new byte[40]];
        LogException e = Assert.Throws<LogException>(
            () => Open("pcap", 1, folder.Write("a.pcap", bytes)));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damage_is_no_exception_and_reading_may_begin_anywhere()
    {
        Capture capture = new(false, false, 1, false);
        for (int i = 0; i < 3000; i++)
        {
            capture.Rtp(i * 20, (ushort)i, (uint)(i * 160), 0, (uint)(i % 2));
            if (i % 200 == 0)
                capture.ReceiverReport(i * 20, 1, 3, 4);
        }

        byte[] whole = capture.Bytes;
        string file = folder.Write("a.pcap", whole);
        List<ReadRow> rows = await ReadAllAsync(Open("pcap", 1, file));
        for (int from = 0; from < rows.Count; from += 3)
        {
            Assert.Equal(
                rows.Where(row => row.Offset >= from),
                await ReadAllAsync(Open("pcap", 1, file), 0, from));
        }

        Random random = new(4);
        for (int round = 0; round < 60; round++)
        {
            byte[] damaged = [.. whole];
            for (int i = random.Next(1, 200); i > 0; i--)
                damaged[random.Next(24, damaged.Length)] = (byte)random.Next(256);
            await ReportsAsync(damaged);
        }
    }

    private async Task<List<string>> ReportsAsync(params byte[][] files)
    {
        FileLog log = Open(
            "pcap", 1, [.. files.Select((bytes, i) => folder.Write($"capture{i}.pcap", bytes))]);
        IRecordDecoder decoder = log.Format.CreateDecoder(log.Schema);
        List<string> reports = [];
        foreach (ReadRow row in await ReadAllAsync(log))
        {
            EventRecord record = NewRecord();
            if (decoder.Decode(row.Text, record) != DecodeResult.Event)
            {
                Assert.Contains(" packets before it are counted", record.DeadDetail);
                reports.Add("dead: " + record.DeadDetail);
                continue;
            }

            List<string> parts = [$"{record.EventTimeMs - (StartS * 1000L)}"];
            if (record.PacketsReceived >= 0)
                parts.Add($"received={record.PacketsReceived} lost={record.PacketsLost}");
            foreach (MetricValue value in record.Values)
            {
                string name = record.Metrics[value.Metric];
                bool known = name != "jitter" || value.Value == 0;
                if (known)
                    parts.Add(string.Create(
                        CultureInfo.InvariantCulture, $"{name}={Math.Round(value.Value, 6)}"));
            }

            reports.Add(string.Join(' ', parts));
        }

        return reports;
    }

    /// <summary>Writes a capture of one call.</summary>
    private sealed class Capture
    {
        private readonly List<byte> file = [];
        private readonly bool big, nano, v6;
        private readonly int link;

        public Capture(bool big, bool nano, int link, bool v6)
        {
            (this.big, this.nano, this.link, this.v6) = (big, nano, link, v6);
            Number(nano ? 0xA1B23C4D : 0xA1B2C3D4);
            Number(big ? 0x0002_0004u : 0x0004_0002u);
            foreach (uint value in new uint[] { 0, 0, 65_535, (uint)link })
                Number(value);
        }

        public byte[] Bytes => [.. file];

        public void Rtp(double ms, ushort sequence, uint timestamp, byte type, uint ssrc)
        {
            byte[] packet = new byte[172];
            packet[0] = 0x80;
            packet[1] = type;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), sequence);
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), timestamp);
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), ssrc);
            Udp(ms, packet, 4000);
        }

        public void ReceiverReport(double ms, uint ssrc, byte lost, uint jitter)
        {
            byte[] packet = new byte[32];
            packet[0] = 0x81;
            packet[1] = 201;
            packet[3] = 7;
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), ssrc);
            packet[12] = lost;
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(20), jitter);
            Udp(ms, packet, 4001);
        }

        private void Udp(double ms, byte[] payload, ushort port)
        {
            int length = payload.Length + 8;
            byte[] udp =
            [
                (byte)(port >> 8), (byte)port, 0x13, 0x88, (byte)(length >> 8), (byte)length, 0, 0,
            ];
            byte[] ip = v6
                ? [0x60, 0, 0, 0, (byte)(length >> 8), (byte)length, 17, 64, .. new byte[32]]
                : [0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
            byte[] type = v6 ? [0x86, 0xDD] : [8, 0];
            byte[] head = link switch
            {
                1 => [.. new byte[12], 0x81, 0, 0, 5, .. type],
                113 => [.. new byte[14], .. type],
                276 => [.. type, .. new byte[18]],
                _ => [],
            };
            byte[] frame = [.. head, .. ip, .. udp, .. payload];
            Number(StartS + (uint)(ms / 1000));
            Number((uint)(ms % 1000 * (nano ? 1_000_000 : 1000)));
            Number((uint)frame.Length);
            Number((uint)frame.Length);
            file.AddRange(frame);
        }

        private void Number(uint value)
        {
            byte[] bytes = new byte[4];
            if (big)
                BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
            else
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
            file.AddRange(bytes);
        }
    }
}
