using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Analytics.Quality;
using Earshot.Schemas;
using Earshot.Schemas.V1;
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
/// when the watermark has passed the end that its partial summary or its steps told of. Until then
/// its stream reports join it, but those that happened after an end that is known already.
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
    FinishedCalls finished, BatchBooks books)
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
    private readonly StreamIntervals streams =
        new(Math.Max(options.LatenessMs, 60_000), books);

    private readonly PddHistory history = new(options);
    private readonly Estimates estimates = new(options);

    // Calls that count, whose tags are decided when all delays are known.
    private readonly List<EndedCall> ended = [];

    // Calls that were given up and whose rows are wanted, likewise.
    private readonly List<Call> givenUp = [];

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
            PddLimit? limit = history.LimitFor(call.Dimensions, call.TimeMs);
            CallFacts facts = call.Facts with { PddLimitSeconds = limit?.Seconds };
            Tags tags = options.Tags.OfCall(facts).Raised;
            if (options.ArchiveCalls)
                finished.Add(call.Row, call.Said, facts, limit, call.Outcome with { Tags = tags });
            foreach (WindowStatistics window in call.Windows)
                window.Counts.AddCall(call.Outcome with { Tags = tags });
        }

        ended.Clear();
        foreach (Call call in givenUp)
        {
            finished.AddGivenUp(
                call, EdgeOf(call.Dimensions), history.LimitFor(call.Dimensions, call.DeadlineMs));
        }

        givenUp.Clear();
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
    /// A call without an end is also over when an event of its own comes past the limit: the
    /// watermark may or may not have come so far, that depends on the other calls of the partition.
    /// </summary>
    private static bool IsOver(Call call, Event e) =>
        e.Kind != EventKind.CallMetric && call.IsOpen && call.DeadlineMs < e.TimeMs;

    private Fate TakeSummary(Event e)
    {
        if (CountedBefore(e) is { } before)
            return before.Complete ? Fate.Duplicate : Fate.CallCounted;
        if (e.Partial && e.CallId != 0)
        {
            Join(e, call => call.Add(e));
            return Fate.Aggregated;
        }

        Call? call = live.GetValueOrDefault(e.CallId);
        Remove(e.CallId);
        AddCall(
            e.CallId, e.Dimensions, e.TimeMs, Plausible(e.Readings), call, e.State,
            e.SipResponse, complete: e);
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
        Call call = Join(e, call => call.Add(e));
        call.CountedPddSeconds = Readings.Of(readings, Readings.Pdd) ?? call.CountedPddSeconds;
    }

    private void TakeReport(Event e)
    {
        e = streams.WithInterval(e);
        Reading[] readings = e.Readings;
        double lost = Math.Max(0, e.PacketsLost ?? 0);
        if (e.PacketsLost is not null && e.PacketsReceived + lost is > 0 and { } expected
            && Readings.Of(readings, Readings.PacketLoss) is null
            && readings.Length < EventRecord.ValuesMax)
            readings = [.. readings, new Reading(Readings.PacketLoss, 100 * lost / expected)];
        readings = Plausible(readings);
        MosSource mos = estimates.Complete(e, ref readings);
        JoinReport(e, readings);
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
            IceFailed = e.IceFailed,
        };
        TagResult tags = options.Tags.OfReport(facts);
        warnings.Take(e, facts, tags);
        foreach (WindowStatistics window in windows.At(e.Dimensions, e.TimeMs))
        {
            window.Add(readings);
            window.Counts.AddReport(tags.Raised);
            window.Counts.AddMos(mos);
        }
    }

    private void JoinReport(Event e, Reading[] readings)
    {
        if (e.CallId == 0 || CountedBefore(e) is not null)
            return;
        Call? known = live.GetValueOrDefault(e.CallId);
        if (known is { IsOpen: false } && e.TimeMs > known.DeadlineMs)
            return;
        Join(e, call => call.Reports.Add(e, readings, EdgeOf(e.Dimensions)));
    }

    private void Conclude(ulong id, Call call)
    {
        Remove(id);
        if (call.Summary is { } summary)
        {
            AddCall(
                id, call.Dimensions, summary.TimeMs, Plausible(summary.Readings),
                call, summary.State, call.SipResponse, complete: null);
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
                call, call.IsAnswered ? State.Answered : verdict.State,
                call.SipResponse, complete: null, call.IsDropped);
        }
        else if (!call.IsMediaOnly)
        {
            BatchBooks.Count(books.UnresolvedCalls, call.WhyOpen);
            if (options.ArchiveCalls)
                givenUp.Add(call);
        }
    }

    /// <summary>
    /// A call counts. A PDD that a step told was counted then, and is not counted again; where
    /// the summary tells one, that one decides the tag. What its reports say decides tags where it
    /// says nothing.
    /// </summary>
    private void AddCall(
        ulong id, string?[] dimensions, long timeMs, Reading[] readings, Call? call,
        State state, int sipResponse, Event? complete, bool dropped = false)
    {
        FinishedCall row = finished.Begin(complete, call, dimensions, timeMs);
        double? countedPdd = call?.CountedPddSeconds;
        double? pdd = Readings.Of(readings, Readings.Pdd) ?? countedPdd;
        if (pdd is not null)
            row.PddBasis = Readings.Of(readings, Readings.Pdd) is null ? "event"
                : row.ClosedBy == "signalling" ? "steps" : "summary";
        if (countedPdd is not null)
            readings = Array.FindAll(readings, reading => reading.Metric != Readings.Pdd);
        if (id != 0)
            counted[id] = new Counted(timeMs, complete is not null, pdd is not null);
        double? connected = Readings.Of(readings, Readings.ConnectDuration);
        history.Add(dimensions, timeMs, readings);
        CallFacts said = new()
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
        CallFacts facts = call?.Reports.Complete(said) ?? said;
        if (connected is { } seconds)
            row.ConnectDuration = seconds;
        if (Readings.Of(readings, "score") is { } score)
            row.Score = score;
        WindowStatistics[] at = [.. windows.At(dimensions, timeMs)];
        ended.Add(new EndedCall(dimensions, timeMs, said, facts, outcome, at, row));
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
        foreach (Reading reading in readings)
        {
            if (Readings.FaultOf(reading) is { } cause)
                BatchBooks.Count(books.SetAside, cause);
        }

        Reading[] plausible = Array.FindAll(readings, Readings.CanBe);
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

    /// <summary>Adds something to a call, which may be new, and whose time may change.</summary>
    private Call Join(Event e, Action<Call> add)
    {
        ulong id = e.CallId;
        if (live.TryGetValue(id, out Call? call))
            Remove(id);
        call ??= new Call(options.CallLimitMs, togetherMs) { IdText = e.CallIdText };
        add(call);
        live.Add(id, call);
        due.Add((call.DeadlineMs, id));
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
        string?[] Dimensions, long TimeMs, CallFacts Said, CallFacts Facts, CallOutcome Outcome,
        WindowStatistics[] Windows, FinishedCall Row);

    private sealed record Counted(long TimeMs, bool Complete, bool HasPdd);
}
