using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Schemas.V1;

namespace Earshot.Batch;

/// <summary>The row per call of one source partition, where they are wanted.</summary>
internal sealed class FinishedCalls(int partition, PipelineOptions options)
{
    private readonly Dictionary<FinishedId, FinishedCall> rows = [];

    public IReadOnlyDictionary<FinishedId, FinishedCall> Rows => rows;

    /// <summary>Adds the row of a call that was given up: what is known of it until then.</summary>
    /// <param name="call">The call.</param>
    /// <param name="at">Where it was measured, as its steps say.</param>
    /// <param name="limit">What a PDD is held against, when that was learned.</param>
    public void AddGivenUp(Call call, Edge at, PddLimit? limit)
    {
        FinishedCall row = RowOf(call, call.Dimensions, call.DeadlineMs, "limit");
        double? measured = call.PddSeconds is { } pdd
            && Readings.CanBe(new Reading(Readings.Pdd, pdd)) ? pdd : null;
        CallFacts said = new()
        {
            Edge = at,
            PddSeconds = call.CountedPddSeconds ?? measured,
            PddLimitSeconds = limit?.Seconds,
        };
        if (said.PddSeconds is not null)
            row.PddBasis = call.CountedPddSeconds is null ? "steps" : "event";
        CallFacts facts = call.Reports.Complete(said);
        Judge(row, said, facts, limit, new CallOutcome(
            Attempt: true, CallEnd.None, null, call.SipResponse,
            options.Tags.OfCall(facts).Raised));
        row.State = call.WhyOpen;
        Add(row);
    }

    /// <summary>Begins the row of a call that ended; its tags are decided later.</summary>
    /// <param name="complete">Its complete summary; null: it is counted without.</param>
    /// <param name="call">What came before; null: nothing.</param>
    /// <param name="dimensions">Its dimensions.</param>
    /// <param name="timeMs">When it ended.</param>
    public FinishedCall Begin(Event? complete, Call? call, string?[] dimensions, long timeMs)
    {
        string closedBy = complete is not null ? "complete_summary"
            : call?.Summary is not null ? "partial_summary" : "signalling";
        FinishedCall row = RowOf(call, dimensions, timeMs, closedBy);
        if (complete is not null)
            (row.CallId, row.SourceOffset) = (complete.CallIdText, complete.Offset);
        return row;
    }

    /// <summary>Fills in and adds the row of a call that ended.</summary>
    /// <param name="row">The begun row.</param>
    /// <param name="said">What the call says itself.</param>
    /// <param name="facts">The same, with what its reports say.</param>
    /// <param name="limit">What its PDD was held against, when that was learned.</param>
    /// <param name="outcome">How it ended, and its tags.</param>
    public void Add(
        FinishedCall row, CallFacts said, CallFacts facts, PddLimit? limit, CallOutcome outcome)
    {
        Judge(row, said, facts, limit, outcome);
        Add(row);
    }

    private void Judge(
        FinishedCall row, CallFacts said, CallFacts facts, PddLimit? limit, CallOutcome outcome)
    {
        row.State = outcome.RefinedEnd == CallEnd.None
            ? "" : outcome.RefinedEnd.ToString().ToLowerInvariant();
        if (outcome.IsSipKnown)
            row.SipResponse = outcome.SipResponse;
        SetValues(row, said, facts);
        if (facts.PddSeconds is not null)
            row.PddLimit = limit?.Seconds ?? options.Tags.Of(facts.Edge).PddSecondsMax;
        if (facts.PddSeconds is not null && limit is { } learned)
            (row.PddLimitHour, row.PddLimitSamples) = (learned.HourMs, learned.Samples);
        foreach (string name in TagNames.All)
        {
            Tags tag = TagNames.Parse(name);
            if (!outcome.Tags.HasFlag(tag))
                continue;
            TagReason reason = options.Tags.Explain(facts, tag)!.Value;
            string input = TagInputs.NameOf(reason.Input);
            TagDecision decision = new()
            {
                Tag = name,
                Input = input,
                Value = reason.Value,
                Limit = reason.Limit,
                Basis = BasisOf(row, input),
            };
            if (tag == Tags.HighPdd && limit is { } from)
                (decision.BaselineHour, decision.Samples) = (from.HourMs, from.Samples);
            row.Tags.Add(decision);
        }
    }

    private FinishedCall RowOf(Call? call, string?[] dimensions, long timeMs, string closedBy)
    {
        FinishedCall row = new()
        {
            Key = new RowKey { Grouping = "call" },
            CallId = call?.IdText ?? "",
            Ended = timeMs,
            ClosedBy = closedBy,
            Reports = call?.Reports.Count ?? 0,
            SourcePartition = partition,
        };
        if (call?.StartedMs is { } started)
            row.Started = started;
        foreach ((string name, string? value) in options.Dimensions.Names.Zip(dimensions))
        {
            if (value is not null)
                row.Key.Dimensions.Add(name, value);
        }

        return row;
    }

    private static void SetValues(FinishedCall row, CallFacts said, CallFacts facts)
    {
        Set(facts.PddSeconds, value => row.Pdd = value);
        Set(facts.PacketLossPercent, value => row.PacketLoss = value);
        Set(facts.AvgJitterMs, value => row.Jitter = value);
        Set(facts.MaxJitterMs, value => row.MaxJitter = value);
        Set(facts.DelayedPercent, value => row.DelayedPackets = value);
        Set(facts.AvgLatencyMs, value => row.Latency = value);
        Set(facts.RttMs, value => row.Rtt = value);
        Set(facts.Mos, value => row.Mos = value);
        Set(facts.In.Packets, value => row.PacketsIn = value);
        Set(facts.Out.Packets, value => row.PacketsOut = value);
        Set(facts.In.Level, value => row.AudioLevelIn = value);
        Set(facts.Out.Level, value => row.AudioLevelOut = value);
        Set(facts.IceFailed, value => row.IceFailed = value);
        foreach ((string name, double? own, double? known) in
            ((string, double?, double?)[])[
                ("packet_loss", said.PacketLossPercent, facts.PacketLossPercent),
                ("jitter", said.AvgJitterMs, facts.AvgJitterMs),
                ("max_jitter", said.MaxJitterMs, facts.MaxJitterMs),
                ("delayed_packets", said.DelayedPercent, facts.DelayedPercent),
                ("latency", said.AvgLatencyMs, facts.AvgLatencyMs),
                ("rtt", said.RttMs, facts.RttMs), ("mos", said.Mos, facts.Mos)])
        {
            if (own is null && known is not null)
                row.FromReports.Add(name);
        }
    }

    private static string BasisOf(FinishedCall row, string input)
    {
        if (input == Readings.Pdd)
            return row.PddBasis;
        bool ofReports = row.FromReports.Contains(input)
            || input is "packets_in" or "packets_out" or "audio_level_in" or "audio_level_out"
                or "ice_failed";
        return ofReports ? "reports"
            : row.ClosedBy is "signalling" or "limit" ? "steps"
            : "summary";
    }

    private static void Set<T>(T? value, Action<T> set) where T : struct
    {
        if (value is { } known)
            set(known);
    }

    private void Add(FinishedCall row) => rows.Add(FinishedId.Of(row), row);
}
