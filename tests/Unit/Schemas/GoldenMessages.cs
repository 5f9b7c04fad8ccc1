using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Tests.Unit.Schemas;

/// <summary>
/// The messages whose bytes lie in Golden. Never changed: a new field or message is a new entry
/// and a new file.
/// </summary>
internal static class GoldenMessages
{
    private const long Noon = 1_700_000_000_000;

    public static IReadOnlyDictionary<string, IMessage> All { get; } =
        new Dictionary<string, IMessage>
        {
            ["call-event-pdd"] = CallEvent(new SignalingEvent
            {
                Name = "preflight",
                EventType = SignalingType.Types.Type.Pdd,
                Pdd = new PostDialDelay { Pdd = 2.8 },
            }),
            ["call-event-state"] = CallEvent(new SignalingEvent
            {
                Name = "answer",
                EventType = SignalingType.Types.Type.CallState,
                CallState = new CallState { State = CallState.Types.State.Answered },
            }),
            ["call-metric"] = CallMetric(),
            ["stream-report"] = StreamReport(),
            ["stream-report-2"] = StreamReport2(),
            ["call-summary"] = CallSummary(),
            ["call-summary-2"] = CallSummary2(),
            ["bundle"] = Bundle(),
            ["bundle-rows"] = BundleOfRows(),
            ["bundle-rows-2"] = BundleOfShortRows(),
            ["control-idle"] = Control(control => control.Idle = new Control.Types.Idle()),
            ["control-ended"] = Control(control => control.Ended = new Control.Types.Ended()),
            ["control-started"] = Control(control =>
            {
                control.Stage = "rekey";
                control.Started = new Control.Types.Started();
            }),
            ["control-skip"] = Control(control =>
                control.Skip = new Control.Types.Skip { Error = "boom" }),
            ["control-configure"] = Control(control => control.Configure =
                new Control.Types.Configure { Fingerprint = "f1", Json = "{\"a\":1}" }),
            ["aggregate"] = Aggregate(),
            ["insight"] = Insight(),
            ["insight-sessions"] = InsightWithSessions(),
            ["insight-mos"] = InsightWithMosSources(),
            ["prediction"] = Prediction(),
            ["warning"] = Warning(),
            ["warning-cleared"] = WarningCleared(),
            ["finished-call"] = FinishedCall(),
            ["late-row"] = LateRow(),
            ["dead-letter"] = DeadLetter(),
        };

    private static Envelope CallEvent(SignalingEvent signaling) => new()
    {
        CallEvent = new CallEvent
        {
            EventTime = Noon, LoggedTime = Noon + 20, EventId = "E1", CallId = "C1",
            RouteId = "RI1", EventType = "signaling_event", SipResponse = 183,
            Dimensions = { ["country"] = "us" }, SignalingEvent = signaling,
        },
    };

    private static Envelope CallMetric() => new()
    {
        CallMetric = new CallMetric
        {
            EventTime = Noon, LoggedTime = Noon + 20, EventId = "E2", CallId = "C1",
            Metric = "buffer_depth", Value = 42.5, Dimensions = { ["edge"] = "sip_edge" },
        },
    };

    private static Envelope StreamReport() => new()
    {
        StreamReport = new StreamReport
        {
            EventTime = Noon, LoggedTime = Noon + 20, EventId = "E3", CallId = "C1",
            Dimensions = { ["carrier"] = "telco_a" }, StreamId = "S1",
            PacketsReceived = 498, PacketsLost = -2, PacketLossPercentage = 0.4, Jitter = 3.5,
            MaxJitter = 31, Rtt = 120, Latency = 61.5, Mos = 4.25, AudioLevelIn = 0.5,
            AudioLevelOut = 0.25, Codec = "opus", IceState = "connected", RemoteJitter = 2.5,
            RemotePacketLossPercentage = 1.5, PacketsReceivedTotal = 4980, PacketsLostTotal = 20,
        },
    };

    private static Envelope StreamReport2() => new()
    {
        StreamReport = new StreamReport
        {
            EventTime = Noon, StreamId = "S1", PacketsSent = 500, PacketsSentTotal = 5000,
            DelayedPacketsPercentage = 0.5, BurstLossDensity = 25.5, BurstDuration = 360,
            GapLossDensity = 0.25, GapDuration = 9640, BurstRatio = 1.75,
        },
    };

    private static Envelope CallSummary2() => new()
    {
        CallSummary = new CallSummary
        {
            EventTime = Noon,
            Metrics = new CallSummary.Types.Metrics { Rtt = 120, DelayedPacketsPercentage = 0.5 },
        },
    };

    private static Envelope CallSummary() => new()
    {
        CallSummary = new CallSummary
        {
            EventTime = Noon, LoggedTime = Noon + 20, EventId = "E4", CallId = "C1",
            Dimensions = { ["account"] = "AC1" },
            ProcessingState = Earshot.Schemas.V1.CallSummary.Types.ProcessingState.Complete,
            Score = 0.75,
            Metrics = new CallSummary.Types.Metrics
            {
                ConnectDuration = 61.25, Pdd = 1.5, AvgJitter = 4.5, MaxJitter = 31,
                AvgLatency = 60, MaxLatency = 90, PacketLossPercentage = 0.4, Mos = 4.25,
            },
            CallState = CallState.Types.State.Completed, LastSipResponse = 200, Codec = "opus",
            Tags = { "low_mos", "silent" }, DisconnectedBy = "caller", Source = "+41440000000",
            Destination = "+4930000000", SignalingAz = "us1-a", MediaAz = "us1-b",
        },
    };

    private static Bundle Bundle() => new()
    {
        SourcePartition = 3, SourcePartitions = 8, From = 1000, To = 2000, Watermark = Noon,
        Chunk = 1, Chunks = 2, Idle = true, Ended = true, Symbols = { "us", "pdd" },
        KeyGrouping = { 0, 1 }, KeyDimensions = { 1, 0, 2 }, KeyWidth = { 1, 2 },
        MetricKey = { 0, 1 },
        MetricPane = { Noon, -1 }, MetricName = { 2, 2 }, MetricCount = { 1, 65 }, Raw = { 1.5 },
        Sum = { 99.5 }, M2 = { 0.5 }, Min = { -1 }, Max = { 3 }, BucketEntries = { 2 },
        BucketIndex = { -7, 300 }, BucketCount = { 60, 5 }, CallKey = { 0 },
        CallPane = { Noon }, CallCounts = { 3, 2, 1 }, CallWidth = 3,
    };

    private static Bundle BundleOfRows() => new()
    {
        SourcePartition = 3, SourcePartitions = 8, From = 2000, To = 2001, Watermark = Noon,
        Chunks = 1, Format = 1, Symbols = { "us" }, KeyGrouping = { 0 }, KeyDimensions = { 1 },
        KeyWidth = { 1 }, RowKey = { 0 }, RowPane = { Noon }, RowNumbers = { 5 },
        Rows =
        {
            0x1002, 0x3, (61_250 << 8) | 2, 0x3FF8_0000_0000_0000, 0x4010_0000_0000_0000,
        },
    };

    private static Bundle BundleOfShortRows() => new()
    {
        SourcePartition = 3, SourcePartitions = 8, From = 2000, To = 2002, Watermark = Noon,
        Chunks = 1, Format = 2, Symbols = { "us" }, KeyGrouping = { 0 }, KeyDimensions = { 1 },
        KeyWidth = { 1 }, RowKey = { 0 }, RowPane = { Noon }, RowNumbers = { 9 },
        Rows =
        {
            // pdd 1.5, mos 4, connect_duration 61.25 s, which counts; calls, attempts, answered,
            // completed, the third and the ninth tag.
            0x8000_0000_0000_0000 | (1UL << 52) | (0x104UL << 38) | (0x7UL << 22) | 0x5002,
            0x3FF8_0000_0000_0000, 0x4010_0000_0000_0000, 0x404E_A000_0000_0000,
            0x1003, 0x3, (61_250 << 8) | 2, 0x3FF8_0000_0000_0000, 0x4010_0000_0000_0000,
        },
    };

    private static Control Control(Action<Control> what)
    {
        Control control = new() { Partition = 3, AtOffset = 1234 };
        what(control);
        return control;
    }

    private static RowKey Key() => new()
    {
        WindowStart = Noon, WindowEnd = Noon + 300_000, Window = "5m", Grouping = "carrier",
        Dimensions = { ["carrier"] = "telco_a" },
    };

    private static Aggregate Aggregate() => new()
    {
        Key = Key(), Metric = "pdd", Count = 3, Min = 1, Mean = 2, Max = 3, Sum = 6, Stddev = 1,
        P25 = 1.25, P50 = 2, P75 = 2.5, P90 = 2.75, P95 = 2.875, P99 = 3,
        Buckets = { new Bucket { Bucket_ = 1.5, Count = 3 } }, Revision = 77, Final = true,
    };

    private static Insight Insight() => new()
    {
        Key = Key(), Calls = 10, Attempts = 9, Answered = 6, Asr = 66.5, Ner = 88.5, Aloc = 90.25,
        ConnectedMinutes = 9.5, NormalSessions = 6, NormalSessionsShare = 60, Reports = 120,
        Tags = { new TagCount { Tag = "silent", Calls = 1, Reports = 2 } }, Revision = 78,
        Final = true, Busy = 1, Noanswer = 2, Failed = 3, Canceled = 4, ShortCalls = 5,
        LongCalls = 6, Values = 500,
    };

    private static Insight InsightWithSessions()
    {
        Insight insight = Insight();
        insight.Rejected = 7;
        insight.SipKnown = 8;
        insight.DurationKnown = 9;
        insight.Abr = 60.5;
        insight.ShortCallsShare = 12.5;
        insight.LongCallsShare = 37.5;
        insight.Sessions = new Sessions
        {
            Invites = 20, Redirected = 1, Established = 12, Effective = 15, Ineffective = 2,
            Completed = 11, Ser = 63.25, Seer = 78.5, Isa = 10, Scr = 55,
        };
        return insight;
    }

    private static Insight InsightWithMosSources()
    {
        Insight insight = InsightWithSessions();
        insight.MosSources = new MosSources
        {
            Given = 30, Estimated = 90, CodecMissing = 40, CodecUnknown = 5, BplUnknown = 1,
            LossMissing = 2, BurstRatioMissing = 60, DelayMissing = 7, JitterMissing = 3,
        };
        return insight;
    }

    private static Prediction Prediction() => new()
    {
        Key = Key(), Metric = "jitter", Expected = 3, Low = 2, High = 4, Observed = 9,
        NextExpected = 3.5, NextLow = 2.5, NextHigh = 4.5, History = 288, Model = "season/1",
        Revision = 79,
    };

    private static Warning Warning() => new()
    {
        Key = Key(), CallId = "C1", StreamId = "S1", Warning_ = "high_jitter", Raised = true,
        EventTime = Noon, Value = 45, Limit = 30,
    };

    private static FinishedCall FinishedCall() => new()
    {
        Key = new RowKey { Grouping = "call", Dimensions = { ["country"] = "CH" } },
        CallId = "C1", Started = Noon - 9000, Ended = Noon, State = "answered",
        ClosedBy = "complete_summary", ConnectDuration = 7.5, Pdd = 8.5, PddBasis = "summary",
        SipResponse = 200, Score = 0.7, PacketLoss = 1.5, Jitter = 6, MaxJitter = 41,
        DelayedPackets = 0.5, Latency = 90, Rtt = 210, Mos = 3.1, PacketsIn = 700, PacketsOut = 0,
        AudioLevelIn = 0.25, AudioLevelOut = 0.5, IceFailed = true,
        FromReports = { "jitter", "max_jitter" }, Reports = 4,
        Tags =
        {
            new TagDecision
            {
                Tag = "high_pdd", Input = "pdd", Value = 8.5, Limit = 6.25, Basis = "summary",
                BaselineHour = Noon - 7_200_000, Samples = 512,
            },
        },
        SourcePartition = 2, SourceOffset = 99, PddLimit = 6.25, PddLimitHour = Noon - 7_200_000,
        PddLimitSamples = 512,
    };

    private static Warning WarningCleared() => new()
    {
        Key = new RowKey { Grouping = "stream", Dimensions = { ["carrier"] = "telco_a" } },
        CallId = "C1", StreamId = "S1", Warning_ = "high_jitter", EventTime = Noon + 9000,
        Value = 20, Limit = 30, RaisedAt = Noon, DurationS = 9, Cause = "samples",
        SamplesCrossed = 1, SamplesKnown = 5, SourcePartition = 3, SourceOffset = 1234,
        Input = "max_jitter",
    };

    private static LateRow LateRow() => new()
    {
        SourcePartition = 3, SourceOffset = 1234, Reason = "late", EventTime = Noon,
        Watermark = Noon + 1, Origin = "calls.csv", Record = ByteString.CopyFrom(1, 2, 255),
        Aggregate = Aggregate(), Insight = Insight(),
    };

    private static DeadLetter DeadLetter() => new()
    {
        SourcePartition = 3, SourceOffset = 1234, Reason = "malformed", Detail = "truncated",
        Origin = "calls.csv", Line = 12, EventTime = Noon, Record = ByteString.CopyFrom(9, 0),
    };
}
