namespace Earshot.Sources.Traffic;

/// <summary>
/// Endless realistic traffic in order of arrival: calls of <see cref="TrafficWorld"/> along the
/// day's curve, with duplicates, disorder, late events and broken records. The same options give
/// the same bytes. What it keeps in memory is bounded by the live calls and the records on their
/// way; after a while it allocates nothing. One caller at a time.
/// </summary>
public sealed class TrafficGenerator
{
    private const int QuickMsMax = 400;
    private const double SlowShare = 0.1;
    private const int ResendMsMin = 200;
    private const int ResendMsMax = 60_000;
    private const int LateByMsMin = 60_000;
    private const int LateByMsMax = 360_000;

    private readonly TrafficOptions options;
    private readonly TrafficRandom random;
    private readonly CallScript script;
    private readonly RecordWriter writer;
    private readonly ulong idKey;
    private readonly PriorityQueue<Scheduled, Due> queue = new();
    private readonly Stack<LiveCall> freeCalls = new();
    private readonly Stack<PendingRecord> freeRecords = new();
    private PendingRecord? handedOut; // free again when the next event is asked for
    private double nextCallMs;
    private long order;
    private ulong calls;
    private ulong events;

    /// <summary>Creates one at its beginning.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public TrafficGenerator(TrafficOptions options)
    {
        options.Validate();
        this.options = options;
        nextCallMs = options.Start.ToUnixTimeMilliseconds();
        // Another start with the same seed must not use the same ids again.
        idKey = TrafficRandom.Mix(options.Seed) ^ TrafficRandom.Mix((ulong)nextCallMs);
        random = new TrafficRandom(options.Seed);
        script = new CallScript(random);
        writer = new RecordWriter(random, script);
    }

    /// <summary>Calls going on, and records on their way: what is in memory.</summary>
    public int Pending => queue.Count;

    /// <summary>The next record to arrive. The one before it is no longer valid.</summary>
    public TrafficEvent Next()
    {
        if (handedOut is not null)
            freeRecords.Push(handedOut);
        handedOut = null;
        while (true)
        {
            if (!queue.TryPeek(out Scheduled? next, out Due due) || nextCallMs <= due.TimeMs)
            {
                StartCall();
                continue;
            }

            queue.Dequeue();
            if (next is PendingRecord record)
                return HandOut(record, due.TimeMs);
            Step((LiveCall)next);
        }
    }

    private void StartCall()
    {
        long nowMs = (long)nextCallMs;
        LiveCall call = freeCalls.Count > 0 ? freeCalls.Pop() : new LiveCall();
        script.Begin(call, TrafficRandom.Mix(calls++ ^ idKey), nowMs);
        Schedule(call, call.StepMs);
        double perMs = options.CallsPerSecond * TrafficWorld.LoadAt(nowMs) / 1000;
        nextCallMs += random.Exponential() / perMs;
    }

    private void Step(LiveCall call)
    {
        PendingRecord record = freeRecords.Count > 0 ? freeRecords.Pop() : new PendingRecord();
        // A summary speaks of the moment the call ended, whenever it is made.
        bool summary = call.Step is CallStep.PartialSummary or CallStep.CompleteSummary;
        record.EventTimeMs = summary ? call.EndMs : call.StepMs;
        Damage damage = DecideFate(record);
        long arrivalMs = call.StepMs + DelayMs(record.Fate);
        ulong id = TrafficRandom.Mix(events++ ^ idKey);
        writer.Write(call, record, id, arrivalMs, damage);
        Schedule(record, arrivalMs);
        script.Next(call);
        if (call.Step == CallStep.Gone)
            freeCalls.Push(call);
        else
            Schedule(call, call.StepMs);
    }

    private Damage DecideFate(PendingRecord record)
    {
        record.Fate = TrafficFate.Sent;
        record.ResendAfterMs = 0;
        double draw = random.Even();
        if (draw < options.BrokenShare)
        {
            record.Fate = TrafficFate.Broken;
            return (Damage)(1 + (int)random.Even(0, RecordWriter.Damages));
        }

        draw -= options.BrokenShare;
        if (draw < options.LateShare)
            record.Fate = TrafficFate.Late;
        else if (draw < options.LateShare + options.DuplicateShare)
            record.ResendAfterMs = (long)random.Even(ResendMsMin, ResendMsMax);
        return Damage.None;
    }

    private long DelayMs(TrafficFate fate)
    {
        if (fate == TrafficFate.Late)
        {
            double lateBy = random.Even(LateByMsMin, LateByMsMax);
            return (long)(options.LateAfter.TotalMilliseconds + lateBy);
        }

        double max = random.Chance(SlowShare) ? options.DisorderMax.TotalMilliseconds : QuickMsMax;
        return (long)random.Even(10, max);
    }

    private TrafficEvent HandOut(PendingRecord record, long nowMs)
    {
        TrafficEvent result = new(
            record.Bytes.AsMemory(record.Start, record.Length),
            record.Bytes.AsMemory(record.KeyStart, record.KeyLength),
            record.EventTimeMs, nowMs, record.Kind, record.Fate);
        if (record.ResendAfterMs == 0)
        {
            handedOut = record;
            return result;
        }

        long resendMs = nowMs + record.ResendAfterMs;
        record.ResendAfterMs = 0;
        record.Fate = TrafficFate.Duplicate;
        Schedule(record, resendMs);
        return result;
    }

    private void Schedule(Scheduled what, long timeMs) =>
        queue.Enqueue(what, new Due(timeMs, order++));

    /// <summary>When something is due; of the same millisecond, what was scheduled first.</summary>
    private readonly record struct Due(long TimeMs, long Order) : IComparable<Due>
    {
        public int CompareTo(Due other)
        {
            int byTime = TimeMs.CompareTo(other.TimeMs);
            return byTime != 0 ? byTime : Order.CompareTo(other.Order);
        }
    }
}
