using System.Diagnostics;
using Earshot.Schemas;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Sources.Traffic;

/// <summary>How a record is made unusable.</summary>
internal enum Damage : byte
{
    None,
    CutOff,
    NoEventTime,
    FarFuture,
    NotANumber,
    NegativePdd,
}

/// <summary>
/// Writes the bytes of one event: the same that the generated message would write, without the
/// message.
/// </summary>
internal sealed class RecordWriter(TrafficRandom random, CallScript script)
{
    /// <summary>Kinds of damage, <see cref="Damage.None"/> not counted.</summary>
    public const int Damages = 5;

    // Far beyond any clock that reads it, so that it never passes for an event of today.
    private const long FarFutureMs = 50L * 365 * 24 * 3_600_000;

    // Envelope tag and a length of one or two bytes go before the event.
    private const int HeaderMax = 3;
    private const int PacketsPerReport = CallScript.ReportEveryMs / 20;

    private Damage damage; // still to be done to this record

    /// <summary>Writes a call's present step into a record.</summary>
    public void Write(LiveCall call, PendingRecord into, ulong eventId, long loggedMs, Damage harm)
    {
        damage = harm;
        into.Kind = KindOf(call.Step);
        WireWriter writer = new(into.Bytes, HeaderMax);
        if (damage == Damage.NoEventTime)
            damage = Damage.None;
        else
            writer.Varint(1, EventTime(into.EventTimeMs));
        writer.Varint(2, loggedMs);
        writer.Id(3, "EV"u8, eventId, default);
        into.KeyLength = "EV0123456789abcdef".Length;
        into.KeyStart = writer.Position - into.KeyLength;
        bool ofCall = into.Kind != EventKind.CallMetric || random.Chance(0.9);
        writer.Copy(call.Fields.AsSpan(0, ofCall ? call.FieldsLength : call.DimensionsLength));
        if (ofCall)
            into.KeyStart = writer.Position - into.KeyLength;
        switch (into.Kind)
        {
            case EventKind.CallEvent:
                WriteSignalling(ref writer, call);
                break;
            case EventKind.StreamReport:
                WriteReport(ref writer, call);
                break;
            case EventKind.CallMetric:
                writer.Bytes(6, "buffer_depth"u8);
                writer.Double(7, Value(TrafficRandom.Round(20 + (30 * random.Exponential()), 10)));
                break;
            default:
                WriteSummary(ref writer, call);
                break;
        }

        Close(into, writer.Position);
    }

    private static EventKind KindOf(CallStep step) => step switch
    {
        CallStep.ReportIn or CallStep.ReportOut => EventKind.StreamReport,
        CallStep.Metric => EventKind.CallMetric,
        CallStep.PartialSummary or CallStep.CompleteSummary => EventKind.CallSummary,
        _ => EventKind.CallEvent,
    };

    private static void Close(PendingRecord into, int end, int kindTag)
    {
        int length = end - HeaderMax;
        Debug.Assert(length < 1 << 14, "two bytes say its length");
        into.Start = length < 0x80 ? 1 : 0;
        into.Bytes[into.Start] = (byte)kindTag;
        into.Bytes[into.Start + 1] = (byte)(length < 0x80 ? length : (length & 0x7F) | 0x80);
        if (length >= 0x80)
            into.Bytes[into.Start + 2] = (byte)(length >> 7);
        into.Length = end - into.Start;
    }

    private void Close(PendingRecord into, int end)
    {
        Close(into, end, ((int)into.Kind << 3) | 2);
        // What has no number to spoil is cut off instead.
        if (damage == Damage.None)
            return;
        into.Length = (int)(into.Length * random.Even());
    }

    private long EventTime(long timeMs)
    {
        if (damage != Damage.FarFuture)
            return timeMs;
        damage = Damage.None;
        return timeMs + FarFutureMs;
    }

    private double Value(double value)
    {
        if (damage != Damage.NotANumber)
            return value;
        damage = Damage.None;
        return double.NaN;
    }

    private double Pdd(double seconds)
    {
        if (damage != Damage.NegativePdd)
            return Value(seconds);
        damage = Damage.None;
        return -1 - seconds;
    }

    private void WriteSignalling(ref WireWriter writer, LiveCall call)
    {
        writer.Bytes(6, CallScript.RouteOf(call));
        writer.Bytes(7, "signaling_event"u8);
        int signaling = writer.Begin(8);
        if (call.Step == CallStep.PostDialDelay)
        {
            writer.Bytes(1, "pdd"u8);
            writer.Varint(2, 1);
            int pdd = writer.Begin(3);
            writer.Double(1, Pdd(call.PddSeconds));
            writer.End(pdd);
            writer.End(signaling);
            return;
        }

        (State state, int sip) = call.Step switch
        {
            CallStep.Initialized => (State.Initialized, 0),
            CallStep.Ringing => (State.Ringing, 180),
            CallStep.Answered => (State.Answered, 200),
            _ => (call.Outcome, call.SipResponse),
        };
        writer.Bytes(1, "call_state"u8);
        writer.Varint(2, 2);
        int detail = writer.Begin(4);
        writer.Varint(1, (int)state);
        writer.End(detail);
        writer.End(signaling);
        if (sip != 0)
            writer.Varint(9, sip);
    }

    private void WriteReport(ref WireWriter writer, LiveCall call)
    {
        bool incoming = call.Step == CallStep.ReportIn;
        (double jitter, double lossShare) = script.QualityAt(call, call.StepMs);
        jitter = TrafficRandom.Round(jitter, 100);
        double jitterMax = TrafficRandom.Round(jitter * (2 + (2 * random.Exponential())), 100);
        double rtt = TrafficRandom.Round((call.RttMs * random.Even(0.95, 1.15)) + (2 * jitter), 10);
        double latency = TrafficRandom.Round((rtt / 2) + jitter, 10);
        bool silentIn = call.SilentIn || call.IceFailed;
        bool silentOut = call.SilentOut || call.IceFailed;
        long lost = (long)((PacketsPerReport * Math.Min(lossShare, 0.9)) + random.Even());
        long received = PacketsPerReport - lost;
        double loss = TrafficRandom.Round(100.0 * lost / PacketsPerReport, 100);
        double mos = TrafficRandom.Round(Mos(latency, loss), 100);
        Count(call, jitter, jitterMax, latency, mos, received, lost);
        // Each leg is one stream. A silent one still sends its packets.
        writer.Id(6, "ST"u8, call.Id, incoming ? "-in"u8 : "-out"u8);
        writer.Varint(7, received);
        writer.Varint(8, lost);
        writer.Double(9, Value(loss));
        writer.Double(10, jitter);
        writer.Double(11, jitterMax);
        writer.Double(12, rtt);
        writer.Double(13, latency);
        writer.Double(14, mos);
        writer.Double(15, silentIn ? 0 : TrafficRandom.Round(random.Even(0.08, 0.6), 1000));
        writer.Double(16, silentOut ? 0 : TrafficRandom.Round(random.Even(0.08, 0.6), 1000));
        writer.Bytes(17, Codec(call));
        if (!call.IsClient)
            return;
        writer.Bytes(18, call.IceFailed ? "failed"u8 : "connected"u8);
        writer.Double(19, TrafficRandom.Round(jitter * random.Even(0.8, 1.3), 100));
        writer.Double(20, TrafficRandom.Round(loss * random.Even(0.5, 1.2), 100));
    }

    private static void Count(
        LiveCall call, double jitter, double jitterMax, double latency, double mos,
        long received, long lost)
    {
        call.Reports++;
        call.JitterSum += jitter;
        call.JitterMax = Math.Max(call.JitterMax, jitterMax);
        call.LatencySum += latency;
        call.LatencyMax = Math.Max(call.LatencyMax, latency);
        call.MosSum += mos;
        call.Received += received;
        call.Lost += lost;
    }

    private static ReadOnlySpan<byte> Codec(LiveCall call) => call.IsClient ? "opus"u8 : "PCMU"u8;

    private void WriteSummary(ref WireWriter writer, LiveCall call)
    {
        bool complete = call.Step == CallStep.CompleteSummary;
        double mos = call.Reports == 0 ? 0 : call.MosSum / call.Reports;
        writer.Varint(6, complete ? 2 : 1);
        if (complete && call.AnswerMs == 0)
            writer.Double(7, call.Outcome == State.Failed ? 0 : 1);
        else if (complete && call.Reports > 0)
            writer.Double(7, Value(TrafficRandom.Round((mos - 1) / 3.5, 1000)));
        int metrics = writer.Begin(8);
        if (call.AnswerMs != 0)
            writer.Double(1, (call.EndMs - call.AnswerMs) / 1000.0);
        if (call.HasPdd)
            writer.Double(2, Pdd(call.PddSeconds));
        if (complete && call.Reports > 0)
        {
            writer.Double(3, TrafficRandom.Round(call.JitterSum / call.Reports, 100));
            writer.Double(4, call.JitterMax);
            writer.Double(5, TrafficRandom.Round(call.LatencySum / call.Reports, 10));
            writer.Double(6, call.LatencyMax);
            double loss = 100.0 * call.Lost / (call.Lost + call.Received);
            writer.Double(7, TrafficRandom.Round(loss, 100));
            writer.Double(8, TrafficRandom.Round(mos, 100));
        }

        writer.End(metrics);
        writer.Varint(9, (int)call.Outcome);
        writer.Varint(10, call.SipResponse);
        writer.Bytes(11, Codec(call));
        if (complete)
            writer.Bytes(13, (call.Id & 1) == 0 ? "caller"u8 : "callee"u8);
    }

    // The E-model (ITU-T G.107), shortened: delay, and loss of G.711 with concealment (G.113: Bpl
    // 25.1). Rough, but worse when the network is.
    private static double Mos(double latencyMs, double lossPercent)
    {
        double r = 93.2 - (0.024 * latencyMs) - (95 * lossPercent / (lossPercent + 25.1));
        if (latencyMs > 177.3)
            r -= 0.11 * (latencyMs - 177.3);
        r = Math.Clamp(r, 0, 100);
        return Math.Clamp(1 + (0.035 * r) + (r * (r - 60) * (100 - r) * 7e-6), 1, 4.5);
    }
}
