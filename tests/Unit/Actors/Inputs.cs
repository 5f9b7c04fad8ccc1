using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using PipelineOptions = Earshot.Actors.PipelineOptions;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

/// <summary>Input records, and the pipeline they are made for.</summary>
internal static class Inputs
{
    /// <summary>A full five minutes, ms since the epoch.</summary>
    public const long T0 = 1_699_999_800_000;

    public const long LatenessMs = 60_000;

    /// <summary>When the input was taken in.</summary>
    public const long AppendTimeMs = T0 + (24 * 3_600_000);

    public static readonly PipelineOptions Options = new()
    {
        Windows = [WindowSpec.Parse("1m")],
        Keys = GroupingSet.ParseAll("()"),
        LatenessMs = LatenessMs,
        CallLimitMs = 600_000,
    };

    public static byte[] Metric(
        long at, double value = 1, string id = "", string metric = "depth", string carrier = "",
        string country = "")
    {
        CallMetric message = new() { EventTime = at, EventId = id, Metric = metric, Value = value };
        Say(message.Dimensions, carrier, country);
        return new Envelope { CallMetric = message }.ToByteArray();
    }

    public static byte[] Step(
        string call, State state, long at, string id = "", int sip = 0, string carrier = "",
        string country = "")
    {
        CallEvent message = new()
        {
            EventTime = at,
            EventId = id,
            CallId = call,
            SignalingEvent = new SignalingEvent { CallState = new CallState { State = state } },
        };
        if (sip > 0)
            message.SipResponse = sip;
        Say(message.Dimensions, carrier, country);
        return new Envelope { CallEvent = message }.ToByteArray();
    }

    public static byte[] Pdd(string call, long at, double seconds)
    {
        CallEvent message = new()
        {
            EventTime = at,
            CallId = call,
            SignalingEvent = new SignalingEvent { Pdd = new PostDialDelay { Pdd = seconds } },
        };
        return new Envelope { CallEvent = message }.ToByteArray();
    }

    public static byte[] Summary(
        string call, long at, bool partial = false, double? pdd = null, double? mos = null,
        State state = State.Completed, string id = "", string carrier = "", double? score = null,
        string country = "")
    {
        CallSummary message = new()
        {
            EventTime = at,
            EventId = id,
            CallId = call,
            ProcessingState = partial
                ? CallSummary.Types.ProcessingState.Partial
                : CallSummary.Types.ProcessingState.Complete,
            CallState = state,
            Metrics = new CallSummary.Types.Metrics(),
        };
        if (pdd is { } delay)
            message.Metrics.Pdd = delay;
        if (mos is { } opinion)
            message.Metrics.Mos = opinion;
        if (score is { } quality)
            message.Score = quality;
        Say(message.Dimensions, carrier, country);
        return new Envelope { CallSummary = message }.ToByteArray();
    }

    public static byte[] Report(string stream, long at, long received, long lost)
    {
        StreamReport message = new()
        {
            EventTime = at,
            StreamId = stream,
            PacketsReceivedTotal = received,
            PacketsLostTotal = lost,
        };
        return new Envelope { StreamReport = message }.ToByteArray();
    }

    public static byte[] Loss(
        long at, double percent, string stream = "s", string call = "", string id = "",
        string carrier = "")
    {
        StreamReport message = new()
        {
            EventTime = at,
            EventId = id,
            CallId = call,
            StreamId = stream,
            PacketLossPercentage = percent,
        };
        Say(message.Dimensions, carrier);
        return new Envelope { StreamReport = message }.ToByteArray();
    }

    /// <summary>A report of a call's media, with what is said beside.</summary>
    public static byte[] Media(
        string call, long at, Action<StreamReport> say, string stream = "", string edge = "")
    {
        StreamReport message = new() { EventTime = at, CallId = call, StreamId = stream };
        if (edge.Length > 0)
            message.Dimensions.Add("edge", edge);
        say(message);
        return new Envelope { StreamReport = message }.ToByteArray();
    }

    public static RecordBatch Batch(long from, params byte[][] records)
    {
        RecordBatchBuilder builder = new();
        for (int i = 0; i < records.Length; i++)
            builder.Add(from + i, [], records[i]);
        return builder.Build(
            new TopicPartition(Earshot.Actors.Topics.Default.Calls, 0), from, from + records.Length,
            AppendTimeMs, "calls");
    }

    private static void Say(
        MapField<string, string> dimensions, string carrier, string country = "")
    {
        if (country.Length > 0)
            dimensions.Add("country", country);
        if (carrier.Length > 0)
            dimensions.Add("carrier", carrier);
    }
}
