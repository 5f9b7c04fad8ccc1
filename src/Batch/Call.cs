using Earshot.Schemas;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Batch;

/// <summary>
/// A call that is not counted yet: its signalling steps, its partial summary and its stream
/// reports, as they came. What they say together is worked out when it is counted.
/// </summary>
internal sealed class Call(long limitMs, long togetherMs)
{
    // In the order they came; Newest: a partial summary that was the newest one then.
    private readonly List<(Event Event, bool Newest)> events = [];
    private long firstMs = long.MaxValue;

    /// <summary>The newest partial summary; of two of one time the one that came last.</summary>
    public Event? Summary { get; private set; }

    /// <summary>Its id as it came; empty when it is missing.</summary>
    public required string IdText { get; init; }

    /// <summary>The attempt, else the far end's first sign; null where neither is known.</summary>
    public long? StartedMs => Earliest(State.Initialized)
        ?? Earliest(State.Ringing, State.Answered, State.InProgress);

    /// <summary>Its stream reports.</summary>
    public CallReports Reports { get; } = new();

    /// <summary>True when there is nothing but reports.</summary>
    public bool IsMediaOnly => events.Count == 0;

    /// <summary>The earliest verdict; of two of one time the one with the least state.</summary>
    public Event? Verdict { get; private set; }

    /// <summary>
    /// The last post-dial delay that a step told, counted when it came; else null.
    /// </summary>
    public double? CountedPddSeconds { get; set; }

    /// <summary>True while nothing has told of its end.</summary>
    public bool IsOpen => Summary is null && Verdict is null;

    /// <summary>
    /// When the watermark has passed this, it is counted as it is known then: its end. Without one
    /// it is given up the limit after its first event, and where there are only reports, soon after
    /// the newest.
    /// </summary>
    public long DeadlineMs => Summary?.TimeMs ?? Verdict?.TimeMs
        ?? (IsMediaOnly ? Reports.LastMs + togetherMs : firstMs + limitMs);

    /// <summary>Takes in a step or a partial summary.</summary>
    public void Add(Event e)
    {
        firstMs = Math.Min(firstMs, e.TimeMs);
        bool newest = e.Kind == EventKind.CallSummary && !(e.TimeMs < Summary?.TimeMs);
        events.Add((e, newest));
        if (newest)
            Summary = e;
        if (e.Kind == EventKind.CallEvent && IsVerdict(e.State) && (Verdict is null
            || (e.TimeMs, e.State).CompareTo((Verdict.TimeMs, Verdict.State)) < 0))
            Verdict = e;
    }

    /// <summary>True when a step said that the call was answered.</summary>
    public bool IsAnswered => Earliest(State.Answered) is not null;

    /// <summary>Why it is given up when it never ends.</summary>
    public string WhyOpen =>
        Earliest(State.Answered, State.InProgress) is not null ? "no_end"
        : Earliest(State.Initialized, State.Ringing) is not null ? "no_answer"
        : "no_start";

    /// <summary>True when it was answered and then failed.</summary>
    public bool IsDropped =>
        Verdict?.State == State.Failed && Earliest(State.Answered) <= Verdict.TimeMs;

    /// <summary>From the attempt to the far end's first sign, s.</summary>
    public double? PddSeconds => (Earliest(State.Ringing, State.Answered, State.InProgress)
        - Earliest(State.Initialized)) / 1000.0;

    /// <summary>
    /// From the attempt to the response that refused it, s, when nothing was heard from the far
    /// end; 401, 402 and 407 refuse nothing.
    /// </summary>
    public double? FailedSrdSeconds
    {
        get
        {
            (long timeMs, int code) = LastResponse;
            bool refused = code is >= 400 and < 700 and not 401 and not 402 and not 407;
            if (!refused || Verdict is null || Verdict.State == State.Completed
                || Earliest(State.Ringing, State.Answered, State.InProgress) is not null)
                return null;
            return (Math.Min(timeMs, Verdict.TimeMs) - Earliest(State.Initialized)) / 1000.0;
        }
    }

    /// <summary>From media running to media ended; else from answered to the verdict, s.</summary>
    public double? ConnectedSeconds =>
        (Earliest(State.Disconnected) - Earliest(State.InProgress)
            ?? Verdict?.TimeMs - Earliest(State.Answered)) / 1000.0;

    /// <summary>
    /// The last SIP response of the steps by time (the greater of two), or the one a summary told,
    /// until a later step told another; 0 for none.
    /// </summary>
    public int SipResponse => LastResponse.Code;

    private (long TimeMs, int Code) LastResponse
    {
        get
        {
            (long TimeMs, int Code) last = (0, 0);
            foreach ((Event e, bool newest) in events.Where(e => e.Event.SipResponse > 0))
            {
                (long, int) said = (e.TimeMs, e.SipResponse);
                if (newest || (e.Kind == EventKind.CallEvent && said.CompareTo(last) > 0))
                    last = said;
            }

            return last;
        }
    }

    /// <summary>
    /// Per dimension the first value said; what a partial summary says counts more.
    /// </summary>
    public string?[] Dimensions
    {
        get
        {
            string?[] known = [.. events[0].Event.Dimensions];
            foreach ((Event e, bool newest) in events)
            {
                for (int i = 0; i < known.Length; i++)
                    known[i] = newest ? e.Dimensions[i] ?? known[i] : known[i] ?? e.Dimensions[i];
            }

            return known;
        }
    }

    private long? Earliest(params State[] states)
    {
        long? earliest = null;
        foreach ((Event e, _) in events)
        {
            if (e.Kind == EventKind.CallEvent && states.Contains(e.State)
                && !(earliest <= e.TimeMs))
                earliest = e.TimeMs;
        }

        return earliest;
    }

    private static bool IsVerdict(State state) => state is State.Completed or State.Failed
        or State.Busy or State.Noanswer or State.Canceled;
}
