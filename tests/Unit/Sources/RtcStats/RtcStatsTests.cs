using System.Globalization;
using System.Text;
using Earshot.Schemas;
using Earshot.Sources;
using static Earshot.Tests.Unit.Sources.SourcesTesting;

namespace Earshot.Tests.Unit.Sources.RtcStats;

public sealed class RtcStatsTests : IDisposable
{
    private const string Metadata =
        """{"clientid":"c1","carrier":"telco_a","location":{"country":"de"},"account":7}""";

    // Reports whose values were worked out by hand below.
    private const string Full =
        """["getstats","PC_0",{"IT":{"type":"inbound-rtp","kind":"audio","ssrc":4678""" +
        ""","jitter":0.013,"packetsReceived":100,"packetsLost":1,"audioLevel":0.25""" +
        ""","timestamp":0}""" +
        ""","IV":{"type":"inbound-rtp","kind":"video","jitter":0.5,"packetsReceived":9}""" +
        ""","RI":{"type":"remote-inbound-rtp","kind":"audio","ssrc":99,"jitter":0.002""" +
        ""","roundTripTime":0.0625,"fractionLost":0.03125,"timestamp":1671638004000}""" +
        ""","timestamp":1671638005000},1671638005001]""";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_delta_is_a_full_report_again()
    {
        List<EventRecord> events = await EventsAsync(
            Metadata,
            """["create","PC_0",{"iceServers":[],"dimensions":{"region":"eu"}},1671638000000]""",
            Full,
            """["getstats","PC_0",{"IT":{"packetsReceived":600},"timestamp":1671638015000},1]""",
            """["getstats","PC_0",{"timestamp":1671638025000},1]""",
            """["getstats","PC_0",{"IT":{"jitter":null},"RI":{"jitter":0.004}""" +
            ""","timestamp":1671638035000},1]""");
        Assert.Equal(
            [
                "1671638005000 jitter=13 received=100 lost=1 level=0.25",
                "1671638004000 remote_jitter=2 rtt=62.5 remote_packet_loss=3.125",
                "1671638015000 jitter=13 received=600 lost=1 level=0.25",
                "1671638025000 jitter=13 received=600 lost=1 level=0.25",
                "1671638035000 received=600 lost=1 level=0.25",
                "1671638035000 remote_jitter=4 rtt=62.5 remote_packet_loss=3.125",
            ],
            events.Select(Describe));
        Assert.Single(events.Select(e => e.CallId).Distinct());
        Assert.Equal(2, events.Select(e => e.StreamId).Distinct().Count());
        Assert.Equal(6, events.Select(e => e.EventId).Distinct().Count());
        Assert.All(events, e => Assert.Equal(
            ("telco_a", "de", "7", "eu"),
            (e.Dimension("carrier"), e.Dimension("country"), e.Dimension("account"),
                e.Dimension("region"))));
    }

    [Fact]
    public async Task A_report_knows_its_codec_and_the_texts_of_its_ids()
    {
        string withCodec = Full.Replace(
            "\"IT\":{", "\"C\":{\"type\":\"codec\",\"mimeType\":\"audio/opus\"},"
            + "\"IT\":{\"codecId\":\"C\",", StringComparison.Ordinal);
        List<EventRecord> events = await EventsAsync(
            withCodec, """["getstats","PC_0",{"timestamp":1671638015000},1]""",
            """{"callId":"CALL"}""", Full);
        Assert.Equal(
            ["opus", "", "opus", "", ""], events.Select(e => e.DimensionValues[e.Codec]));
        Assert.Equal(
            ["PC_0 PC_0/4678", "PC_0 PC_0/99", "PC_0 PC_0/4678", "CALL PC_0/4678", "CALL PC_0/99"],
            events.Select(e => Encoding.UTF8.GetString(e.CallIdText) + " "
                + Encoding.UTF8.GetString(e.StreamIdText)));
    }

    [Fact]
    public async Task Version_3_has_numbers_for_names_and_times_since_the_line_before()
    {
        List<EventRecord> events = await EventsAsync(
            "RTCStatsDump",
            """{"fileFormat":3,"startTime":1758602115667}""",
            "[39,\"p\",{},1758602115000]",
            """["g","p",{"0":{"type":1,"11":"audio","10":5,"16":0.02,"14":50,"15":0,"57":0.5}""" +
            ""","1":{"type":1,"11":"audio","10":6,"14":1},"t":1758602116000},1000]""",
            """[1,"p",{"0":{"14":90},"1":null},9000]""",
            """[24,"p","failed",500]""");
        Assert.Equal(
            [
                "1758602116000 jitter=20 received=50 lost=0 level=0.5",
                "1758602116000 received=1",
                "1758602125000 jitter=20 received=90 lost=0 level=0.5",
                "1758602125500 ice",
            ],
            events.Select(Describe));
    }

    [Fact]
    public async Task Connections_and_dumps_are_kept_apart()
    {
        string other = Full.Replace("PC_0", "PC_1", StringComparison.Ordinal);
        List<EventRecord> events = await EventsAsync(
            Metadata, Full, other, """["close","PC_0",null,1671638006000]""",
            """["getstats","PC_0",{"timestamp":1671638015000},1]""",
            """{"clientid":"c2","callId":"CALL"}""", Full);
        Assert.Equal(6, events.Count);
        Assert.Equal(3, events.Select(e => e.CallId).Distinct().Count());
        Assert.Equal(Hash("CALL"), events[^1].CallId);
        Assert.Null(events[^1].Dimension("carrier"));
    }

    [Fact]
    public async Task A_failed_connection_is_an_event_and_other_steps_are_none()
    {
        List<EventRecord> events = await EventsAsync(
            """["onicecandidate","PC_0",{"candidate":"x"},1671638000000]""",
            """["oniceconnectionstatechange","PC_0","checking",1671638000001]""",
            """["oniceconnectionstatechange","PC_0","failed",1671638000002]""",
            """["connectionState","PC_0","failed",1671638000003]""",
            """["setRemoteDescription","PC_0",{"type":"failed"},1671638000003]""",
            """["getUserMedia",null,"failed",1671638000003]""");
        Assert.Equal(["1671638000002 ice", "1671638000003 ice"], events.Select(Describe));
    }

    [Fact]
    public async Task Bad_lines_are_dead_and_change_nothing()
    {
        string cut = Full.Replace("100", "999", StringComparison.Ordinal)[..^20];
        const string Time = "\"timestamp\":1671638015000";
        string orphan = $$$"""["getstats","PC_9",{"IT":{"jitter":0.01},{{{Time}}}},1]""";
        string wrong = $$$"""["getstats","PC_0",{"IT":{"jitter":"x"},{{{Time}}}},1]""";
        List<ReadRow> rows = await RowsAsync(
            Full, cut, """["getstats","PC_0",7,1]""", "[]", "nonsense", orphan, wrong,
            """["getstats","PC_0",{"IT":{"jitter":0.5},"timestamp":1671638025000},1]""");
        Assert.Equal(
            [
                "Event", "Event", "malformed JSON", "getstats: the third element is not an object",
                "not an array", "malformed JSON", "a report without a type",
                "jitter: \"x\" is not a number", "Event",
            ],
            rows.Select(row => Outcome(row.Text)));
    }

    [Fact]
    public async Task A_line_that_comes_twice_says_the_same()
    {
        List<EventRecord> events = await EventsAsync(Full, Full);
        Assert.Equal(events[0].EventId, events[2].EventId);
        Assert.Equal(events[1].EventId, events[3].EventId);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Reading_may_begin_at_any_offset_of_any_partition(int partitions)
    {
        string file = folder.Write("rtcstats.jsonl", string.Join('\n', Many(40)));
        List<ReadRow> whole = await ReadAllAsync(Open("rtcstats-json", 1, file));
        List<ReadRow> together = [];
        for (int p = 0; p < partitions; p++)
        {
            FileLog log = Open("rtcstats-json", partitions, file);
            List<ReadRow> all = await ReadAllAsync(log, p);
            together.AddRange(all);
            for (long from = 0; from < 100; from += 7)
            {
                FileLog fresh = from % 2 == 0 ? log : Open("rtcstats-json", partitions, file);
                Assert.Equal(
                    all.Where(row => row.Offset >= from),
                    await ReadAllAsync(fresh, p, from, maxRecords: 1 + (int)(from % 5)));
            }
        }

        Assert.Equal(whole, together.OrderBy(row => row.Offset));
        Assert.Equal(51, whole.Count);
    }

    [Fact]
    public async Task Rows_written_as_they_were_read_are_read_again()
    {
        List<ReadRow> rows = await RowsAsync([Metadata, Full]);
        Assert.Equal(rows.Select(r => r.Text), (await RowsAsync([.. rows.Select(r => r.Text)]))
            .Select(r => r.Text));
    }

    [Fact]
    public async Task Damage_anywhere_is_no_exception()
    {
        Random random = new(7);
        string[] lines = [.. Many(6)];
        HashSet<string> seen = [];
        for (int round = 0; round < 300; round++)
        {
            string text = string.Join('\n', lines);
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                int at = random.Next(text.Length), length = random.Next(1, 40);
                int end = Math.Min(text.Length, at + length);
                text = random.Next(3) switch
                {
                    0 => text[..at] + text[end..],
                    1 => text[..end] + text[at..],
                    _ => text[..at] + "\"[]{},:0n\n"[random.Next(9)] + text[(at + 1)..],
                };
            }

            foreach (ReadRow row in await RowsAsync(text.Split('\n')))
                seen.Add(Outcome(row.Text));
        }

        Assert.Superset(new HashSet<string> { "Event", "Ignored", "malformed JSON" }, seen);
    }

    private static IEnumerable<string> Many(int count)
    {
        yield return Metadata;
        for (int i = 0; i < count; i++)
        {
            string pc = $"PC_{i % 5}";
            string change = i % 7 == 0
                ? $$"""{"RI":{"jitter":0.0{{i}}},"timestamp":{{1671638005000 + (i * 1000)}}}"""
                : $$"""{"IT":{"packetsLost":{{i}}},"timestamp":{{1671638005000 + (i * 1000)}}}""";
            yield return i < 5
                ? Full.Replace("PC_0", pc, StringComparison.Ordinal)
                : $"""["getstats","{pc}",{change},1]""";
        }
    }

    private static string Outcome(string row)
    {
        EventRecord record = NewRecord();
        IRecordDecoder decoder = InputFormat.Parse("rtcstats-json").CreateDecoder(InputSchema.None);
        ulong hash = decoder.RoutingHash(Encoding.UTF8.GetBytes(row));
        DecodeResult result = decoder.Decode(row, record);
        if (result == DecodeResult.Event)
            Assert.Equal(record.CallId, hash);
        if (result != DecodeResult.Dead)
            return result.ToString();
        string detail = record.DeadDetail;
        string[] known = ["malformed JSON", "a report without a type", "not an array"];
        return known.FirstOrDefault(k => detail.StartsWith(k, StringComparison.Ordinal)) ?? detail;
    }

    private static string Describe(EventRecord record)
    {
        Assert.Equal(EventKind.StreamReport, record.Kind);
        List<string> parts = [record.EventTimeMs.ToString(CultureInfo.InvariantCulture)];
        foreach (MetricValue value in record.Values)
            parts.Add(string.Create(
                CultureInfo.InvariantCulture, $"{record.Metrics[value.Metric]}={value.Value}"));
        if (record.PacketsReceivedTotal >= 0)
            parts.Add($"received={record.PacketsReceivedTotal}");
        if (record.PacketsLostTotal != long.MinValue)
            parts.Add($"lost={record.PacketsLostTotal}");
        if (!double.IsNaN(record.AudioLevelIn))
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"level={record.AudioLevelIn}"));
        if (record.IceFailed == true)
            parts.Add("ice");
        return string.Join(' ', parts);
    }

    private Task<List<ReadRow>> RowsAsync(params string[] lines) => ReadAllAsync(
        Open("rtcstats-json", 1, folder.Write("rtcstats.jsonl", string.Join('\n', lines))));

    private async Task<List<EventRecord>> EventsAsync(params string[] lines)
    {
        List<EventRecord> events = [];
        IRecordDecoder decoder = InputFormat.Parse("rtcstats-json").CreateDecoder(InputSchema.None);
        foreach (ReadRow row in await RowsAsync(lines))
        {
            EventRecord record = NewRecord();
            DecodeResult result = decoder.Decode(row.Text, record);
            Assert.True(result != DecodeResult.Dead, record.DeadDetail);
            if (result == DecodeResult.Event)
                events.Add(record);
        }

        return events;
    }
}
