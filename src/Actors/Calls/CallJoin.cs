using System.Collections;
using System.Text;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Analytics.Quality;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>What became of a record that was neither late nor seen before.</summary>
internal enum Verdict
{
    /// <summary>Counted, or joined to its call.</summary>
    Aggregated,

    /// <summary>Its call's complete summary was counted already.</summary>
    Duplicate,

    /// <summary>
    /// Its call was counted already from what was known then: too late to replace it.
    /// </summary>
    CallCounted,
}

/// <summary>
/// Joins the events of a call, so that a call counts once: at its complete summary, or when the
/// watermark reaches the end that signalling or a partial summary told of.
/// <para>
/// A stream report joins its call when it comes before the call is counted, and, once the call's
/// end is known, happened no later than that. So it depends on the order of the call's own events
/// alone: a report in time that happened by the end always finds the call uncounted, wherever the
/// watermark is, and one that happened later joins nothing, counted or not.
/// </para>
/// </summary>
internal sealed class CallJoin(
    PipelineOptions options, Combiner combiner, int dimensions, SymbolTable dimensionValues,
    SymbolTable metrics, Books books, FinishedRows? finished, GivenUpCalls givenUp)
{
    private readonly CallLimits limits = CallLimits.Of(options);

    private readonly LiveCalls live =
        new(CallLimits.Of(options), dimensions, dimensionValues, metrics, options.ArchiveCalls);

    private readonly StreamCounters streams = new(CallLimits.Of(options).TogetherMs);

    private readonly CountedCalls counted =
        new(CallLimits.Of(options).TogetherMs, options.SeenEventsMax);

    private readonly MetricValue[] scratch = new MetricValue[2];
    private readonly MetricValue[] rest = new MetricValue[EventRecord.ValuesMax];
    private readonly MetricValue[] reportValues = new MetricValue[EventRecord.ValuesMax + 1];

    /// <summary>Calls known and not yet counted.</summary>
    public int Count => live.Count;

    /// <summary>Timers set, those included that no longer fit.</summary>
    public int TimersHeld => live.TimersHeld;

    /// <summary>Ids of counted calls dropped before their time.</summary>
    public long Forgotten => counted.Forgotten;

    /// <summary>Says that an event is taken in soon.</summary>
    public void WillTake(EventRecord next)
    {
        if (next.CallId != 0)
            counted.WillFind(next.CallId);
        live.WillUse(next.CallId, next.Kind == EventKind.StreamReport);
        if (next.StreamId != 0)
            streams.WillTake(next.StreamId);
    }

    /// <summary>Says that the events told of are taken in now.</summary>
    public void WillTakeNow() => live.WillUseNow();

    /// <summary>Takes in an event within its time that was not seen before.</summary>
    /// <param name="record">The event.</param>
    /// <param name="offset">Its offset in the input.</param>
    /// <param name="outputs">Takes the rows of calls, where they are wanted.</param>
    public Verdict Take(EventRecord record, long offset, EpochOutputs outputs)
    {
        switch (record.Kind)
        {
            case EventKind.CallSummary:
                return TakeSummary(record, offset, outputs);
            case EventKind.CallEvent:
                TakeStep(record, outputs);
                break;
            case EventKind.StreamReport:
                TakeReport(record, outputs);
                break;
            default:
                combiner.AddValues(
                    record.Dimensions, record.EventTimeMs, combiner.Sane(record.Values));
                break;
        }

        return Verdict.Aggregated;
    }

    /// <summary>The watermark has moved: counts the calls whose time has come.</summary>
    public void Advance(long watermarkMs, EpochOutputs outputs)
    {
        while (live.TryTakeDue(watermarkMs, out ulong id, out CallActor call))
            Conclude(id, call, outputs);
        counted.DropBefore(watermarkMs);
        streams.DropBefore(watermarkMs);
    }

    /// <summary>Marks the symbols that live calls use.</summary>
    /// <param name="values">By symbol of a dimension's value.</param>
    /// <param name="metrics">By symbol of a metric.</param>
    public void MarkSymbols(BitArray values, BitArray metrics) =>
        live.MarkSymbols(values, metrics);

    /// <summary>Adds what changed.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        live.Save(into, whole);
        counted.Save(into, whole);
        streams.Save(into, whole);
    }

    /// <summary>Takes everything back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        live.Load(parts);
        counted.Load(parts);
        streams.Load(parts);
    }

    private Verdict TakeSummary(EventRecord summary, long offset, EpochOutputs outputs)
    {
        ulong id = summary.CallId;
        if (id != 0 && counted.Find(id, summary.EventTimeMs) is { } before)
            return before.Complete ? Verdict.Duplicate : Verdict.CallCounted;
        CallActor? known = LiveAt(id, summary.EventTimeMs, outputs);
        if (summary.Partial && id != 0)
        {
            CallActor call = CallOf(known, summary);
            call.Summarise(summary, summary.Values);
            live.Changed(id, call);
            return Verdict.Aggregated;
        }

        ReadOnlySpan<MetricValue> values = combiner.Sane(summary.Values);
        double? pdd = Combiner.ValueOf(values, Metrics.Pdd);
        bool saysPdd = pdd is not null;
        if (id != 0)
        {
            if (known is { PddCounted: true } call)
            {
                pdd ??= call.CountedPddSeconds;
                values = Without(Metrics.Pdd, values);
            }

            counted.Add(id, new CountedCall(summary.EventTimeMs, complete: true, pdd is not null));
            if (known is not null)
                live.Remove(id);
        }

        FinishedCall? row = RowOf(
            FinishedRows.CompleteSummary, IdTextOf(summary), summary.EventTimeMs,
            summary.Dimensions, known, saysPdd, outputs);
        if (row is not null)
            row.SourceOffset = offset;
        combiner.AddCall(
            summary.Dimensions, summary.EventTimeMs, values, pdd,
            SaidEnd.Of(summary.State, summary.SipResponse, values), summary.SipResponse,
            known?.Media, row);
        finished?.Write(row, id, outputs);
        return Verdict.Aggregated;
    }

    private void TakeStep(EventRecord step, EpochOutputs outputs)
    {
        ReadOnlySpan<MetricValue> values = combiner.Sane(step.Values);
        ulong id = step.CallId;
        CountedCall? before = id == 0 ? null : counted.Find(id, step.EventTimeMs);
        if (values.Length > 0 && before is not { PddCounted: true })
            combiner.AddValues(step.Dimensions, step.EventTimeMs, values);

        // A step of a call that was counted already changes nothing else any more.
        if (id == 0 || before is not null)
            return;
        CallActor call = CallOf(LiveAt(id, step.EventTimeMs, outputs), step);
        call.Step(step);
        if (Combiner.ValueOf(values, Metrics.Pdd) is { } pdd)
            call.CountedPddSeconds = pdd;
        live.Changed(id, call);
    }

    /// <summary>
    /// The call an event belongs to; null: there is none yet. A call without an end is given up by
    /// an event of its own past the limit, too: the watermark may or may not have come so far, that
    /// depends on the other calls of the partition.
    /// </summary>
    private CallActor? LiveAt(ulong id, long eventTimeMs, EpochOutputs outputs)
    {
        if (id == 0 || live.Find(id) is not { } call)
            return null;
        if (!call.IsOpen || eventTimeMs <= call.DeadlineMs(limits))
            return call;
        live.Remove(id);
        Conclude(id, call, outputs);
        return null;
    }

    private void TakeReport(EventRecord report, EpochOutputs outputs)
    {
        StreamInterval interval = streams.Take(report);
        books.SetAside(SetAsideCause.CounterBackwards, interval.Backwards);
        if (report.PacketsReceived < 0)
            report.PacketsReceived = interval.Received;
        if (report.PacketsSent < 0)
            report.PacketsSent = interval.Sent;
        if (report.PacketsLost == long.MinValue && interval.Lost >= 0)
            report.PacketsLost = interval.Lost;
        ReadOnlySpan<MetricValue> values = combiner.Sane(WithLoss(report));
        MosSource mos = combiner.Estimates.Complete(report, ref values);
        JoinReport(report, values, outputs);
        combiner.AddReport(report, values, mos);
    }

    private void JoinReport(
        EventRecord report, ReadOnlySpan<MetricValue> values, EpochOutputs outputs)
    {
        ulong id = report.CallId;
        if (id == 0 || counted.Find(id, report.EventTimeMs) is not null)
            return;
        CallActor call = CallOf(LiveAt(id, report.EventTimeMs, outputs), report);
        if (!call.IsOpen && report.EventTimeMs > call.DeadlineMs(limits))
            return;
        call.Report(report, values, combiner.EdgeOf(report.Dimensions));
        live.Changed(id, call);
    }

    /// <summary>
    /// The values of a report; packet loss comes from its packets where it does not say one.
    /// </summary>
    private ReadOnlySpan<MetricValue> WithLoss(EventRecord report)
    {
        ReadOnlySpan<MetricValue> values = report.Values;
        if (report.PacketsReceived < 0 || report.PacketsLost == long.MinValue
            || report.ValueOf(Metrics.PacketLoss) is not null)
            return values;
        long lost = Math.Max(0, report.PacketsLost);
        if (StreamInterval.LossOf(report.PacketsReceived, lost) is not { } percent)
            return values;
        values.CopyTo(reportValues);
        reportValues[values.Length] = new MetricValue(Metrics.PacketLoss, percent);
        return reportValues.AsSpan(0, Math.Min(values.Length + 1, EventRecord.ValuesMax));
    }

    /// <summary>Counts a call whose complete summary did not come in time.</summary>
    private void Conclude(ulong id, CallActor call, EpochOutputs outputs)
    {
        if (call.PartialMs != CallActor.Never)
        {
            ReadOnlySpan<MetricValue> values = combiner.Sane(call.PartialValues);
            double? pdd = Combiner.ValueOf(values, Metrics.Pdd);
            FinishedCall? row = RowOf(
                FinishedRows.PartialSummary, call.IdText, call.PartialMs, call.Dimensions, call,
                saysPdd: pdd is not null, outputs);
            if (call.PddCounted)
            {
                pdd ??= call.CountedPddSeconds;
                values = Without(Metrics.Pdd, values);
            }

            counted.Add(id, new CountedCall(call.PartialMs, complete: false, pdd is not null));
            combiner.AddCall(
                call.Dimensions, call.PartialMs, values, pdd,
                SaidEnd.Of(call.PartialState, call.SipResponse, values), call.SipResponse,
                call.Media, row);
            finished?.Write(row, id, outputs);
        }
        else if (call.EndMs != CallActor.Never)
        {
            ReadOnlySpan<MetricValue> values = combiner.Sane(Measured(call));
            double? pdd = call.PddCounted
                ? call.CountedPddSeconds : Combiner.ValueOf(values, Metrics.Pdd);
            counted.Add(id, new CountedCall(call.EndMs, complete: false, pdd is not null));
            CallEnd end = call.FailedAfterAnswer ? CallEnd.Dropped
                : call.AnsweredMs != CallActor.Never ? CallEnd.Answered
                : SaidEnd.Of(call.EndState, call.SipResponse, []);
            FinishedCall? row = RowOf(
                FinishedRows.Signalling, call.IdText, call.EndMs, call.Dimensions, call,
                saysPdd: !call.PddCounted, outputs);
            combiner.AddCall(
                call.Dimensions, call.EndMs, values, pdd, end, call.SipResponse, call.Media, row);
            finished?.Write(row, id, outputs);
        }
        else if (!call.IsMediaOnly)
        {
            GiveUp(id, call, outputs);
        }
    }

    /// <summary>A call that never ends: no window is that of its end, so it counts in none.
    /// </summary>
    private void GiveUp(ulong id, CallActor call, EpochOutputs outputs)
    {
        UnresolvedReason why = call.WhyOpen;
        books.GiveUp(why);
        FinishedCall? row = RowOf(
            FinishedRows.Limit, call.IdText, call.DeadlineMs(limits), call.Dimensions, call,
            saysPdd: !call.PddCounted, outputs);
        if (row is null)
            return;
        givenUp.Judge(row, call, why);
        finished!.Write(row, id, outputs);
    }

    /// <summary>The call of an event, made where it is not known.</summary>
    private CallActor CallOf(CallActor? known, EventRecord record)
    {
        CallActor call = known ?? live.Add(record.CallId);
        if (call.IdText.Length == 0)
            call.IdText = IdTextOf(record);
        return call;
    }

    /// <summary>The id as it came; empty where no rows are wanted, to spend no bytes.</summary>
    private string IdTextOf(EventRecord record) =>
        finished is null ? "" : Encoding.UTF8.GetString(record.CallIdText);

    /// <summary>The begun row of a call; null where none is wanted.</summary>
    private FinishedCall? RowOf(
        string closedBy, string callId, long endedMs, ReadOnlySpan<int> callDimensions,
        CallActor? call, bool saysPdd, EpochOutputs outputs) =>
        outputs.Suppressed
            ? null : finished?.Begin(closedBy, callId, endedMs, callDimensions, call, saysPdd);

    /// <summary>
    /// What the call's steps measure, where both ends are known: PDD, or the delay of an attempt
    /// that failed, and connected time.
    /// </summary>
    private ReadOnlySpan<MetricValue> Measured(CallActor call)
    {
        int count = 0;
        if (!call.PddCounted && call.PddSeconds is { } pdd)
            scratch[count++] = new MetricValue(Metrics.Pdd, pdd);
        else if (!call.PddCounted && call.FailedSrdSeconds is { } failed)
            scratch[count++] = new MetricValue(Metrics.SrdFailed, failed);
        if (call.ConnectedMs is { } connected)
            scratch[count++] = new MetricValue(Metrics.ConnectDuration, connected / 1000.0);
        return scratch.AsSpan(0, count);
    }

    /// <summary>The values of all other metrics; valid until the next call.</summary>
    private ReadOnlySpan<MetricValue> Without(int metric, ReadOnlySpan<MetricValue> values)
    {
        int count = 0;
        foreach (MetricValue value in values)
        {
            if (value.Metric != metric)
                rest[count++] = value;
        }

        return rest.AsSpan(0, count);
    }
}
