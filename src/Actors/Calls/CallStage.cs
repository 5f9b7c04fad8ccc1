using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Actors.Warnings;
using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>
/// The first stage: one partition of raw events. Each record is decoded and takes exactly one
/// way: ignored, dead, late, duplicate or aggregated. What is aggregated is combined by key and
/// pane; an epoch's end gives it out as a bundle.
/// </summary>
public sealed class CallStage : IStage
{
    private readonly PipelineOptions options;
    private readonly int partition;
    private readonly DecodeAhead decoder;
    private readonly EventClock clock;
    private readonly HorizonSet seen;
    private readonly CallJoin calls;
    private readonly PddBaselines baselines;
    private readonly Combiner combiner;
    private readonly KeyLimit keys;
    private readonly TableRenewal renewal;
    private readonly LiveWarnings warnings;
    private readonly Books books = new();
    private readonly SourceChain chain = new();
    private readonly SideRows side;
    private readonly BundleWriter bundles;

    // The one that is being taken in.
    private EventRecord record;

    /// <summary>Creates an empty stage.</summary>
    /// <param name="options">The pipeline.</param>
    /// <param name="partition">Source partition.</param>
    /// <param name="decoder">Reads the input's format; owned by this stage.</param>
    /// <param name="metrics">Metric symbols; shared with the aggregator when fused.</param>
    public CallStage(
        PipelineOptions options, int partition, IRecordDecoder decoder, SymbolTable? metrics = null)
    {
        this.options = options;
        this.partition = partition;
        side = new SideRows(options.PipelineId, partition);
        bundles = new BundleWriter(options.Partitions);
        MetricNames = metrics ?? Schemas.Metrics.CreateTable();
        SymbolTable values = new();
        DimensionSet dimensions = options.Dimensions;
        this.decoder = new DecodeAhead(
            decoder, () => new EventRecord(dimensions, values, MetricNames), WillTake,
            () => calls!.WillTakeNow());
        record = this.decoder.TakeNone();
        clock = new EventClock(options.LatenessMs);
        seen = new HorizonSet("seen", options.LatenessMs, options.SeenEventsMax);
        baselines = new PddBaselines(options, values);
        keys = new KeyLimit(options);
        combiner = new Combiner(
            options, dimensions, values, MetricNames, keys, books, baselines);
        warnings = new LiveWarnings(options, partition);
        FinishedRows? finished = options.ArchiveCalls
            ? new FinishedRows(options.Topics.Calls, partition, dimensions, values) : null;
        calls = new CallJoin(
            options, combiner, dimensions.Count, values, MetricNames, books, finished,
            new GivenUpCalls(options.Tags, dimensions, combiner, baselines));
        renewal = new TableRenewal(
            values, MetricNames, combiner.Partials, keys, calls, baselines, combiner.Estimates);
    }

    /// <inheritdoc/>
    public string Name => "call";

    /// <inheritdoc/>
    public bool Complete => clock.Ended;

    /// <inheritdoc/>
    public StageProgress Progress
    {
        get
        {
            // Keys of events that wait may yet be refused.
            combiner.Partials.Flush();
            return warnings.AddTo(books.ToProgress()) with
            {
                ForgottenIds = seen.Forgotten + calls.Forgotten,
                LiveCalls = calls.Count,
                MetricLimited = combiner.MetricLimited,
                KeysRefused = keys.Refused,
                KeyLimitPeriods = keys.PeriodsOver,
                BundleGaps = chain.Gaps,
                UnlearnedPdd = baselines.LeftOut,
                WatermarkMs = clock.GreatestMs == long.MinValue ? null
                    : clock.GreatestMs - options.LatenessMs,
            };
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<CountryPddLimit> PddLimits => baselines.LimitsAt(clock.GreatestMs);

    internal SymbolTable MetricNames { get; }

    internal int TimersHeld => calls.TimersHeld;

    /// <inheritdoc/>
    public void Apply(RecordBatch batch, int index, EpochOutputs outputs)
    {
        books.Read++;
        RecordHeaders headers = batch.HeadersOf(index);
        if (!headers.IsEmpty && SourceLink.TryRead(headers, out SourceLink link)
            && !chain.Take(link))
        {
            books.Duplicate++;
            return;
        }

        record = decoder.Take(batch, index, out DecodeResult result);
        switch (result)
        {
            case DecodeResult.Ignored:
                books.Ignored++;
                return;
            case DecodeResult.Dead:
                Bury(batch, index, DeadReason.Malformed, record.DeadDetail, outputs);
                return;
        }

        if (Fault(batch.AppendTimeOf(index)) is { } fault)
        {
            Bury(batch, index, fault.Reason, fault.Detail, outputs);
            return;
        }

        // Timers first: a record finds the calls that are over by its watermark counted, as it
        // would had another record moved the watermark. So whatever is decided at event time t
        // knows of everything before t - lateness.
        if (clock.See(record.EventTimeMs))
            AdvanceTimers(outputs);
        if (record.EventTimeMs < clock.WatermarkMs)
            KeepLate(batch, index, LateReason.Late, outputs);
        else if (record.EventId != 0 && !seen.Add(record.EventId, record.EventTimeMs))
            books.Duplicate++;
        else
            Take(batch, index, outputs);
    }

    /// <inheritdoc/>
    public void Skip(RecordBatch batch, int index, string error, EpochOutputs outputs)
    {
        books.Read++;
        record = decoder.TakeNone();
        Bury(batch, index, DeadReason.Failed, error, outputs);
    }

    /// <inheritdoc/>
    public void EndInput(EpochOutputs outputs)
    {
        clock.Ended = true;
        AdvanceTimers(outputs);
    }

    /// <inheritdoc/>
    public void EndEpoch(long from, long to, bool idle, EpochOutputs outputs)
    {
        if (!outputs.Suppressed)
            bundles.Write(CutBundle(from, to, idle), outputs);
        ReleaseBundle();
    }

    /// <summary>The epoch's bundle; its partials are valid until the next record, and the
    /// cell of each until the next partial.</summary>
    internal Bundle CutBundle(long from, long to, bool idle)
    {
        combiner.Partials.Flush();
        return new Bundle(
            partition, options.Partitions, from, to, clock.WatermarkMs, idle, clock.Ended,
            combiner.Partials.Partials, MetricNames);
    }

    /// <summary>Forgets what the last bundle was made of.</summary>
    internal void ReleaseBundle()
    {
        // What a suppressed bundle would hold is dropped with it; its keys are live all the same.
        combiner.Partials.Flush();
        combiner.Partials.Clear();
        decoder.Forget();
        renewal.AfterEpoch();
    }

    /// <inheritdoc/>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        into.Add(StatePart.Write("call", writer =>
        {
            writer.Write(clock.GreatestMs);
            writer.Write(clock.Ended);
            writer.Write(seen.Forgotten);
            books.Write(writer);
        }));
        into.Add(StatePart.Write("causes", books.WriteCauses));
        into.Add(StatePart.Write("chain", chain.Write));
        warnings.Save(into, whole);
        seen.Save(into, whole);
        calls.Save(into, whole);
        baselines.Save(into, whole);
        combiner.Save(into, whole);
        keys.Save(into, whole);
    }

    /// <inheritdoc/>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        StatePart.Read(parts, "call", reader =>
        {
            clock.GreatestMs = reader.ReadInt64();
            clock.Ended = reader.ReadBoolean();
            seen.Forgotten = reader.ReadInt64();
            books.Load(reader);
        });
        StatePart.Read(parts, "causes", books.LoadCauses);
        StatePart.Read(parts, "chain", chain.Load);
        warnings.Load(parts);
        seen.Load(parts);
        calls.Load(parts);
        baselines.Load(parts);
        combiner.Load(parts);
        keys.Load(parts);
    }

    private void WillTake(EventRecord next)
    {
        seen.WillAdd(next.EventId);
        calls.WillTake(next);
        if (next.StreamId != 0)
            warnings.WillTake(next.StreamId);
    }

    private (DeadReason Reason, string Detail)? Fault(long appendTimeMs)
    {
        if (record.EventTimeMs <= 0)
            return (DeadReason.Invalid, "event_time is missing or not after 1970");
        if (record.EventTimeMs > appendTimeMs + options.FutureLimitMs)
        {
            return (
                DeadReason.Future,
                $"event_time {UtcText.Of(record.EventTimeMs)} is more than " +
                $"{Durations.Format(options.FutureLimitMs)} ahead of the time it was taken in");
        }

        if (record.Kind != EventKind.CallMetric || record.Values.Length == 0)
            return null;
        MetricValue value = record.Values[0];
        return Plausible.Is(value.Metric, value.Value) ? null
            : (DeadReason.Invalid, FormattableString.Invariant(
                $"{MetricNames[value.Metric]} cannot be {value.Value}"));
    }

    private void Take(RecordBatch batch, int index, EpochOutputs outputs)
    {
        switch (calls.Take(record, batch.OffsetOf(index), outputs))
        {
            case Verdict.Aggregated:
                books.Aggregated++;
                if (record.Kind == EventKind.StreamReport)
                    Watch(batch.OffsetOf(index), outputs);
                break;
            case Verdict.Duplicate:
                books.Duplicate++;
                break;
            case Verdict.CallCounted:
                KeepLate(batch, index, LateReason.CallCounted, outputs);
                break;
        }
    }

    private void Watch(long offset, EpochOutputs outputs) => warnings.Take(
        record, in combiner.ReportFacts, combiner.ReportTags, offset, outputs);

    private void AdvanceTimers(EpochOutputs outputs)
    {
        long watermark = clock.WatermarkMs;

        // The end of the input is past every record; the last period goes on to it.
        if (!clock.Ended && keys.IsPast(watermark))
        {
            combiner.Partials.Flush();
            keys.Advance(watermark);
        }

        seen.DropBefore(watermark);
        calls.Advance(watermark, outputs);
        baselines.DropBefore(watermark);
        warnings.Advance(watermark, outputs);
    }

    private void KeepLate(RecordBatch batch, int index, LateReason reason, EpochOutputs outputs)
    {
        books.Late++;
        if (!outputs.Suppressed)
            side.Late(batch, index, reason, record, clock.WatermarkMs, outputs);
    }

    private void Bury(
        RecordBatch batch, int index, DeadReason reason, string detail, EpochOutputs outputs)
    {
        books.Dead++;
        if (!outputs.Suppressed)
            side.Dead(batch, index, reason, detail, record.EventTimeMs, outputs);
    }
}
