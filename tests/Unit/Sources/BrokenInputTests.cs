using System.Text;
using Earshot.Schemas;
using Earshot.Sources;
using static Earshot.Tests.Unit.Sources.SourcesTesting;

namespace Earshot.Tests.Unit.Sources;

/// <summary>Randomly damaged records neither throw nor change what the next one says.</summary>
public sealed class BrokenInputTests
{
    private const string StatsHeader =
        "timestamp,callId,userId,type,kind,ssrc,jitter,packetsLost,packetsReceived," +
        "fractionLost,roundTripTime,audioLevel";

    private const string SignalHeader =
        "_id,client_username,iplocation,logging_type,room_id,timestamp";

    private const string StatsRow =
        "1671638005788,beb8,\"d1,\"\"N\",inbound-rtp,audio,4678,0.013,2.0,196.0,,,0.0156";

    private const string SignalRow =
        "639b,c1,\"{\"\"country\"\": \"\"D\\u00f8\"\", \"\"x\"\": [1]}\",CLIENT_END,2bc8," +
        "2022-12-15 15:15:59.439689";

    private const string Json =
        """
        {"event_time":"2018-06-02T19:04:44Z","call_id":"C\u00f8\ud83d\ude00","metric":"m",
         "value":1.5e3,"jitter":"NaN","signaling_event":{"pdd":{"pdd":2.8}},"metrics":{"pdd":1},
         "packets_lost":"5","dimensions":{"country":"us","x":[{}]},"call_state":"busy"}
        """;

    [Theory]
    [InlineData("getstats-csv", StatsHeader, StatsRow)]
    [InlineData("signalling-csv", SignalHeader, SignalRow)]
    [InlineData("call-event-json", "", Json)]
    [InlineData("call-metric-json", "", Json)]
    [InlineData("stream-report-json", "", Json)]
    [InlineData("call-summary-json", "", Json)]
    public void Damage_is_an_answer_not_an_exception(string format, string header, string row)
    {
        Random random = new(99);
        IRecordDecoder decoder = InputFormat.Parse(format).CreateDecoder(
            InputSchema.ParseCsvHeader(Encoding.UTF8.GetBytes(header)));
        byte[] whole = Encoding.UTF8.GetBytes(row);
        EventRecord record = NewRecord();
        Assert.True(decoder.Decode(whole, record) == DecodeResult.Event, record.DeadDetail);
        string expected = Describe(record);
        HashSet<DecodeResult> seen = [];
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = Damage(whole, random);
            ulong hash = decoder.RoutingHash(damaged);
            DecodeResult result = decoder.Decode(damaged, record);
            seen.Add(result);
            Assert.Equal(result == DecodeResult.Dead, record.DeadDetail.Length > 0);
            Assert.Equal(result == DecodeResult.Event, record.Kind != EventKind.None);
            if (result == DecodeResult.Event && record.CallId != 0)
                Assert.Equal(record.CallId, hash);
            Assert.Equal(DecodeResult.Event, decoder.Decode(whole, record));
            Assert.Equal(expected, Describe(record));
        }

        Assert.Contains(DecodeResult.Dead, seen);
        Assert.Contains(DecodeResult.Event, seen);
    }

    private static byte[] Damage(byte[] whole, Random random)
    {
        byte[] damaged = random.Next(4) == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
        for (int i = random.Next(4); i > 0 && damaged.Length > 0; i--)
        {
            damaged[random.Next(damaged.Length)] = random.Next(3) == 0
                ? (byte)random.Next(256)
                : (byte)"\"\\{}[],:0u-."[random.Next(12)];
        }

        return damaged;
    }

    private static string Describe(EventRecord record) =>
        $"{record.Kind} {record.EventTimeMs} {record.EventId} {record.CallId} {record.StreamId} " +
        $"{string.Join(',', record.Dimensions)} {record.State} {record.SipResponse} " +
        $"{record.Partial} {record.PacketsReceived} {record.PacketsLost} " +
        $"{record.PacketsReceivedTotal} {record.PacketsLostTotal} {record.AudioLevelIn} " +
        string.Join(',', record.Values.ToArray());
}
