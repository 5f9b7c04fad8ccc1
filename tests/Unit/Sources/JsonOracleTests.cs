using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Sources;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using static Earshot.Tests.Unit.Sources.SourcesTesting;

namespace Earshot.Tests.Unit.Sources;

/// <summary>
/// What Google.Protobuf's JsonFormatter writes of random messages is read back as those messages
/// say.
/// </summary>
public sealed class JsonOracleTests
{
    private static readonly string[] Texts = ["", "a", "telco <b>", "Ø😀", "q\"\\\n\t\u0001", "x/y"];

    private readonly Random random = new(42);
    private readonly EventRecord record = NewRecord();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Call_events(bool protoNames)
    {
        for (int i = 0; i < 300; i++)
        {
            CallEvent e = new()
            {
                EventTime = Time(), LoggedTime = Time(), EventId = Text(), CallId = Text(),
                RouteId = Text(), EventType = "signaling_event",
            };
            Dimensions(e.Dimensions);
            if (Some())
                e.SipResponse = random.Next(100, 700);
            if (Some())
                e.SignalingEvent = Signaling();
            Read(e, "call-event-json", protoNames);
            Check(e.EventTime, e.LoggedTime, e.EventId, e.CallId);
            CheckDimensions(e.Dimensions, e.RouteId);
            Assert.Equal(e.HasSipResponse ? e.SipResponse : 0, record.SipResponse);
            Assert.Equal(
                e.SignalingEvent?.CallState?.State ?? CallState.Types.State.Unspecified,
                record.State);
            Assert.Equal(e.SignalingEvent?.Pdd?.Pdd, record.ValueOf(Metrics.Pdd));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Call_metrics(bool protoNames)
    {
        for (int i = 0; i < 300; i++)
        {
            CallMetric e = new()
            {
                EventTime = Time(), LoggedTime = Time(), EventId = Text(), CallId = Text(),
                Metric = "m" + Text(), Value = Number(),
            };
            Dimensions(e.Dimensions);
            Read(e, "call-metric-json", protoNames);
            Check(e.EventTime, e.LoggedTime, e.EventId, e.CallId);
            CheckDimensions(e.Dimensions, "");
            Assert.Equal(e.Value, record.ValueOf(record.Metrics.Intern(e.Metric)));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Stream_reports(bool protoNames)
    {
        for (int i = 0; i < 300; i++)
        {
            StreamReport e = new()
            {
                EventTime = Time(), LoggedTime = Time(), EventId = Text(), CallId = Text(),
                StreamId = Text(), Codec = Text(), IceState = Some() ? "failed" : "connected",
            };
            Dimensions(e.Dimensions);
            SetOptional(e);
            Read(e, "stream-report-json", protoNames);
            Check(e.EventTime, e.LoggedTime, e.EventId, e.CallId);
            CheckDimensions(e.Dimensions, "");
            Assert.Equal(Id(e.StreamId), record.StreamId);
            Assert.Equal(e.IceState == "" ? null : e.IceState == "failed", record.IceFailed);
            Assert.Equal(e.HasPacketsReceived ? e.PacketsReceived : -1, record.PacketsReceived);
            Assert.Equal(e.HasPacketsLost ? e.PacketsLost : long.MinValue, record.PacketsLost);
            Assert.Equal(
                e.HasPacketsReceivedTotal ? e.PacketsReceivedTotal : -1,
                record.PacketsReceivedTotal);
            Assert.Equal(
                e.HasPacketsLostTotal ? e.PacketsLostTotal : long.MinValue,
                record.PacketsLostTotal);
            Assert.Equal(e.HasAudioLevelIn ? e.AudioLevelIn : double.NaN, record.AudioLevelIn);
            Assert.Equal(e.HasAudioLevelOut ? e.AudioLevelOut : double.NaN, record.AudioLevelOut);
            CheckValue(e.HasPacketLossPercentage, e.PacketLossPercentage, Metrics.PacketLoss);
            CheckValue(e.HasJitter, e.Jitter, Metrics.Jitter);
            CheckValue(e.HasMaxJitter, e.MaxJitter, Metrics.MaxJitter);
            CheckValue(e.HasRtt, e.Rtt, Metrics.Rtt);
            CheckValue(e.HasLatency, e.Latency, Metrics.Latency);
            CheckValue(e.HasMos, e.Mos, Metrics.Mos);
            CheckValue(e.HasRemoteJitter, e.RemoteJitter, Metrics.RemoteJitter);
            CheckValue(
                e.HasRemotePacketLossPercentage, e.RemotePacketLossPercentage,
                Metrics.RemotePacketLoss);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Call_summaries(bool protoNames)
    {
        for (int i = 0; i < 300; i++)
        {
            CallSummary e = new()
            {
                EventTime = Time(), LoggedTime = Time(), EventId = Text(), CallId = Text(),
                ProcessingState = (CallSummary.Types.ProcessingState)random.Next(3),
                CallState = (CallState.Types.State)random.Next(11), Codec = Text(),
                DisconnectedBy = Text(), Source = Text(), Destination = Text(),
            };
            Dimensions(e.Dimensions);
            e.Tags.Add(Text());
            if (Some())
                SetOptional(e.Metrics = new());
            SetOptional(e);
            Read(e, "call-summary-json", protoNames);
            Check(e.EventTime, e.LoggedTime, e.EventId, e.CallId);
            CheckDimensions(e.Dimensions, "");
            Assert.Equal(
                e.ProcessingState == CallSummary.Types.ProcessingState.Partial, record.Partial);
            Assert.Equal(e.CallState, record.State);
            Assert.Equal(e.HasLastSipResponse ? e.LastSipResponse : 0, record.SipResponse);
            CallSummary.Types.Metrics m = e.Metrics ?? new();
            CheckValue(e.HasScore, e.Score, Metrics.Score);
            CheckValue(m.HasConnectDuration, m.ConnectDuration, Metrics.ConnectDuration);
            CheckValue(m.HasPdd, m.Pdd, Metrics.Pdd);
            CheckValue(m.HasAvgJitter, m.AvgJitter, Metrics.AvgJitter);
            CheckValue(m.HasMaxJitter, m.MaxJitter, Metrics.MaxJitter);
            CheckValue(m.HasAvgLatency, m.AvgLatency, Metrics.AvgLatency);
            CheckValue(m.HasMaxLatency, m.MaxLatency, Metrics.MaxLatency);
            CheckValue(m.HasPacketLossPercentage, m.PacketLossPercentage, Metrics.PacketLoss);
            CheckValue(m.HasMos, m.Mos, Metrics.Mos);
        }
    }

    private void Read(IMessage message, string format, bool protoNames)
    {
        JsonFormatter formatter = new(
            JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(protoNames));
        string line = formatter.Format(message);
        DecodeResult result =
            InputFormat.Parse(format).CreateDecoder(InputSchema.None).Decode(line, record);
        Assert.True(result == DecodeResult.Event, $"{record.DeadDetail}: {line}");
    }

    private void Check(long eventTime, long loggedTime, string eventId, string callId)
    {
        Assert.Equal((eventTime, loggedTime), (record.EventTimeMs, record.LoggedTimeMs));
        Assert.Equal((Id(eventId), Id(callId)), (record.EventId, record.CallId));
    }

    private void CheckDimensions(MapField<string, string> dimensions, string routeId)
    {
        foreach (string name in record.DimensionSet.Names)
        {
            string? expected = dimensions.TryGetValue(name, out string? text) ? text : null;
            if (name == "route" && string.IsNullOrEmpty(expected))
                expected = routeId;
            Assert.Equal(expected == "" ? null : expected, record.Dimension(name));
        }
    }

    private void CheckValue(bool has, double value, int metric) =>
        Assert.Equal(has ? value : null, record.ValueOf(metric));

    // Sets about half of the optional fields, whichever there are.
    private void SetOptional(IMessage message)
    {
        foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            if (!field.HasPresence || !Some())
                continue;
            if (field.FieldType == FieldType.Double)
                field.Accessor.SetValue(message, Number());
            else if (field.FieldType == FieldType.Int64)
                field.Accessor.SetValue(message, random.NextInt64(-5, long.MaxValue));
            else if (field.FieldType == FieldType.Int32)
                field.Accessor.SetValue(message, random.Next());
        }
    }

    private SignalingEvent Signaling() => random.Next(3) switch
    {
        0 => new SignalingEvent { Name = Text(), EventType = SignalingType.Types.Type.Pdd },
        1 => new SignalingEvent { Pdd = new PostDialDelay { Pdd = Some() ? 0 : Number() } },
        _ => new SignalingEvent
        {
            EventType = SignalingType.Types.Type.CallState,
            CallState = new CallState { State = (CallState.Types.State)random.Next(11) },
        },
    };

    private void Dimensions(MapField<string, string> into)
    {
        foreach (string name in new[] { "country", "carrier", "isp", "route", "other" })
        {
            if (Some())
                into[name] = Text();
        }
    }

    private double Number() => random.Next(8) switch
    {
        0 => double.NaN,
        1 => double.PositiveInfinity,
        2 => -random.NextDouble() * 1e300,
        3 => random.NextDouble() * 1e-300,
        4 => random.Next(1000),
        _ => random.NextDouble() * 1000,
    };

    private static ulong Id(string text) => text.Length == 0 ? 0 : Hash(text);

    private long Time() => Some() ? 0 : random.NextInt64();

    private string Text() => Texts[random.Next(Texts.Length)];

    private bool Some() => random.Next(2) == 0;
}
