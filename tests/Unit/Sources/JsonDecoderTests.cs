using System.Text;
using Earshot.Schemas;
using Earshot.Sources;
using static Earshot.Tests.Unit.Sources.SourcesTesting;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Sources;

public sealed class JsonDecoderTests
{
    // VOICE.md section 1: must be read as it stands.
    private const string ReferenceLine =
        """{"event_time":1527966284972,"logged_event_time":1527966304972,"event_id":"E1","rout""" +
        """e_id":"RI1","event_type":"signaling_event","signaling_event":{"name":"preflight","ev""" +
        """ent_type":"pdd","pdd":{"pdd":2.8}},"event_dimensions":{"country":"us","direction":"o""" +
        """utbound","carrier":"telco_a","route":"RI1"}}""";

    private readonly EventRecord record = NewRecord();

    [Fact]
    public void The_reference_line_is_read_as_it_stands()
    {
        Read(EventKind.CallEvent, ReferenceLine);
        Assert.Equal(EventKind.CallEvent, record.Kind);
        Assert.Equal((1527966284972, 1527966304972), (record.EventTimeMs, record.LoggedTimeMs));
        Assert.Equal((Hash("E1"), 0UL), (record.EventId, record.CallId));
        Assert.Equal(State.Unspecified, record.State);
        Assert.Equal([new MetricValue(Metrics.Pdd, 2.8)], record.Values.ToArray());
        Assert.Equal("us", record.Dimension("country"));
        Assert.Equal("outbound", record.Dimension("direction"));
        Assert.Equal("telco_a", record.Dimension("carrier"));
        Assert.Equal("RI1", record.Dimension("route"));
        Assert.Equal(
            Hash("E1"), Decoder(EventKind.CallEvent).RoutingHash(Bytes(ReferenceLine)));
    }

    [Theory]
    [InlineData("""{"signalingEvent":{"callState":{"state":"completed"}}}""", State.Completed)]
    [InlineData("""{"signaling_event":{"call_state":{"state":"IN_PROGRESS"}}}""", State.InProgress)]
    [InlineData("""{"signaling_event":{"call_state":{"state":"in-progress"}}}""", State.InProgress)]
    [InlineData("""{"signaling_event":{"call_state":{"state":"CALL_STATE_BUSY"}}}""", State.Busy)]
    [InlineData("""{"signalingEvent":{"callState":{"state":"State_No_Answer"}}}""", State.Noanswer)]
    [InlineData("""{"signaling_event":{"call_state":"Cancelled"}}""", State.Canceled)]
    [InlineData("""{"signaling_event":{"call_state":{"state":4}}}""", State.InProgress)]
    [InlineData("""{"signaling_event":{"call_state":{"state":"4"}}}""", State.InProgress)]
    [InlineData("""{"signaling_event":{"call_state":{"state":99}}}""", State.Unspecified)]
    [InlineData("""{"signaling_event":{"call_state":{"state":"parked"}}}""", State.Unspecified)]
    [InlineData("""{"signaling_event":{"call_state":{"state":null}}}""", State.Unspecified)]
    [InlineData("""{"signaling_event":null}""", State.Unspecified)]
    public void States(string line, State expected)
    {
        Read(EventKind.CallEvent, line);
        Assert.Equal(expected, record.State);
    }

    [Theory]
    [InlineData("""{"signaling_event":{"pdd":{}}}""", 0.0)]
    [InlineData("""{"signaling_event":{"pdd":{"pdd":null}}}""", null)]
    [InlineData("""{"signaling_event":{"pdd":null}}""", null)]
    [InlineData("""{"signaling_event":{"pdd":{"pdd":"NaN"}}}""", double.NaN)]
    [InlineData("""{"signaling_event":{"pdd":{"pdd":"-Infinity"}}}""", double.NegativeInfinity)]
    [InlineData("""{"signaling_event":{"pdd":{"pdd":"-1992864.5"}}}""", -1992864.5)]
    public void Post_dial_delay(string line, double? expected)
    {
        Read(EventKind.CallEvent, line);
        Assert.Equal(expected, record.ValueOf(Metrics.Pdd));
    }

    [Theory]
    [InlineData("1527966284972", 1527966284972)]
    [InlineData("\"1527966284972\"", 1527966284972)]
    [InlineData("1527966284972.9", 1527966284972)]
    [InlineData("\"2018-06-02T19:04:44.972Z\"", 1527966284972)]
    [InlineData("\"2018-06-02T21:04:44.9729+02:00\"", 1527966284972)]
    [InlineData("null", 0)]
    [InlineData("\"\"", 0)]
    public void Times(string value, long expected)
    {
        foreach (string name in new[] { "event_time", "eventTime", "timestamp" })
        {
            Read(EventKind.CallMetric, $"{{\"{name}\":{value},\"metric\":\"m\",\"value\":1}}");
            Assert.Equal(expected, record.EventTimeMs);
        }
    }

    [Fact]
    public void A_metric_may_have_any_name()
    {
        Read(
            EventKind.CallMetric,
            """{"value":"1.5","metric":"echo","callSid":"C1","value":2.5}""");
        Assert.Equal(2.5, record.ValueOf(record.Metrics.Intern("echo")));
        Assert.Equal(Hash("C1"), record.CallId);
        Read(EventKind.CallMetric, """{"metric":"mos","value":4.2}""");
        Assert.Equal(4.2, record.ValueOf(Metrics.Mos));
    }

    [Fact]
    public void A_stream_report_has_its_counters_and_values()
    {
        Read(
            EventKind.StreamReport,
            """
            {"eventTime":"1","streamId":"S","callId":"C","packetsReceived":"500","packets_lost":-2,
             "packetsReceivedTotal":1000.0,"packetsLostTotal":"3","packetLossPercentage":0.4,
             "jitter":1,"max_jitter":2,"rtt":3,"latency":4,"mos":4.5,"audioLevelIn":0.1,
             "audio_level_out":"0","remoteJitter":5,"remotePacketLossPercentage":6,
             "iceState":"failed","codec":"opus","unknown":{"a":[1,{"b":2}]}}
            """);
        Assert.Equal((500, -2), (record.PacketsReceived, record.PacketsLost));
        Assert.Equal((1000, 3), (record.PacketsReceivedTotal, record.PacketsLostTotal));
        Assert.Equal((0.1, 0.0), (record.AudioLevelIn, record.AudioLevelOut));
        Assert.True(record.IceFailed);
        Assert.Equal((Hash("S"), Hash("C")), (record.StreamId, record.CallId));
        (int, double)[] expected =
        [
            (Metrics.Jitter, 1), (Metrics.MaxJitter, 2), (Metrics.Rtt, 3),
            (Metrics.RemoteJitter, 5), (Metrics.Latency, 4), (Metrics.PacketLoss, 0.4),
            (Metrics.RemotePacketLoss, 6), (Metrics.Mos, 4.5),
        ];
        Assert.Equal(expected, record.Values.ToArray().Select(v => (v.Metric, v.Value)));
    }

    [Fact]
    public void Missing_is_missing()
    {
        Read(EventKind.StreamReport, """{"jitter":null,"packetsLost":"","audioLevelIn":null}""");
        Assert.Equal(0, record.Values.Length);
        Assert.Equal((-1, long.MinValue), (record.PacketsReceived, record.PacketsLost));
        Assert.True(double.IsNaN(record.AudioLevelIn));
        Assert.Equal(0, record.EventTimeMs);
        Assert.Equal((0UL, 0UL), (record.EventId, record.StreamId));
    }

    [Theory]
    [InlineData("""
        {"timestamp":5,"call_sid":"CA1","account_sid":"AC1","parent_account_sid":"AC0","score":0.9,
         "metrics":{"connect_duration":30,"pdd":1.5,"avg_jitter":2,"max_jitter":9,"avg_latency":10,
         "max_latency":20,"packet_loss_percentage":0.5},"dimensions":{"country_code":"US",
         "edge_type":"sdk_edge","carrier_sid":"VZ","call_state":"completed","direction":"inbound"},
         "last_sip_response":200,"tags":["high_pdd"],"processing_state":"partial"}
        """)]
    [InlineData("""
        {"eventTime":"5","callId":"CA1","accountSid":"AC1","parentAccountSid":"AC0","score":"0.9",
         "connectDuration":30,"pdd":1.5,"avgJitter":2,"maxJitter":9,"avgLatency":10,"maxLatency":20,
         "packetLossPercentage":0.5,"countryCode":"US","edge":"sdk_edge","carrier":"VZ",
         "callState":"completed","direction":"inbound","lastSipResponse":"200",
         "processingState":"PROCESSING_STATE_PARTIAL"}
        """)]
    public void A_call_summary_nested_or_flat(string line)
    {
        Read(EventKind.CallSummary, line);
        Assert.Equal((5, Hash("CA1")), (record.EventTimeMs, record.CallId));
        Assert.True(record.Partial);
        Assert.Equal((State.Completed, 200), (record.State, record.SipResponse));
        Assert.Equal("AC1", record.Dimension("account"));
        Assert.Equal("AC0", record.Dimension("parent_account"));
        Assert.Equal("US", record.Dimension("country"));
        Assert.Equal("sdk_edge", record.Dimension("edge"));
        Assert.Equal("VZ", record.Dimension("carrier"));
        Assert.Equal("inbound", record.Dimension("direction"));
        (int, double)[] expected =
        [
            (Metrics.Pdd, 1.5), (Metrics.AvgJitter, 2), (Metrics.MaxJitter, 9),
            (Metrics.AvgLatency, 10), (Metrics.MaxLatency, 20), (Metrics.PacketLoss, 0.5),
            (Metrics.Score, 0.9), (Metrics.ConnectDuration, 30),
        ];
        Assert.Equal(expected, record.Values.ToArray().Select(v => (v.Metric, v.Value)));
    }

    [Theory]
    [InlineData("""{"country":"outer","dimensions":{"country":"inner"}}""", "inner")]
    [InlineData("""{"dimensions":{"country":"inner"},"countryCode":"outer"}""", "inner")]
    [InlineData("""{"dimensions":{"country":null,"country_code":"x"}}""", "x")]
    [InlineData("""{"dimensions":{"country":"","other":{"country":"no"}},"country":"o"}""", "o")]
    [InlineData("""{"dimensions":{"country":"a","country_code":"b"}}""", "a")]
    [InlineData("""{"dimensions":{"count\u0072y":"\u00d8\"\ud83d\ude00"}}""", "Ø\"😀")]
    [InlineData("""{"dimensions":{"country":"x\ud800y"}}""", "x\uFFFDy")]
    [InlineData("""{"dimensions":{"country":46}}""", "46")]
    [InlineData("""{"dimensions":null}""", null)]
    public void Dimensions(string line, string? expected)
    {
        Read(EventKind.CallSummary, line);
        Assert.Equal(expected, record.Dimension("country"));
        Read(EventKind.CallSummary, "{}");
        Assert.Null(record.Dimension("country"));
    }

    [Theory]
    [InlineData(EventKind.CallEvent, "{\"event_time\":1,", "malformed JSON at byte 15")]
    [InlineData(EventKind.CallEvent, "{\"event_time\":1}x", "malformed JSON at byte 16")]
    [InlineData(EventKind.CallEvent, "{'a':1}", "malformed JSON at byte 1")]
    [InlineData(EventKind.CallEvent, "", "malformed JSON at byte 0")]
    [InlineData(EventKind.CallEvent, "[]", "not a JSON object")]
    [InlineData(EventKind.CallEvent, "{\"event_time\":\"soon\"}", "event_time: \"soon\" is not")]
    [InlineData(EventKind.CallEvent, "{\"event_time\":1e30}", "event_time: \"1e30\"")]
    [InlineData(EventKind.CallEvent, "{\"event_id\":{}}", "event_id is not a single value")]
    [InlineData(EventKind.CallEvent, "{\"dimensions\":3}", "dimensions is not an object")]
    [InlineData(EventKind.CallEvent, "{\"sipResponse\":3000000000}", "sipResponse: \"3000000000\"")]
    [InlineData(EventKind.StreamReport, "{\"packets_lost\":1.5}", "packets_lost: \"1.5\"")]
    [InlineData(EventKind.StreamReport, "{\"jitter\":true}", "jitter: \"true\" is not a number")]
    [InlineData(EventKind.CallMetric, "{\"value\":1}", "no metric name")]
    [InlineData(EventKind.CallMetric, "{\"metric\":\"m\"}", "no metric value")]
    [InlineData(EventKind.CallMetric, "{\"metric\":\"m\",\"value\":null}", "no metric value")]
    public void A_broken_line_is_dead_and_says_why(EventKind kind, string line, string expected)
    {
        IRecordDecoder decoder = Decoder(kind);
        Assert.Equal(DecodeResult.Dead, decoder.Decode(line, record));
        Assert.Contains(expected, record.DeadDetail, StringComparison.Ordinal);
        Assert.Equal(EventKind.None, record.Kind);
        decoder.RoutingHash(Bytes(line));
        // What was read of a broken line does not show in the next.
        Read(EventKind.StreamReport, "{}");
        Assert.Equal(0, record.Values.Length);
    }

    [Theory]
    [InlineData("""{"event_id":"E","call_id":"C"}""", "C")]
    [InlineData("""{"callSid":"C","metrics":{"call_id":"D"},"dimensions":{"call_id":"D"}}""", "C")]
    [InlineData("""{"call_id":"","event_id":"E"}""", "E")]
    [InlineData("""{"call_id":null}""", """{"call_id":null}""")]
    [InlineData("""{"call_id":"C" """, """{"call_id":"C" """)]
    public void Records_are_routed_by_call_then_event_then_bytes(string line, string hashed) =>
        Assert.Equal(
            Hash(hashed), Decoder(EventKind.CallSummary).RoutingHash(Bytes(line)));

    [Fact]
    public void A_line_that_is_too_long_is_dead()
    {
        byte[] line = new byte[(1 << 20) + 1];
        Assert.Equal(DecodeResult.Dead, Decoder(EventKind.CallEvent).Decode(line, record));
        Assert.Contains("longer than 1048576 bytes", record.DeadDetail, StringComparison.Ordinal);
    }

    [Fact]
    public void Decoding_allocates_nothing()
    {
        IRecordDecoder decoder = Decoder(EventKind.CallEvent);
        byte[] line = Bytes(ReferenceLine);
        decoder.Decode(line, record);
        long least = long.MaxValue;
        for (int round = 0; round < 3; round++)
        {
            // A collection in between empties the pools of arrays: in that round one is new.
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                decoder.RoutingHash(line);
                decoder.Decode(line, record);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private void Read(EventKind kind, string line)
    {
        DecodeResult result = Decoder(kind).Decode(line, record);
        Assert.True(result == DecodeResult.Event, record.DeadDetail);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static IRecordDecoder Decoder(EventKind kind) => InputFormat.Parse(kind switch
    {
        EventKind.CallEvent => "call-event-json",
        EventKind.CallMetric => "call-metric-json",
        EventKind.StreamReport => "stream-report-json",
        _ => "call-summary-json",
    }).CreateDecoder(InputSchema.None);
}
