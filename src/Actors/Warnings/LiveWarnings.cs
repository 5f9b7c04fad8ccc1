using System.Text;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Analytics.Warnings;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Warnings;

/// <summary>
/// Raises and clears the warnings of live streams. A report is a sample of every condition whose
/// inputs it has; one older than its stream's newest is none. A stream is over when its last report
/// lies the keep time behind the watermark, or behind its own next report: what is still raised is
/// cleared then. The row says when that time was over, so it does not matter which of the two
/// noticed. Streams without an id have no warnings: their reports cannot be told apart.
/// </summary>
internal sealed class LiveWarnings
{
    private const string PartKey = "warnings";

    private readonly Tags[] conditions = [.. WarningRule.Conditions];
    private readonly WarningRule rule;
    private readonly TagRules tagRules;
    private readonly long keepMs;
    private readonly WarningRows rows;
    private readonly LiveStreams streams;

    // One entry per stream with a raised warning, for when it would have been over if no report
    // had come since: no report has to move it. Ties go by the stream, not by chance.
    private readonly PriorityQueue<ulong, (long AtMs, ulong Stream)> timers = new();
    private long sweepAtMs = long.MinValue;
    private long raised;
    private long cleared;
    private long outOfOrder;

    /// <summary>Creates an empty state.</summary>
    /// <param name="options">The pipeline.</param>
    /// <param name="partition">Source partition.</param>
    public LiveWarnings(PipelineOptions options, int partition)
    {
        rule = options.Warnings;
        rule.Validate();
        tagRules = options.Tags;
        keepMs = Math.Max(options.LatenessMs, 60_000);
        DimensionSet dimensions = options.Dimensions;
        rows = new WarningRows(options.Topics.Calls, partition, dimensions, conditions);
        streams = new LiveStreams(dimensions.Count);
    }

    /// <summary>Streams held.</summary>
    public int StreamsHeld => streams.Count;

    /// <summary>Timers set, those included that no longer fit.</summary>
    public int TimersHeld => timers.Count;

    /// <summary>Adds what it counts.</summary>
    public StageProgress AddTo(StageProgress progress) => progress with
    {
        WarningsRaised = raised,
        WarningsCleared = cleared,
        WarningsActive = streams.RaisedCount,
        SamplesOutOfOrder = outOfOrder,
    };

    /// <summary>Says that a report of a stream is taken in soon.</summary>
    public void WillTake(ulong stream) => streams.WillChange(stream);

    /// <summary>Takes in a stream report within its time that was not seen before.</summary>
    /// <param name="report">The report.</param>
    /// <param name="facts">What it says, as its tags were decided by.</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="offset">Its offset in the input.</param>
    /// <param name="outputs">Takes the rows.</param>
    public void Take(
        EventRecord report, in ReportFacts facts, TagResult tags, long offset,
        EpochOutputs outputs)
    {
        ulong id = report.StreamId;
        if (!rule.IsOn || id == 0)
            return;
        long timeMs = report.EventTimeMs;
        ref StreamWarnings stream = ref streams.Change(id);
        if (timeMs >= stream.LastMs + keepMs)
        {
            ClearAll(id, ref stream, outputs);
            stream.BeginAnew();
        }
        else if (timeMs < stream.LastMs)
        {
            outOfOrder++;
            return;
        }

        stream.LastMs = timeMs;
        for (int condition = 0; condition < conditions.Length; condition++)
        {
            Tags tag = conditions[condition];
            if ((tags.Known & tag) == 0)
                continue;
            bool crosses = (tags.Raised & tag) != 0, isRaised = stream.IsRaised(condition);
            if (!crosses && !isRaised && rule.IsQuiet(stream.Windows[condition]))
                continue;
            long? raisedForMs = isRaised
                ? timeMs - streams.RaisedOf(id, condition).RaisedMs : null;
            WarningChange change = rule.Take(
                ref stream.Windows[condition], crosses, raisedForMs);
            if (change == WarningChange.None)
                continue;
            RaisedWarning warning = change == WarningChange.Raised
                ? Raise(id, ref stream, condition, report, offset)
                : Clear(id, ref stream, condition);
            rows.Add(
                change, condition, warning, timeMs, offset, stream.Windows[condition],
                tagRules.Explain(facts, tag), outputs);
        }
    }

    /// <summary>The watermark has moved: ends the streams that are over.</summary>
    public void Advance(long watermarkMs, EpochOutputs outputs)
    {
        if (!rule.IsOn)
            return;
        while (timers.TryPeek(out ulong id, out (long AtMs, ulong Stream) timer)
            && timer.AtMs <= watermarkMs)
        {
            timers.Dequeue();
            ref StreamWarnings stream = ref streams.Change(id);
            stream.HasTimer = false;
            if (stream.LastMs + keepMs <= watermarkMs)
                ClearAll(id, ref stream, outputs);
            else if (stream.Raised != 0)
                SetTimer(id, ref stream);
        }

        if (watermarkMs < sweepAtMs)
            return;
        sweepAtMs = watermarkMs == long.MaxValue ? watermarkMs : watermarkMs + keepMs;
        streams.DropUpTo(watermarkMs - keepMs);
    }

    /// <summary>Adds what changed.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        if (!rule.IsOn)
            return;
        into.Add(StatePart.Write(PartKey, writer =>
        {
            writer.Write(sweepAtMs);
            writer.Write(raised);
            writer.Write(cleared);
            writer.Write(outOfOrder);
        }));
        streams.Save(into, whole);
    }

    /// <summary>Takes everything back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        StatePart.Read(parts, PartKey, reader =>
        {
            sweepAtMs = reader.ReadInt64();
            raised = reader.ReadInt64();
            cleared = reader.ReadInt64();
            outOfOrder = reader.ReadInt64();
        });
        streams.Load(parts);
        foreach (ulong id in streams.WithRaised)
            SetTimer(id, ref streams.Change(id));
    }

    private RaisedWarning Raise(
        ulong id, ref StreamWarnings stream, int condition, EventRecord report, long offset)
    {
        string[] dimensions = Array.ConvertAll(
            report.Dimensions, symbol => report.DimensionValues[symbol]);
        RaisedWarning warning = new(
            report.EventTimeMs, offset, Encoding.UTF8.GetString(report.CallIdText),
            Encoding.UTF8.GetString(report.StreamIdText), dimensions);
        streams.Raise(id, condition, warning);
        stream.Raised |= (byte)(1 << condition);
        if (!stream.HasTimer)
            SetTimer(id, ref stream);
        raised++;
        return warning;
    }

    private RaisedWarning Clear(ulong id, ref StreamWarnings stream, int condition)
    {
        stream.Raised &= (byte)~(1 << condition);
        cleared++;
        return streams.Clear(id, condition);
    }

    private void ClearAll(ulong id, ref StreamWarnings stream, EpochOutputs outputs)
    {
        for (int condition = 0; condition < conditions.Length; condition++)
        {
            if (!stream.IsRaised(condition))
                continue;
            RaisedWarning warning = Clear(id, ref stream, condition);
            rows.AddEnded(
                condition, warning, stream.LastMs + keepMs, stream.Windows[condition], outputs);
        }
    }

    private void SetTimer(ulong id, ref StreamWarnings stream)
    {
        timers.Enqueue(id, (stream.LastMs + keepMs, id));
        stream.HasTimer = true;
    }
}
