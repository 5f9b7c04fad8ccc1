using System.Globalization;
using System.Text;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources;
using static Earshot.Tests.Unit.Sources.SourcesTesting;

namespace Earshot.Tests.Unit.Sources.VqReports;

public sealed class VqReportTests : IDisposable
{
    // 2010-11-05T18:26:02Z is 1288981562 s after the epoch.
    private const string Session = """
        VQSessionReport: CallTerm
        CallID: 6dg37f1890463
        LocalID: Alice <sip:alice@example.org>
        RemoteID: Bill <sip:bill@example.net>
        OrigID: Alice <sip:alice@example.org>
        LocalGroup: example-phone-55671
        RemoteGroup: example-gateway-09871
        LocalAddr: IP=192.0.2.1 PORT=5000 SSRC=2468abcd
        RemoteAddr: IP=2001:db8::2 PORT=5002 SSRC=357bd
        LocalMetrics:
        Timestamps:START=2010-11-05T18:23:43Z STOP=2010-11-05T18:26:02Z
        SessionDesc:PT=18 PD="G729" SR=8000 FD=20 FPP=2 PPS=50
          FMTP="annexb=no; x=1" PLC=3 SSUP=on
        JitterBuffer:JBA=3 JBR=2 JBN=40 JBM=80 JBX=120
        PacketLoss:NLR=5.0 JDR=2.5
        BurstGapLoss:BLD=0 BD=0 GLD=2.0 GD=500 GMIN=16
        Delay:RTD=200 ESD=140 SOWD=100 IAJ=2 MAJ=10
        Signal:SL=-18 NL=-50 RERL=14
        QualityEst:RLQ=90 RCQ=85 EXTRI=90 MOSLQ=4.2 MOSCQ=4.1 QoEEstAlg=P.564

        RemoteMetrics:
        Timestamps:START=2010-11-05T18:23:43Z STOP=2010-11-05T18:26:01Z
        PacketLoss:NLR=1.5 JDR=0
        Delay:RTD=210 IAJ=7
        QualityEst:MOSLQ=3.9
        DialogID:38419823470834;to-tag=8472761;from-tag=9123dh311
        """;

    private const string Interval = """
        vqintervalreport
        CallID:c2
        LocalID: b
        RemoteID: a
        OrigID: a
        LocalMetrics:
        Timestamps:START=2010-11-05T18:00:00Z STOP=2010-11-05T18:00:10.5Z
        Delay:RTD=0 OWD=30 SOWD=45 MAJ=4
        QualityEst:RLQ=127 MOSLQ=127 MOSCQ=0
        """;

    private const string Alert = """
        VQAlertReport: Type=RLQ Severity=Warning Dir=local
        CallID: c3
        Metrics:
        Timestamps: START=2010-11-05T18:00:00Z
        PacketLoss: NLR=12
        """;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_session_report_is_a_stream_report()
    {
        EventRecord record = new(
            new DimensionSet(
            [
                "direction", "local_id", "remote_id", "local_group", "remote_group", "local_ip",
                "remote_ip", "codec", "report",
            ]),
            new SymbolTable(), Metrics.CreateTable());
        Assert.Equal(DecodeResult.Event, Decoder().Decode(Session, record));
        Assert.Equal(
            "1288981562000 packet_loss=5 jitter=2 rtt=200 latency=100 mos=4.2 " +
            "gap_loss_density=2 gap_duration=500 remote_packet_loss=1.5 remote_jitter=7 " +
            "discard_rate=2.5 mos_cq=4.1 r_lq=90 r_cq=85 remote_mos=3.9",
            Describe(record));
        Assert.Equal(Hash("6dg37f1890463"), record.CallId);
        Assert.Equal(
            [
                "outbound", "Alice <sip:alice@example.org>", "Bill <sip:bill@example.net>",
                "example-phone-55671", "example-gateway-09871", "192.0.2.1", "2001:db8::2", "G729",
                "session",
            ],
            record.DimensionSet.Names.Select(record.Dimension));
    }

    [Theory]
    [InlineData("BLD=25 BD=120 GLD=0 GD=900", "burst_loss_density=25 burst_duration=120 "
        + "gap_loss_density=0 gap_duration=900")]
    [InlineData("BLD=0 BD=0 GLD=0 GD=0", "")]
    [InlineData("BLD=25 GLD=3", "burst_loss_density=25 gap_loss_density=3")]
    [InlineData("BD=120", "burst_duration=120")]
    public void Of_bursts_that_did_not_happen_nothing_is_known(string burstGap, string expected)
    {
        EventRecord record = NewRecord();
        string text = $"{Alert.Replace("PacketLoss: NLR=12", "BurstGapLoss:" + burstGap)}";
        Assert.Equal(DecodeResult.Event, Decoder().Decode(text, record));
        Assert.Equal($"1288980000000 {expected}".Trim(), Describe(record));
    }

    [Fact]
    public void The_codec_is_known_by_its_name()
    {
        EventRecord record = NewRecord();
        Assert.Equal(DecodeResult.Event, Decoder().Decode(Session, record));
        Assert.Equal("G729", record.DimensionValues[record.Codec]);
    }

    [Fact]
    public void What_was_not_measured_is_missing()
    {
        EventRecord record = NewRecord();
        Assert.Equal(DecodeResult.Event, Decoder().Decode(Interval, record));
        Assert.Equal("1288980010500 jitter=4 latency=30", Describe(record));
        Assert.Equal("inbound", record.Dimension("direction"));
        Assert.Equal(DecodeResult.Event, Decoder().Decode(Alert, record));
        Assert.Equal("1288980000000 packet_loss=12", Describe(record));
        Assert.Null(record.Dimension("direction"));
    }

    [Theory]
    [InlineData("CallID: c3", "CallID:", "it has no CallID")]
    [InlineData("CallID: c3", "CallID: c3\nCallID: c4", "CallId comes twice")]
    [InlineData("NLR=12", "NLR=high", "PacketLoss NLR: \"high\" is not a number")]
    [InlineData("START=2010-11-05T18:00:00Z", "START=18:00", "\"18:00\" is not a time")]
    [InlineData("START=2010-11-05T18:00:00Z", "START=0 STOP=0", "neither STOP nor START")]
    [InlineData("VQAlertReport", "VQReport", "it does not begin with VQSessionReport")]
    [InlineData("Metrics:\n", "", "Event")]
    [InlineData("NLR=12", "NLR=", "Event")]
    public void Malformed_reports_are_dead_and_say_why(string part, string other, string expected)
    {
        string text = Alert.Replace("\r", "", StringComparison.Ordinal);
        string changed = text.Replace(part, other, StringComparison.Ordinal);
        Assert.NotEqual(text, changed);
        EventRecord record = NewRecord();
        DecodeResult result = Decoder().Decode(changed, record);
        Assert.Contains(
            expected, result == DecodeResult.Dead ? record.DeadDetail : result.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_without_metrics_is_dead()
    {
        EventRecord record = NewRecord();
        Assert.Equal(DecodeResult.Dead, Decoder().Decode("VQSessionReport\nCallID:x", record));
        Assert.Equal("it has neither LocalMetrics nor RemoteMetrics", record.DeadDetail);
    }

    [Fact]
    public async Task Reports_are_cut_apart_and_known_by_their_first_line()
    {
        // A blank line before, none between the first two, and text that is no report.
        string text = $"\n{Session}\n{Interval}\n\n\nnot a report\nat all\n\n{Alert}\n\n";
        string file = folder.Write(
            "calls.rtcpxr", text.Replace("\n", "\r\n", StringComparison.Ordinal));
        FileLog log = Open("vq-rtcpxr", 1, file);
        OffsetRange range = await log.ReadRangeAsync(new(Topic, 0), CancellationToken.None);
        Assert.Equal(text.Count(c => c == '\n'), range.End);
        List<ReadRow> rows = await ReadAllAsync(Open("vq-rtcpxr", 1, file));
        Assert.Equal([1, 27, 38, 41], rows.Select(row => row.Offset));
        Assert.Equal(
            [
                Session.Replace("\n\n", "\n", StringComparison.Ordinal), Interval,
                "not a report\nat all", Alert,
            ],
            rows.Select(row => row.Text));
        Assert.Equal([2, 28, 39, 42], rows.Select(row => row.Line));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Reading_may_begin_at_any_offset_of_any_partition(int partitions)
    {
        string file = folder.Write("a.rtcpxr", string.Join("\n\n", Enumerable.Range(0, 30)
            .Select(i => Alert.Replace("c3", $"c{i}", StringComparison.Ordinal))));
        List<ReadRow> whole = await ReadAllAsync(Open("vq-rtcpxr", 1, file));
        Assert.Equal(30, whole.Count);
        List<ReadRow> together = [];
        for (int p = 0; p < partitions; p++)
        {
            FileLog log = Open("vq-rtcpxr", partitions, file);
            List<ReadRow> all = await ReadAllAsync(log, p);
            together.AddRange(all);
            for (long from = 0; from < 200; from += 13)
            {
                FileLog fresh = from % 2 == 0 ? log : Open("vq-rtcpxr", partitions, file);
                Assert.Equal(
                    all.Where(row => row.Offset >= from),
                    await ReadAllAsync(fresh, p, from, maxRecords: 1 + (int)(from % 4)));
            }
        }

        Assert.Equal(whole, together.OrderBy(row => row.Offset));
    }

    [Fact]
    public async Task Text_without_end_is_cut_into_rows()
    {
        string line = new string('x', 99_999) + "\n";
        string file = folder.Write(
            "a.rtcpxr", string.Concat(Enumerable.Repeat(line, 25)) + "\n" + Alert);
        List<ReadRow> rows = await ReadAllAsync(Open("vq-rtcpxr", 1, file));
        Assert.Equal([0, 11, 22, 26], rows.Select(row => row.Offset));
        Assert.Equal(Alert, rows[^1].Text);
    }

    [Fact]
    public async Task Cut_flipped_and_repeated_reports_are_no_exceptions()
    {
        Random random = new(5);
        string whole = string.Join("\n\n", Session, Interval, Alert);
        IRecordDecoder decoder = Decoder();
        EventRecord record = NewRecord();
        HashSet<DecodeResult> seen = [];
        for (int round = 0; round < 300; round++)
        {
            string text = whole;
            for (int i = random.Next(1, 8); i > 0; i--)
            {
                int at = random.Next(text.Length);
                int end = Math.Min(text.Length, at + random.Next(1, 60));
                text = random.Next(3) switch
                {
                    0 => text[..at] + text[end..],
                    1 => text[..end] + text[at..],
                    _ => text[..at] + ":=\"\n 0-é"[random.Next(8)] + text[(at + 1)..],
                };
            }

            foreach (ReadRow row in await ReadAllAsync(
                Open("vq-rtcpxr", 1, folder.Write("f.rtcpxr", text))))
            {
                ulong hash = decoder.RoutingHash(Encoding.UTF8.GetBytes(row.Text));
                DecodeResult result = decoder.Decode(row.Text, record);
                seen.Add(result);
                Assert.Equal(result == DecodeResult.Dead, record.DeadDetail.Length > 0);
                if (result == DecodeResult.Event)
                    Assert.Equal(record.CallId, hash);
            }
        }

        Assert.Equal(2, seen.Count);
    }

    private static IRecordDecoder Decoder() =>
        InputFormat.Parse("vq-rtcpxr").CreateDecoder(InputSchema.None);

    private static string Describe(EventRecord record)
    {
        Assert.Equal(EventKind.StreamReport, record.Kind);
        List<string> parts = [record.EventTimeMs.ToString(CultureInfo.InvariantCulture)];
        foreach (MetricValue value in record.Values)
        {
            parts.Add(string.Create(
                CultureInfo.InvariantCulture, $"{record.Metrics[value.Metric]}={value.Value}"));
        }

        return string.Join(' ', parts);
    }
}
