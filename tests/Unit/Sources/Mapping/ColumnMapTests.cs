using System.Globalization;
using System.Text;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources;
using Earshot.Sources.Mapping;
using static Earshot.Tests.Unit.Sources.SourcesTesting;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Sources.Mapping;

public sealed class ColumnMapTests : IDisposable
{
    private const string Report = """
        {
          "kind": "stream_report", "time": "s", "delimiter": ";",
          "columns": {
            "event_time": "ts", "call_id": "callid", "stream_id": "ssrc", "event_id": "id",
            "jitter": { "column": "jit_s", "scale": 1000 }, "packets_lost": "lost",
            "packet_loss_percentage": { "column": "loss", "scale": 100 }, "ice_state": "ice",
          },
          "dimensions": { "carrier": "trunk", "country": { "constant": "de" } },
        }
        """;

    private const string Header = "id;ts;callid;ssrc;jit_s;lost;loss;trunk;ice";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Columns_become_the_fields_of_the_map()
    {
        string file = folder.Write(
            "a.csv", Header + "\ne1;1671638005.001;C;7;0.0125;3;0.25;\"x;\"\"y\"\"\n\";failed\n"
            + "e2;1671638006;;;;;;;\n");
        FileLog log = Open(Report, file);
        List<ReadRow> rows = await ReadAllAsync(log);
        Assert.Equal([1, 3], rows.Select(row => row.Offset));
        IRecordDecoder decoder = log.Format.CreateDecoder(log.Schema);
        EventRecord record = NewRecord();
        Assert.Equal(DecodeResult.Event, decoder.Decode(rows[0].Text, record));
        Assert.Equal(
            (EventKind.StreamReport, 1671638005001, Hash("e1"), Hash("C"), Hash("7"), 3L,
                (bool?)true),
            (record.Kind, record.EventTimeMs, record.EventId, record.CallId, record.StreamId,
                record.PacketsLost, record.IceFailed));
        Assert.Equal(12.5, record.ValueOf(Metrics.Jitter));
        Assert.Equal(25, record.ValueOf(Metrics.PacketLoss));
        Assert.Equal("x;\"y\"\n", record.Dimension("carrier"));
        Assert.Equal("de", record.Dimension("country"));
        Assert.Equal(Hash("C"), decoder.RoutingHash(Encoding.UTF8.GetBytes(rows[0].Text)));
        Assert.Equal(DecodeResult.Event, decoder.Decode(rows[1].Text, record));
        Assert.Equal((0UL, 0), (record.CallId, record.Values.Length));
        Assert.Null(record.Dimension("carrier"));
        Assert.Equal(Hash("e2"), decoder.RoutingHash(Encoding.UTF8.GetBytes(rows[1].Text)));
    }

    [Fact]
    public void Packets_sent_bursts_and_codec_of_a_report()
    {
        EventRecord record = Decode(
            """
            {"kind":"stream_report","time":"ms","columns":{"event_time":"a","packets_sent":"b",
             "packets_sent_total":"c","codec":"d","delayed_packets_percentage":"e",
             "burst_loss_density":"f","burst_duration":"g","gap_loss_density":"h",
             "gap_duration":{"column":"i","scale":1000},"burst_ratio":"j"}}
            """, "1671638005000,50,500,PCMA,1.5,20,140,0.5,9,1.25");
        Assert.Equal((50L, 500L), (record.PacketsSent, record.PacketsSentTotal));
        Assert.Equal("PCMA", record.DimensionValues[record.Codec]);
        Assert.Equal(
            [
                (Metrics.DelayedPackets, 1.5), (Metrics.BurstLossDensity, 20),
                (Metrics.BurstDuration, 140), (Metrics.GapLossDensity, 0.5),
                (Metrics.GapDuration, 9000), (Metrics.BurstRatio, 1.25),
            ],
            record.Values.ToArray().Select(value => (value.Metric, value.Value)));
    }

    [Fact]
    public void The_other_kinds_of_event()
    {
        EventRecord record = Decode(
            """
            {"kind":"call_event","time":"iso8601","columns":{"event_time":"a","state":"b",
             "sip_response":"c","pdd":{"column":"d","scale":0.001}}}
            """, "2022-12-21T15:53:25.5Z,no-answer,480,2500");
        Assert.Equal((EventKind.CallEvent, 1671638005500), (record.Kind, record.EventTimeMs));
        Assert.Equal((State.Noanswer, 480, 2.5),
            (record.State, record.SipResponse, record.ValueOf(Metrics.Pdd)));
        record = Decode(
            """
            {"kind":"call_summary","columns":{"event_time":"a","processing_state":"b",
             "connect_duration":"c","call_state":{"constant":"completed"}}}
            """, "1671638005500,partial,61,");
        Assert.Equal((EventKind.CallSummary, true, State.Completed, 61),
            (record.Kind, record.Partial, record.State, record.ValueOf(Metrics.ConnectDuration)));
        record = Decode(
            """
            {"kind":"call_metric","columns":{"event_time":"a","value":"b",
             "metric":{"constant":"echo"}}}
            """, "1671638005500,1.5,,");
        Assert.Equal("echo=1.5", string.Create(CultureInfo.InvariantCulture,
            $"{record.Metrics[record.Values[0].Metric]}={record.Values[0].Value}"));
    }

    [Theory]
    [InlineData("1.0,2", "2 fields, the header has 4")]
    [InlineData("1671638005500,x,,", "column b: \"x\" is not a number")]
    [InlineData("noon,1,,", "column a: \"noon\" is not a time in ms")]
    [InlineData(",1,,", "event_time is empty or 0")]
    [InlineData("1671638005500,,,", "value is empty")]
    public void Rows_that_cannot_be_read_are_dead(string row, string expected)
    {
        const string Map = """
            {"kind":"call_metric","columns":{"event_time":"a","value":"b",
             "metric":{"constant":"echo"}}}
            """;
        EventRecord record = NewRecord();
        IRecordDecoder decoder = InputFormat.Mapped(ColumnMap.Parse(Map))
            .CreateDecoder(new InputSchema(["a", "b", "c", "d"]));
        Assert.Equal(DecodeResult.Dead, decoder.Decode(row, record));
        Assert.Equal(expected, record.DeadDetail);
    }

    [Theory]
    [InlineData("\"stream_report\"", "\"stream\"", "kind 'stream' is unknown; allowed: \"stream_r")]
    [InlineData("\"time\": \"s\"", "\"time\": 7", "time '7' is unknown; allowed: \"ms\", \"s\"")]
    [InlineData("\";\"", "\"::\"", "delimiter '::' is unknown; allowed: \",\", \";\"")]
    [InlineData("\"kind\"", "\"sort\"", "key 'sort' is unknown; allowed: kind, columns")]
    [InlineData("\"jitter\"", "\"jit\"", "columns: field 'jit' is unknown; allowed: event_time")]
    [InlineData("\"event_time\"", "\"logged_time\"", "columns: event_time is missing")]
    [InlineData("1000", "\"x\"", "columns.jitter.scale 'x' is not allowed; allowed: column")]
    [InlineData("1000", "0", "columns.jitter.scale '0' is not allowed; allowed: column")]
    [InlineData("\"lost\"", "5", "columns.packets_lost '5' is not allowed; allowed: a column's")]
    [InlineData("\"lost\"", "{\"column\":\"a\",\"scale\":2}", "columns.packets_lost.scale")]
    [InlineData("\"stream_id\"", "\"call_id\"", "columns: 'call_id' comes twice")]
    [InlineData("\"constant\"", "\"const\"", "dimensions.country.const 'de' is not allowed")]
    [InlineData("\"columns\": {", "\"columns\": 5 {", "line 3 is not JSON")]
    public void A_map_that_cannot_be_used_says_why(string part, string other, string expected)
    {
        string changed = Report.Replace(part, other, StringComparison.Ordinal);
        Assert.NotEqual(Report, changed);
        ArgumentException e = Assert.Throws<ArgumentException>(() => ColumnMap.Parse(changed));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_that_is_not_there_is_named()
    {
        LogException e = Assert.Throws<LogException>(
            () => Open(Report, folder.Write("a.csv", "id;ts;callid\n")));
        Assert.Contains(
            "no column 'ssrc'; it has: id, ts, callid", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_identity_has_the_map_and_not_how_it_is_written()
    {
        InputFormat format = InputFormat.Mapped(ColumnMap.Parse(Report));
        InputFormat other = InputFormat.Mapped(
            ColumnMap.Parse(Report.Replace("\n", " ", StringComparison.Ordinal)));
        InputFormat scaled = InputFormat.Mapped(
            ColumnMap.Parse(Report.Replace("1000", "1", StringComparison.Ordinal)));
        Assert.Equal("csv", format.Name);
        Assert.Equal(format.Identity, other.Identity);
        Assert.NotEqual(format.Identity, scaled.Identity);
        InputFormat again = InputFormat.Parse(format.Identity);
        Assert.Equal((format.Identity, format.Framing), (again.Identity, again.Framing));
        Assert.True(InputFormat.Parse("csv").NeedsMap);
        Assert.False(format.NeedsMap);
    }

    [Theory]
    [InlineData(";")]
    [InlineData("\\t")]
    [InlineData("|")]
    public async Task Delimiters_are_those_of_the_map(string delimiter)
    {
        string map = Report.Replace("\";\"", $"\"{delimiter}\"", StringComparison.Ordinal);
        string text = Header + "\n1;1671638005;\"a,\"\"b\n;\";7;0.1;3;,5;t;x\n";
        string between = delimiter == "\\t" ? "\t" : delimiter;
        string file = folder.Write(
            "a.csv", text.Replace(";", between, StringComparison.Ordinal));
        FileLog log = Open(map.Replace("\"loss\"", "\"jit_s\"", StringComparison.Ordinal), file);
        ReadRow row = Assert.Single(await ReadAllAsync(log));
        EventRecord record = NewRecord();
        IRecordDecoder decoder = log.Format.CreateDecoder(log.Schema);
        Assert.True(decoder.Decode(row.Text, record) == DecodeResult.Event, record.DeadDetail);
        Assert.Equal(100, record.ValueOf(Metrics.Jitter));
    }

    [Fact]
    public void Damage_is_an_answer_not_an_exception()
    {
        Random random = new(3);
        IRecordDecoder decoder = InputFormat.Mapped(ColumnMap.Parse(Report))
            .CreateDecoder(InputSchema.ParseCsvHeader(Encoding.UTF8.GetBytes(Header), ';'));
        byte[] whole = "e1;1671638005.001;C;7;0.0125;3;0.25;\"x\";failed"u8.ToArray();
        EventRecord record = NewRecord();
        HashSet<DecodeResult> seen = [];
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. whole[..random.Next(whole.Length)], .. whole[random.Next(9)..]];
            damaged[random.Next(damaged.Length)] = (byte)";\"\n-.e9,"[random.Next(8)];
            ulong hash = decoder.RoutingHash(damaged);
            DecodeResult result = decoder.Decode(damaged, record);
            seen.Add(result);
            Assert.Equal(result == DecodeResult.Dead, record.DeadDetail.Length > 0);
            if (result == DecodeResult.Event && record.CallId != 0)
                Assert.Equal(record.CallId, hash);
        }

        Assert.Contains(DecodeResult.Dead, seen);
        record.Reset();
        Assert.Equal(DecodeResult.Event, decoder.Decode(whole, record));
    }

    private static FileLog Open(string map, string file) =>
        new([file], InputFormat.Mapped(ColumnMap.Parse(map)), Topic, 1, Time);

    private static EventRecord Decode(string map, string row)
    {
        EventRecord record = NewRecord();
        IEnumerable<string> columns = "abcdefghij".Take(1 + row.Count(c => c == ','))
            .Select(letter => letter.ToString());
        IRecordDecoder decoder = InputFormat.Mapped(ColumnMap.Parse(map))
            .CreateDecoder(new InputSchema([.. columns]));
        Assert.True(decoder.Decode(row, record) == DecodeResult.Event, record.DeadDetail);
        return record;
    }
}
