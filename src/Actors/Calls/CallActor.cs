using System.Collections;
using Earshot.Analytics;
using Earshot.Schemas;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Actors.Calls;

/// <summary>How long a call is kept.</summary>
/// <param name="OpenMs">Without an end, after its first step or summary, ms.</param>
/// <param name="TogetherMs">
/// After its last stream report, where there is nothing but reports: media without signalling
/// ends nowhere, and its calls must not pile up. And after the end of a call, so that what comes
/// again is known, ms.
/// </param>
internal readonly record struct CallLimits(long OpenMs, long TogetherMs)
{
    /// <summary>The limits of a pipeline.</summary>
    public static CallLimits Of(PipelineOptions options) =>
        new(options.CallLimitMs, Math.Max(options.LatenessMs, 60_000));
}

/// <summary>
/// One live call: its signalling steps joined, its partial summary, and what its stream reports
/// say. Each step keeps its earliest time, so repeats, re-INVITEs and disorder change nothing.
/// </summary>
internal sealed class CallActor
{
    /// <summary>"This step was not seen", ms.</summary>
    public const long Never = long.MaxValue;

    // What each stream report looks at comes first, in the object's first two lines: the runtime
    // lays out references, then longs, each in this order.

    /// <summary>
    /// Its id as it came; empty unless rows of calls are written. Not among what
    /// <see cref="Write"/> writes.
    /// </summary>
    public string IdText = "";

    /// <summary>Symbols by ordinal; the first value said stays.</summary>
    public readonly int[] Dimensions;

    private CallMedia? ownMedia; // kept for the calls it stands for later
    private MetricValue[] partialValues = [];

    /// <summary>The verdict.</summary>
    public long EndMs = Never;

    /// <summary>
    /// End time of the newest partial summary; <see cref="Never"/> when there is none.
    /// </summary>
    public long PartialMs = Never;

    /// <summary>When its first step or summary happened; reports do not count.</summary>
    public long FirstMs = Never;

    /// <summary>When its next timer goes off; not part of snapshots.</summary>
    public long TimerMs = Never;

    /// <summary>The call's id; 0 while it stands for none.</summary>
    public ulong Id;

    /// <summary>Call attempt.</summary>
    public long InitializedMs = Never;

    /// <summary>First sign from the far end: ringing, answered or media running.</summary>
    public long FirstSignMs = Never;

    /// <summary>Answered by signalling.</summary>
    public long AnsweredMs = Never;

    /// <summary>Media running.</summary>
    public long InProgressMs = Never;

    /// <summary>Media ended.</summary>
    public long DisconnectedMs = Never;

    /// <summary>When <see cref="SipResponse"/> was seen.</summary>
    public long SipResponseMs;

    /// <summary>The PDD of an event, counted when it came, s; NaN for none.</summary>
    public double CountedPddSeconds = double.NaN;

    /// <summary>Which verdict: Completed, Failed, Busy, Noanswer or Canceled.</summary>
    public State EndState = State.Unspecified;

    /// <summary>Last SIP response seen, and when.</summary>
    public int SipResponse;

    /// <summary>State the partial summary says.</summary>
    public State PartialState = State.Unspecified;

    private int partialCount;

    public CallActor(int dimensions) => Dimensions = new int[dimensions];

    /// <summary>Values of the partial summary.</summary>
    public ReadOnlySpan<MetricValue> PartialValues => partialValues.AsSpan(0, partialCount);

    /// <summary>What its stream reports say; null when there were none.</summary>
    public CallMedia? Media { get; private set; }

    /// <summary>Says that it is used soon.</summary>
    /// <param name="forReport">By a stream report, for which its first lines are enough.</param>
    public void WillUse(bool forReport)
    {
        CacheLine.FetchObject(this);
        if (!forReport)
            CacheLine.Fetch(ref SipResponse);
    }

    /// <summary>The same once more, when what that fetched has come.</summary>
    public void WillUseAll(bool forReport)
    {
        if (forReport)
            Media?.WillUse();
        else
            CacheLine.FetchObject(Dimensions);
    }

    /// <summary>Makes it a call of which nothing is known; its memory is used again.</summary>
    public void Begin(ulong id)
    {
        Id = id;
        FirstMs = InitializedMs = FirstSignMs = AnsweredMs = InProgressMs = DisconnectedMs = Never;
        EndMs = PartialMs = TimerMs = Never;
        EndState = PartialState = State.Unspecified;
        SipResponse = 0;
        SipResponseMs = 0;
        CountedPddSeconds = double.NaN;
        partialCount = 0;
        IdText = "";
        ownMedia?.Begin();
        Media = null;
        Array.Clear(Dimensions);
    }

    /// <summary>True when an event told its PDD, and that was counted.</summary>
    public bool PddCounted => !double.IsNaN(CountedPddSeconds);

    /// <summary>True while nothing told of its end.</summary>
    public bool IsOpen => PartialMs == Never && EndMs == Never;

    /// <summary>True when it was answered and then failed.</summary>
    public bool FailedAfterAnswer =>
        AnsweredMs != Never && EndState == State.Failed && EndMs >= AnsweredMs;

    /// <summary>True when nothing but stream reports came.</summary>
    public bool IsMediaOnly => FirstMs == Never;

    /// <summary>The attempt, else the far end's first sign; null when neither is known.</summary>
    public long? StartedMs => InitializedMs != Never ? InitializedMs
        : FirstSignMs != Never ? FirstSignMs : null;

    /// <summary>Why it is given up, when no end comes.</summary>
    public UnresolvedReason WhyOpen =>
        AnsweredMs != Never || InProgressMs != Never ? UnresolvedReason.NoEnd
        : InitializedMs != Never || FirstSignMs != Never ? UnresolvedReason.NoAnswer
        : UnresolvedReason.NoStart;

    /// <summary>When the call is counted, or given up, unless something comes before.</summary>
    public long DeadlineMs(CallLimits limits) =>
        PartialMs != Never ? PartialMs
        : EndMs != Never ? EndMs
        : !IsMediaOnly ? FirstMs + limits.OpenMs
        : Media is not null ? Media.LastMs + limits.TogetherMs
        : Never;

    /// <summary>Takes in a stream report.</summary>
    /// <param name="report">The report.</param>
    /// <param name="values">Its values, the absurd ones left out.</param>
    /// <param name="edge">Where it was made.</param>
    public void Report(EventRecord report, ReadOnlySpan<MetricValue> values, Edge edge)
    {
        Media ??= ownMedia ??= new CallMedia();
        Media.Add(report, values, edge);
    }

    /// <summary>Takes in a signalling step.</summary>
    public void Step(EventRecord step)
    {
        long time = step.EventTimeMs;
        Join(step);
        if (step.SipResponse > 0
            && (time, step.SipResponse).CompareTo((SipResponseMs, SipResponse)) > 0)
            (SipResponse, SipResponseMs) = (step.SipResponse, time);
        switch (step.State)
        {
            case State.Initialized:
                InitializedMs = Math.Min(InitializedMs, time);
                break;
            case State.Ringing:
                FirstSignMs = Math.Min(FirstSignMs, time);
                break;
            case State.Answered:
                AnsweredMs = Math.Min(AnsweredMs, time);
                FirstSignMs = Math.Min(FirstSignMs, time);
                break;
            case State.InProgress:
                InProgressMs = Math.Min(InProgressMs, time);
                FirstSignMs = Math.Min(FirstSignMs, time);
                break;
            case State.Disconnected:
                DisconnectedMs = Math.Min(DisconnectedMs, time);
                break;
            case State.Completed or State.Failed or State.Busy or State.Noanswer or State.Canceled:
                if ((time, (int)step.State).CompareTo((EndMs, (int)EndState)) < 0)
                    (EndMs, EndState) = (time, step.State);
                break;
        }
    }

    /// <summary>Takes in a partial summary; a later one replaces an earlier one.</summary>
    public void Summarise(EventRecord summary, ReadOnlySpan<MetricValue> values)
    {
        Join(summary);
        if (PartialMs != Never && summary.EventTimeMs < PartialMs)
            return;
        PartialMs = summary.EventTimeMs;
        PartialState = summary.State;
        SetPartialValues(values);
        if (summary.SipResponse > 0)
            (SipResponse, SipResponseMs) = (summary.SipResponse, summary.EventTimeMs);
        for (int i = 0; i < Dimensions.Length; i++)
        {
            if (summary.Dimensions[i] != 0)
                Dimensions[i] = summary.Dimensions[i];
        }
    }

    /// <summary>
    /// PDD, s: from the attempt to the far end's first sign. Null where either is missing.
    /// </summary>
    public double? PddSeconds => Seconds(InitializedMs, FirstSignMs);

    /// <summary>
    /// Session request delay of a failed attempt, s: to its final failure response, where one was
    /// seen and no sign from the far end (RFC 6076 4.3.2; 401, 402 and 407 ask for credentials
    /// only). A response that comes again moves nothing: the verdict's time bounds it.
    /// </summary>
    public double? FailedSrdSeconds =>
        FirstSignMs == Never && EndState != State.Completed
        && SipResponse is >= 400 and <= 699 and not (401 or 402 or 407)
            ? Seconds(InitializedMs, Math.Min(EndMs, SipResponseMs)) : null;

    /// <summary>
    /// Connected time, ms: media running to media ended, else answered to completed. Null where
    /// either is missing.
    /// </summary>
    public long? ConnectedMs =>
        InProgressMs != Never && DisconnectedMs != Never ? DisconnectedMs - InProgressMs
        : AnsweredMs != Never && EndMs != Never ? EndMs - AnsweredMs
        : null;

    private static double? Seconds(long from, long to) =>
        from == Never || to == Never ? null : (to - from) / 1000.0;

    private void SetPartialValues(ReadOnlySpan<MetricValue> values)
    {
        if (partialValues.Length < values.Length)
            partialValues = new MetricValue[values.Length];
        values.CopyTo(partialValues);
        partialCount = values.Length;
    }

    private void Join(EventRecord record)
    {
        FirstMs = Math.Min(FirstMs, record.EventTimeMs);
        for (int i = 0; i < Dimensions.Length; i++)
        {
            if (Dimensions[i] == 0)
                Dimensions[i] = record.Dimensions[i];
        }
    }

    /// <summary>Marks the symbols it uses.</summary>
    public void MarkSymbols(BitArray values, BitArray metrics)
    {
        foreach (int symbol in Dimensions)
            values[symbol] = true;
        foreach (MetricValue value in PartialValues)
            metrics[value.Metric] = true;
    }

    /// <summary>Writes it for a snapshot.</summary>
    public void Write(BinaryWriter writer, SymbolTable dimensionValues, SymbolTable metrics)
    {
        foreach (long time in (ReadOnlySpan<long>)[
            FirstMs, InitializedMs, FirstSignMs, AnsweredMs, InProgressMs, DisconnectedMs, EndMs,
            PartialMs, SipResponseMs])
            writer.Write(time);
        writer.Write((byte)EndState);
        writer.Write((byte)PartialState);
        writer.Write7BitEncodedInt(SipResponse);
        writer.Write(CountedPddSeconds);
        writer.Write7BitEncodedInt(PartialValues.Length);
        foreach (MetricValue value in PartialValues)
        {
            writer.Write(metrics[value.Metric]);
            writer.Write(value.Value);
        }

        foreach (int symbol in Dimensions)
            writer.Write(dimensionValues[symbol]);
        writer.Write(Media is not null);
        Media?.Write(writer);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="reader">Where to read.</param>
    /// <param name="dimensions">Number of dimensions.</param>
    /// <param name="dimensionValues">Symbols of their values.</param>
    /// <param name="metrics">Symbols of metrics.</param>
    /// <param name="hasMedia">False: an older version wrote it, which joined no reports.</param>
    public static CallActor Read(
        BinaryReader reader, int dimensions, SymbolTable dimensionValues, SymbolTable metrics,
        bool hasMedia)
    {
        CallActor call = new(dimensions)
        {
            FirstMs = reader.ReadInt64(),
            InitializedMs = reader.ReadInt64(),
            FirstSignMs = reader.ReadInt64(),
            AnsweredMs = reader.ReadInt64(),
            InProgressMs = reader.ReadInt64(),
            DisconnectedMs = reader.ReadInt64(),
            EndMs = reader.ReadInt64(),
            PartialMs = reader.ReadInt64(),
            SipResponseMs = reader.ReadInt64(),
            EndState = (State)reader.ReadByte(),
            PartialState = (State)reader.ReadByte(),
            SipResponse = reader.Read7BitEncodedInt(),
            CountedPddSeconds = reader.ReadDouble(),
            partialCount = reader.Read7BitEncodedInt(),
        };
        call.partialValues = new MetricValue[call.partialCount];
        for (int i = 0; i < call.partialCount; i++)
        {
            int metric = metrics.InternForUse(reader.ReadString());
            call.partialValues[i] = new MetricValue(metric, reader.ReadDouble());
        }

        for (int i = 0; i < dimensions; i++)
            call.Dimensions[i] = dimensionValues.InternForUse(reader.ReadString());
        if (hasMedia && reader.ReadBoolean())
            call.Media = CallMedia.Read(reader);
        return call;
    }
}
