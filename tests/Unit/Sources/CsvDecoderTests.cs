using System.Text;
using Earshot.Schemas;
using Earshot.Sources;
using static Earshot.Tests.Unit.Sources.SourcesTesting;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Sources;

public sealed class CsvDecoderTests
{
    private const string StatsHeader =
        "timestamp,callId,userId,type,kind,ssrc,jitter,packetsLost,packetsReceived," +
        "fractionLost,roundTripTime,audioLevel";

    private const string SignalHeader =
        "_id,client_id,client_type,client_username,iplocation,logging_type,room_id,state," +
        "test_id,timestamp,latest_circuit,error";

    private const string Running =
        "639b,09783a84,None,c1-Normal,,CLIENT_RUNNING,2bc81288,,1b26,2022-12-15 15:15:59,,";

    private readonly EventRecord record = NewRecord();

    [Fact]
    public void Inbound_rows_are_stream_reports()
    {
        const string Row = "1671638005788,beb8,d1-Normal,inbound-rtp,audio,467808179,0.013," +
            "2.0,196.0,,,0.015625476851710562";
        IRecordDecoder decoder = Stats();
        Assert.Equal(DecodeResult.Event, decoder.Decode(Row, record));
        Assert.Equal(EventKind.StreamReport, record.Kind);
        Assert.Equal(1671638005788, record.EventTimeMs);
        Assert.Equal(Hash(Row), record.EventId);
        Assert.Equal(Hash("beb8"), record.CallId);
        Assert.Equal(Hash("d1-Normal\u001f467808179\u001finbound-rtp"), record.StreamId);
        Assert.Equal("d1-Normal", record.Dimension("carrier"));
        Assert.Equal([new MetricValue(Metrics.Jitter, 13)], record.Values.ToArray());
        Assert.Equal((196, 2), (record.PacketsReceivedTotal, record.PacketsLostTotal));
        Assert.Equal(0.015625476851710562, record.AudioLevelIn);
        Assert.Equal(-1, record.PacketsReceived);
        Assert.Equal(Hash("beb8"), decoder.RoutingHash(Encoding.UTF8.GetBytes(Row)));
    }

    [Fact]
    public void Remote_rows_carry_what_the_far_end_saw()
    {
        const string Row = "1671638005788,beb8,d1-Normal,remote-inbound-rtp,audio,4678,0.008," +
            "2.0,196.0,0.25,0.229,";
        Assert.Equal(DecodeResult.Event, Stats().Decode(Row, record));
        Assert.Equal(229, record.ValueOf(Metrics.Rtt));
        Assert.Equal(8, record.ValueOf(Metrics.RemoteJitter));
        Assert.Equal(25, record.ValueOf(Metrics.RemotePacketLoss));
        Assert.Equal(3, record.Values.Length);
        Assert.Equal(-1, record.PacketsReceivedTotal);
        Assert.True(double.IsNaN(record.AudioLevelIn));
    }

    [Fact]
    public void An_empty_field_is_missing()
    {
        Assert.Equal(
            DecodeResult.Event, Stats().Decode("1,,,inbound-rtp,audio,,,,,,,", record));
        Assert.Equal(0, record.Values.Length);
        Assert.Equal((0UL, 0UL), (record.CallId, record.StreamId));
        Assert.Equal((-1, long.MinValue), (record.PacketsReceivedTotal, record.PacketsLostTotal));
        Assert.Null(record.Dimension("carrier"));
        Assert.Equal(0, record.LoggedTimeMs);
    }

    [Theory]
    [InlineData("1,c,u,inbound-rtp,video,1,x,,,,,")]
    [InlineData("1,c,u,outbound-rtp,audio,1,,,,,,")]
    [InlineData(",c,u,remote-outbound-rtp,audio,1,,,,,,")]
    public void Other_rows_are_ignored(string row) =>
        Assert.Equal(DecodeResult.Ignored, Stats().Decode(row, record));

    [Theory]
    [InlineData("1,c,u,inbound-rtp,audio,1,0.x,,,,,", "column jitter: \"0.x\" is not a number")]
    [InlineData("1,c,u,inbound-rtp,audio,1,,1.5,,,,", "column packetsLost: \"1.5\" is not a whole")]
    [InlineData(",c,u,inbound-rtp,audio,1,,,,,,", "column timestamp is empty")]
    [InlineData("today,c,u,inbound-rtp,audio,1,,,,,,", "column timestamp: \"today\"")]
    [InlineData("1,c,u,inbound-rtp,audio,1,,,,,", "11 fields, the header has 12")]
    [InlineData("1,c,u,inbound-rtp,audio,1,,,,,,,,", "14 fields, the header has 12")]
    [InlineData("1,c,\"u,inbound-rtp,audio,1,,,,,,", "field 3: its quote is not closed")]
    [InlineData("1,c,\"u\"x,inbound-rtp,audio,1,,,,,,", "field 3: text after its closing quote")]
    public void A_broken_row_is_dead_and_says_why(string row, string expected)
    {
        Assert.Equal(DecodeResult.Dead, Stats().Decode(row, record));
        Assert.Contains(expected, record.DeadDetail, StringComparison.Ordinal);
        Assert.Equal(EventKind.None, record.Kind);
    }

    [Fact]
    public void Columns_are_found_by_name()
    {
        IRecordDecoder decoder = Decoder(
            "getstats-csv", "extra," + string.Join(',', StatsHeader.Split(',').Reverse()));
        const string Row = "?,0.5,,,,,0.013,1,audio,inbound-rtp,\"o\"\"neil\",c,7";
        Assert.Equal(DecodeResult.Event, decoder.Decode(Row, record));
        Assert.Equal((7, 0.5), (record.EventTimeMs, record.AudioLevelIn));
        Assert.Equal("o\"neil", record.Dimension("carrier"));
    }

    [Theory]
    [InlineData("getstats-csv", "jitter", StatsHeader)]
    [InlineData("signalling-csv", "room_id", SignalHeader)]
    public void A_missing_column_is_named(string format, string column, string header)
    {
        string without = header.Replace("," + column, "", StringComparison.Ordinal);
        ArgumentException e =
            Assert.Throws<ArgumentException>(() => Decoder(format, without));
        Assert.Contains($"no column '{column}'", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ArgumentException>(() => Decoder(format, $"{header},{column}"));
        Assert.Contains("twice", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signalling_row_moves_a_leg_on()
    {
        const string Location = """
            {"wanIp": "130.225.170.33", "country": "Denmark", "region": "Capital Region",
             "city": "K\u00f8benhavn", "isp": "Forsk\u00f8"}
            """;
        string row = "639b3a2f,09783a84,None,c1-Normal,\"" +
            Location.Replace("\"", "\"\"", StringComparison.Ordinal) +
            "\",CLIENT_END,2bc81288,call_ended,1b26,2022-12-15 15:15:59.439689,,";
        IRecordDecoder decoder = Decoder("signalling-csv", SignalHeader);
        Assert.Equal(DecodeResult.Event, decoder.Decode(row, record));
        Assert.Equal((EventKind.CallEvent, State.Disconnected), (record.Kind, record.State));
        Assert.Equal(Hash("2bc81288\u001fc1-Normal"), record.CallId);
        Assert.Equal(record.CallId, decoder.RoutingHash(Encoding.UTF8.GetBytes(row)));
        Assert.Equal(Hash("639b3a2f"), record.EventId);
        Assert.Equal(1671117359439, record.EventTimeMs);
        Assert.Equal("c1-Normal", record.Dimension("carrier"));
        Assert.Equal("Denmark", record.Dimension("country"));
        Assert.Equal("Capital Region", record.Dimension("region"));
        Assert.Equal("Forskø", record.Dimension("isp"));
        Assert.Equal(0, record.Values.Length);
    }

    [Theory]
    [InlineData("COMMAND_SESSION_START", State.Initialized)]
    [InlineData("CLIENT_RUNNING", State.InProgress)]
    [InlineData("COMMAND_SESSION_SUCCESS", State.Completed)]
    [InlineData("COMMAND_SESSION_FAILED", State.Failed)]
    public void States(string type, State expected)
    {
        string row = Running.Replace("CLIENT_RUNNING", type, StringComparison.Ordinal);
        Assert.Equal(
            DecodeResult.Event, Decoder("signalling-csv", SignalHeader).Decode(row, record));
        Assert.Equal(expected, record.State);
        Assert.Null(record.Dimension("country"));
    }

    [Theory]
    [InlineData("CLIENT_RUNNING", "CLIENT_ERROR", DecodeResult.Ignored, "")]
    [InlineData("2bc81288", "", DecodeResult.Ignored, "")]
    [InlineData("c1-Normal", "", DecodeResult.Ignored, "")]
    [InlineData("2022-12-15 15:15:59", "", DecodeResult.Dead, "timestamp is empty")]
    [InlineData("2022-12-15", "2022-12-32", DecodeResult.Dead, "timestamp: \"2022-12-32 15")]
    [InlineData("c1-Normal,", "c1-Normal,{oops}", DecodeResult.Dead, "iplocation: \"{oops}\"")]
    [InlineData("c1-Normal,", "c1-Normal,[]", DecodeResult.Dead, "iplocation: \"[]\"")]
    [InlineData("c1-Normal,", "c1-Normal,{}", DecodeResult.Event, "")]
    [InlineData("639b", "", DecodeResult.Event, "")]
    public void Signalling_dirt(string old, string now, DecodeResult expected, string detail)
    {
        string row = Running.Replace(old, now, StringComparison.Ordinal);
        Assert.Equal(expected, Decoder("signalling-csv", SignalHeader).Decode(row, record));
        Assert.Contains(detail, record.DeadDetail, StringComparison.Ordinal);
    }

    [Fact]
    public void Decoding_allocates_nothing()
    {
        byte[][] rows = [.. Enumerable.Range(0, 1000).Select(i => Encoding.ASCII.GetBytes(
            i % 2 == 0
                ? $"16716380{i:D5},call{i},d1,inbound-rtp,audio,46{i},0.{i},2,{i}.0,,,0.1{i}"
                : $"16716380{i:D5},call{i},d1,remote-inbound-rtp,audio,46,0.{i},,,0.1,0.2,"))];
        IRecordDecoder decoder = Stats();
        DecodeAll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        int events = DecodeAll();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1000, events);

        int DecodeAll()
        {
            int count = 0;
            foreach (byte[] row in rows)
            {
                decoder.RoutingHash(row);
                if (decoder.Decode(row, record) == DecodeResult.Event)
                    count++;
            }

            return count;
        }
    }

    private static IRecordDecoder Stats() => Decoder("getstats-csv", StatsHeader);

    private static IRecordDecoder Decoder(string format, string header) =>
        InputFormat.Parse(format).CreateDecoder(
            InputSchema.ParseCsvHeader(Encoding.UTF8.GetBytes(header)));
}
