using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Schemas;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Batch;

/// <summary>What became of an event that was neither late nor seen before.</summary>
internal enum Fate
{
    Aggregated,

    /// <summary>Its call's complete summary was counted before.</summary>
    Duplicate,

    /// <summary>Its call was counted before, from what was known then.</summary>
    CallCounted,
}

/// <summary>
/// The calls and streams of one source partition. A call counts once: at its complete summary, or
/// when the watermark has passed the end that its partial summary or its steps told of.
/// <para>
/// Calls whose time has come are counted when a record moves the watermark there, before it is
/// taken in itself, the one due first before the others, of two the one with the lesser id: which
/// keys still have room depends on the order. Counted calls and streams are kept for good, because
/// it is their times that decide what an event belongs to. (The pipeline keeps at most
/// <see cref="PipelineOptions.SeenEventsMax"/> counted calls; past that it may differ.)
/// </para>
/// </summary>
internal sealed class CallsOfPartition(
    PipelineOptions options, PartitionWindows windows, WarningsOfPartition warnings,
    BatchBooks books)
{
    /// <summary>What happens so much later has nothing to do with a call or a report, ms.</summary>
    private readonly long togetherMs = Math.Max(options.LatenessMs, 60_000);

    private readonly int edge =
        options.Dimensions.Names.ToList().IndexOf("edge");

    /// <summary>Metrics that have names without an event that brings them.</summary>
    private readonly HashSet<string> knownMetrics = [.. Readings.Known];
    private readonly HashSet<string> broughtMetrics = [];

    private readonly Dictionary<ulong, Call> live = [];

    // The same calls, the one whose time comes first in front.
    private readonly SortedSet<(long DeadlineMs, ulong Id)> due = [];
    private readonly Dictionary<ulong, Counted> counted = [];
    private readonly Dictionary<ulong, Event> lastReports = [];
    private readonly PddHistory history = new(options);

    // Calls that count, whose tags are decided when all delays are known.
    private readonly List<EndedCall> ended = [];

    /// <summary>Takes in an event.</summary>
    /// <param name="e">It is within its time and was not seen before.</param>
    public Fate Take(Event e)
    {
        if (live.TryGetValue(e.CallId, out Call? call) && IsOver(call, e))
            Conclude(e.CallId, call);
        switch (e.Kind)
        {
            case EventKind.CallSummary:
                return TakeSummary(e);
            case EventKind.CallEvent:
                TakeStep(e);
                return Fate.Aggregated;
            case EventKind.StreamReport:
                TakeReport(e);
                return Fate.Aggregated;
            default:
                AddReadings(e, Plausible(e.Readings));
                return Fate.Aggregated;
        }
    }

    /// <summary>
    /// Counts every call whose time has come by the watermark, and decides the tags of all that
    /// were counted. Nothing can be taken in afterwards.
    /// </summary>
    public void Finish(long watermarkMs)
    {
        Conclude(watermarkMs);
        foreach (EndedCall call in ended)
        {
            double? limit = history.LimitFor(call.Dimensions, call.TimeMs);
            Tags tags = options.Tags.OfCall(call.Facts with { PddLimitSeconds = limit })
                .Raised;
            foreach (WindowStatistics window in call.Windows)
                window.Counts.AddCall(call.Outcome with { Tags = tags });
        }

        ended.Clear();
    }

    /// <summary>
    /// Counts every call whose time has come by the watermark. At the deadline itself an event of
    /// the call is still in time.
    /// </summary>
    public void Conclude(long watermarkMs)
    {
        while (due.Count > 0 && due.Min.DeadlineMs < watermarkMs)
            Conclude(due.Min.Id, live[due.Min.Id]);
    }

    /// <summary>
    /// A call without an end is also over when a step or a summary of its own comes past the limit:
    /// the watermark may or may not have come so far, that depends on the other calls of the
    /// partition.
    /// </summary>
    private static bool IsOver(Call call, Event e) =>
        e.Kind is EventKind.CallEvent or EventKind.CallSummary
        && call.IsOpen && call.DeadlineMs < e.TimeMs;

    private Fate TakeSummary(Event e)
    {
        if (CountedBefore(e) is { } before)
            return before.Complete ? Fate.Duplicate : Fate.CallCounted;
        if (e.Partial && e.CallId != 0)
        {
            Join(e);
            return Fate.Aggregated;
        }

        double? counted = live.GetValueOrDefault(e.CallId)?.CountedPddSeconds;
        Remove(e.CallId);
        AddCall(
            e.CallId, e.Dimensions, e.TimeMs, Plausible(e.Readings), counted, e.State,
            e.SipResponse, complete: true);
        return Fate.Aggregated;
    }

    private void TakeStep(Event e)
    {
        Reading[] readings = Plausible(e.Readings);
        Counted? before = CountedBefore(e);
        if (readings.Length > 0 && before?.HasPdd != true)
            AddReadings(e, readings);
        if (e.CallId == 0 || before is not null)
            return;
        Call call = Join(e);
        call.CountedPddSeconds = Readings.Of(readings, Readings.Pdd) ?? call.CountedPddSeconds;
    }

    private void TakeReport(Event e)
    {
        Reading[] readings = e.Readings;
        double? loss = IntervalLossPercent(e);
        if (loss is { } percent && Readings.Of(readings, Readings.PacketLoss) is null
            && readings.Length < EventRecord.ValuesMax)
            readings = [.. readings, new Reading(Readings.PacketLoss, percent)];
        readings = Plausible(readings);
        ReportFacts facts = new()
        {
            Edge = EdgeOf(e.Dimensions),
            PacketLossPercent = Readings.Of(readings, Readings.PacketLoss),
            JitterMs = Readings.Of(readings, "jitter"),
            MaxJitterMs = Readings.Of(readings, "max_jitter"),
            DelayedPercent = Readings.Of(readings, "delayed_packets"),
            LatencyMs = Readings.Of(readings, "latency"),
            RttMs = Readings.Of(readings, "rtt"),
            Mos = Readings.Of(readings, "mos"),
            PacketsReceived = e.PacketsReceived,
            PacketsSent = e.PacketsSent,
            AudioLevelIn = e.AudioLevelIn,
            AudioLevelOut = e.AudioLevelOut,
            IceFailed = e.IceFailed ? true : null,
        };
        TagResult tags = options.Tags.OfReport(facts);
        warnings.Take(e, facts, tags);
        foreach (WindowStatistics window in windows.At(e.Dimensions, e.TimeMs))
        {
            window.Add(readings);
            window.Counts.AddReport(tags.Raised);
        }
    }

    /// <summary>
    /// Loss between the stream's last report and this one, %. The counters run since the stream
    /// began; after a long silence, or when they run backwards, they begin anew.
    /// </summary>
    private double? IntervalLossPercent(Event e)
    {
        if (e.StreamId == 0 || e.PacketsReceivedTotal is null || e.PacketsLostTotal is null)
            return null;
        Event? last = lastReports.GetValueOrDefault(e.StreamId);
        if (last is not null && e.TimeMs - last.TimeMs >= togetherMs)
            last = null;
        if (e.TimeMs < last?.TimeMs)
            return null;
        lastReports[e.StreamId] = e;
        double received = (double)e.PacketsReceivedTotal - (last?.PacketsReceivedTotal ?? 0);
        double lost = Math.Max(0, (double)e.PacketsLostTotal - (last?.PacketsLostTotal ?? 0));
        return received < 0 || received + lost == 0 ? null : 100 * lost / (received + lost);
    }

    private void Conclude(ulong id, Call call)
    {
        Remove(id);
        if (call.Summary is { } summary)
        {
            AddCall(
                id, call.Dimensions, summary.TimeMs, Plausible(summary.Readings),
                call.CountedPddSeconds, summary.State, call.SipResponse, complete: false);
        }
        else if (call.Verdict is { } verdict)
        {
            List<Reading> measured = [];
            if (call.PddSeconds is { } pdd && call.CountedPddSeconds is null)
                measured.Add(new Reading(Readings.Pdd, pdd));
            else if (call.FailedSrdSeconds is { } failed && call.CountedPddSeconds is null)
                measured.Add(new Reading("srd_failed", failed));
            if (call.ConnectedSeconds is { } connected)
                measured.Add(new Reading(Readings.ConnectDuration, connected));
            AddCall(
                id, call.Dimensions, verdict.TimeMs, Plausible([.. measured]),
                call.CountedPddSeconds, call.IsAnswered ? State.Answered : verdict.State,
                call.SipResponse, complete: false, call.IsDropped);
        }
        else
        {
            books.UnresolvedCalls++;
        }
    }

    /// <summary>
    /// A call counts. A PDD that a step told was counted then, and is not counted again; where
    /// the summary tells one, that one decides the tag.
    /// </summary>
    private void AddCall(
        ulong id, string?[] dimensions, long timeMs, Reading[] readings, double? countedPdd,
        State state, int sipResponse, bool complete, bool dropped = false)
    {
        double? pdd = Readings.Of(readings, Readings.Pdd) ?? countedPdd;
        if (countedPdd is not null)
            readings = Array.FindAll(readings, reading => reading.Metric != Readings.Pdd);
        if (id != 0)
            counted[id] = new Counted(timeMs, complete, pdd is not null);
        double? connected = Readings.Of(readings, Readings.ConnectDuration);
        history.Add(dimensions, timeMs, readings);
        CallFacts facts = new()
        {
            Edge = EdgeOf(dimensions),
            PddSeconds = pdd,
            PacketLossPercent = Readings.Of(readings, Readings.PacketLoss),
            AvgJitterMs = Readings.Of(readings, "avg_jitter"),
            MaxJitterMs = Readings.Of(readings, "max_jitter"),
            DelayedPercent = Readings.Of(readings, "delayed_packets"),
            AvgLatencyMs = Readings.Of(readings, "avg_latency"),
            RttMs = Readings.Of(readings, "rtt"),
            Mos = Readings.Of(readings, "mos"),
        };
        CallOutcome outcome = new(
            Attempt: true, dropped ? CallEnd.Dropped : EndOf(state, sipResponse, connected),
            connected is { } s ? (long)Math.Round(s * 1000) : null, sipResponse, Tags.None);
        WindowStatistics[] at = [.. windows.At(dimensions, timeMs)];
        ended.Add(new EndedCall(dimensions, timeMs, facts, outcome, at));
        foreach (WindowStatistics window in at)
            window.Add(readings);
    }

    private void AddReadings(Event e, Reading[] readings)
    {
        history.Add(e.Dimensions, e.TimeMs, readings);
        foreach (WindowStatistics window in windows.At(e.Dimensions, e.TimeMs))
            window.Add(readings);
    }

    /// <summary>
    /// What can be true, and is of a metric that is known or among the first 256 names that events
    /// brought here.
    /// </summary>
    private Reading[] Plausible(Reading[] readings)
    {
        Reading[] plausible = Array.FindAll(readings, Readings.CanBe);
        books.SetAside += readings.Length - plausible.Length;
        Reading[] taken = Array.FindAll(plausible, reading => IsTaken(reading.Metric));
        books.MetricLimited += plausible.Length - taken.Length;
        return taken;
    }

    private bool IsTaken(string metric)
    {
        if (knownMetrics.Contains(metric) || broughtMetrics.Contains(metric))
            return true;
        if (broughtMetrics.Count == 256)
            return false;
        broughtMetrics.Add(metric);
        return true;
    }

    /// <summary>How it ended; without a word of that, a 200 or a connected time says it.</summary>
    private static CallEnd EndOf(State state, int sipResponse, double? connectedSeconds) =>
        state switch
        {
            State.Completed or State.Answered or State.InProgress or State.Disconnected
                => CallEnd.Answered,
            State.Busy => CallEnd.Busy,
            State.Noanswer => CallEnd.NoAnswer,
            State.Canceled => CallEnd.Canceled,
            State.Failed => CallEnd.Failed,
            _ => sipResponse == 200 || connectedSeconds > 0 ? CallEnd.Answered : CallEnd.None,
        };

    private Counted? CountedBefore(Event e) =>
        e.CallId != 0 && counted.TryGetValue(e.CallId, out Counted? call)
        && e.TimeMs - call.TimeMs < togetherMs ? call : null;

    /// <summary>Adds a step or a partial summary to its call.</summary>
    private Call Join(Event e)
    {
        if (live.TryGetValue(e.CallId, out Call? call))
            Remove(e.CallId);
        call ??= new Call(options.CallLimitMs);
        call.Add(e);
        live.Add(e.CallId, call);
        due.Add((call.DeadlineMs, e.CallId));
        return call;
    }

    private void Remove(ulong id)
    {
        if (live.Remove(id, out Call? call))
            due.Remove((call.DeadlineMs, id));
    }

    private Edge EdgeOf(string?[] dimensions) =>
        edge < 0 ? Edge.Unknown : Edges.Of(dimensions[edge]);

    private sealed record EndedCall(
        string?[] Dimensions, long TimeMs, CallFacts Facts, CallOutcome Outcome,
        WindowStatistics[] Windows);

    private sealed record Counted(long TimeMs, bool Complete, bool HasPdd);
}
