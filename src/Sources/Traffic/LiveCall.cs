using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Sources.Traffic;

/// <summary>What is due at some time: a call's next step, or a record on its way.</summary>
internal abstract class Scheduled;

/// <summary>What a call does next.</summary>
internal enum CallStep : byte
{
    Initialized,
    PostDialDelay,
    Ringing,
    Answered,
    ReportIn,
    ReportOut,
    Metric,
    Ended,
    PartialSummary,
    CompleteSummary,
    Gone,
}

/// <summary>One call from its first event to its last; reused for later calls.</summary>
internal sealed class LiveCall : Scheduled
{
    /// <summary>Room for the fields that all its events share: about 230 bytes.</summary>
    public const int FieldsMax = 384;

    /// <summary>Dimensions and call id, as every event of the call carries them.</summary>
    public readonly byte[] Fields = new byte[FieldsMax];

    public CallStep Step;

    /// <summary>When the step happens, ms since the epoch.</summary>
    public long StepMs;

    public ulong Id;
    public int FieldsLength;

    /// <summary>Bytes of <see cref="Fields"/> before the call id field.</summary>
    public int DimensionsLength;

    public int Carrier;
    public int Country;
    public bool IsClient; // sdk or client edge: WebRTC
    public State Outcome;
    public int SipResponse;
    public bool HasPdd;
    public double PddSeconds;
    public long StartMs;
    public long AnswerMs;
    public long EndMs;
    public long NextReportMs;

    /// <summary>When a custom metric comes; <see cref="long.MaxValue"/> for never.</summary>
    public long MetricMs;

    public double JitterMs;
    public double LossShare;
    public double RttMs;
    public bool SilentIn;
    public bool SilentOut;
    public bool IceFailed;

    public int Reports;
    public double JitterSum;
    public double JitterMax;
    public double LatencySum;
    public double LatencyMax;
    public double MosSum;
    public long Received;
    public long Lost;

    public void Restart()
    {
        Reports = 0;
        JitterSum = JitterMax = LatencySum = LatencyMax = MosSum = 0;
        Received = Lost = 0;
        MetricMs = long.MaxValue;
        AnswerMs = EndMs = NextReportMs = 0;
        HasPdd = SilentIn = SilentOut = IceFailed = false;
    }
}

/// <summary>One record between the moment it was made and its arrival; reused.</summary>
internal sealed class PendingRecord : Scheduled
{
    /// <summary>Room for one record: the largest, a summary, has about 420 bytes.</summary>
    public const int BytesMax = 768;

    public readonly byte[] Bytes = new byte[BytesMax];
    public int Start;
    public int Length;
    public int KeyStart;
    public int KeyLength;
    public long EventTimeMs;
    public Schemas.EventKind Kind;
    public TrafficFate Fate;

    /// <summary>After how long it is sent again, ms; 0 for never.</summary>
    public long ResendAfterMs;
}
