using Earshot.Actors.Ports;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Keys;

/// <summary>
/// The second stage: one partition of keys. Merges bundles into windows, closes those the
/// watermark has passed, and gives out their rows.
/// </summary>
public sealed class AggregatorStage : IStage
{
    private const string MetaPart = "aggregator";

    /// <summary>Spare cells kept.</summary>
    private const int SpareMax = 10_000;

    private readonly PipelineOptions options;
    private readonly bool panesInOneWindow;
    private readonly SymbolTable metrics;
    private readonly BundleReader bundles;
    private readonly RowWriter rows;
    private readonly SourceMarks marks = new();
    private readonly KeyTable keys;

    // Open windows by the time they close, each with the keys that have it open.
    private readonly SortedDictionary<(long EndMs, long StartMs, int Spec), List<KeyActor>>
        open = [];

    // The window that was opened last, and its keys.
    private (long EndMs, long StartMs, int Spec) openedLast;
    private List<KeyActor> actorsOfLast = [];

    private readonly KeysAhead ahead = new();
    private readonly SpareCells spare = new(SpareMax);
    private readonly List<(KeyActor Actor, int Spec, long StartMs)> changed = [];
    private long closedWindows;
    private long latePartials;
    private long duplicateBundles;
    private long bundleGaps;
    private long openWindows;

    /// <summary>Creates an empty stage.</summary>
    /// <param name="options">The pipeline.</param>
    /// <param name="metrics">Metric symbols; shared with the call stage when fused.</param>
    public AggregatorStage(PipelineOptions options, SymbolTable? metrics = null)
    {
        this.options = options;
        panesInOneWindow = options.Windows is [var only] && only.SlideMs == only.LengthMs;
        this.metrics = metrics ?? Schemas.Metrics.CreateTable();
        bundles = new BundleReader(this.metrics, options.KeyIdleMs);
        rows = new RowWriter(options, this.metrics);
        keys = new KeyTable(options, this.metrics);
    }

    /// <inheritdoc/>
    public string Name => "aggregator";

    /// <inheritdoc/>
    public bool Complete => marks.AllEnded;

    /// <inheritdoc/>
    public StageProgress Progress => new()
    {
        Keys = keys.InMemory.Count + keys.OutOfMemory,
        KeysOutOfMemory = keys.OutOfMemory,
        OpenWindows = openWindows,
        ClosedWindows = closedWindows,
        LatePartials = latePartials,
        DuplicateBundles = duplicateBundles,
        BundleGaps = bundleGaps,
        WatermarkMs = marks.WatermarkMs is long.MinValue or long.MaxValue
            ? null : marks.WatermarkMs,
    };

    /// <inheritdoc/>
    public void Apply(RecordBatch batch, int index, EpochOutputs outputs)
    {
        LogRecord record = batch[index];
        Merge(bundles.Read(record.Value), record.Offset, outputs);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// A bundle is our own record: one that cannot be read is damage, and leaving it out would
    /// lose an epoch without a trace.
    /// </remarks>
    public void Skip(RecordBatch batch, int index, string error, EpochOutputs outputs) =>
        throw new Ports.UnrecoverableException(
            $"bundle at {batch.Source}@{batch[index].Offset} cannot be applied: {error}. " +
            "Restore the log from a backup, or replay the input into a new data folder.");

    /// <inheritdoc/>
    public void EndInput(EpochOutputs outputs)
    {
    }

    /// <summary>
    /// Merges the bundle at an input offset, and closes what its mark lets close. The revision is
    /// the offset after it, as at an epoch's end: greater than that of any row before.
    /// </summary>
    internal void Merge(Bundle bundle, long offset, EpochOutputs outputs)
    {
        long? next = marks.NextOf(bundle.SourcePartition);

        // A source's end may cover no offsets, and still bring partials: its range alone would
        // not tell a repeat.
        if (bundle.From < next
            || (marks.HasEnded(bundle.SourcePartition) && bundle.Partials.Any()))
        {
            duplicateBundles++;
            return;
        }

        if (bundle.First && next is not null && bundle.From > next)
            bundleGaps++;
        foreach (Partial partial in bundle.Partials)
        {
            ahead.Tell(partial.Ahead?.Actor);
            Merge(partial, bundle.SourcePartition, offset, outputs);
        }

        if (!bundle.Last)
            return;
        if (marks.Advance(
            bundle.SourcePartition, bundle.SourcePartitions, bundle.To, bundle.WatermarkMs,
            bundle.Idle, bundle.Ended))
            CloseWindows(offset + 1, outputs);
    }

    /// <inheritdoc/>
    public void EndEpoch(long from, long to, bool idle, EpochOutputs outputs)
    {
        foreach ((KeyActor actor, int spec, long start) in changed)
        {
            // Closed meanwhile: its final row is out.
            if (actor.TakeChanged(spec, start) is { } window && !outputs.Suppressed)
                rows.Changed(actor, window, to, outputs);
        }

        changed.Clear();
    }

    /// <inheritdoc/>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        into.Add(StatePart.Write(MetaPart, writer =>
        {
            writer.Write(closedWindows);
            writer.Write(latePartials);
            writer.Write(duplicateBundles);
            writer.Write(bundleGaps);
            marks.Write(writer);
        }));
        keys.Save(into, whole, marks.WatermarkMs);
    }

    /// <inheritdoc/>
    public void Attach(IColdState cold) => keys.Attach(cold);

    /// <inheritdoc/>
    public bool NeedsColdParts => keys.OutOfMemory > 0;

    /// <inheritdoc/>
    public void SnapshotAnswered(bool stored) => keys.SnapshotAnswered(stored);

    /// <inheritdoc/>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        StatePart.Read(parts, MetaPart, reader =>
        {
            closedWindows = reader.ReadInt64();
            latePartials = reader.ReadInt64();
            duplicateBundles = reader.ReadInt64();
            bundleGaps = reader.ReadInt64();
            marks.Load(reader);
        });
        keys.Load(parts, marks.WatermarkMs);
        foreach (KeyActor actor in keys.InMemory)
        {
            foreach (OpenWindow window in actor.Open)
                Opened(actor, window.Spec, window.StartMs);
        }
    }

    private void Merge(Partial partial, int source, long revision, EpochOutputs outputs)
    {
        KeyActor? actor = null;
        Cell? cell = null;
        for (int spec = 0; spec < options.Windows.Count; spec++)
        {
            WindowSpec window = options.Windows[spec];
            long first = window.FirstStart(partial.PaneMs);
            long last = window.LastStart(partial.PaneMs);
            for (long start = first; start <= last; start += window.SlideMs)
            {
                if (start + window.LengthMs <= marks.WatermarkMs)
                {
                    latePartials++;
                    if (!outputs.Suppressed)
                    {
                        rows.LatePartial(
                            partial, spec, start, source, marks.WatermarkMs, revision, outputs);
                    }

                    continue;
                }

                actor ??= keys.ActorOf(partial.Key);
                Cell into = WindowOf(actor, spec, start);
                if (panesInOneWindow)
                    partial.AddTo(into);
                else
                    into.Merge(cell ??= partial.Cell);
            }
        }
    }

    // The cell of a key's window, which is about to change.
    private Cell WindowOf(KeyActor actor, int spec, long startMs)
    {
        Cell cell = actor.WindowAt(spec, startMs, spare, out bool opened);
        if (opened)
            Opened(actor, spec, startMs);
        if (options.Mode == OutputMode.Update && actor.MarkChanged(spec, startMs))
            changed.Add((actor, spec, startMs));
        keys.MarkDirty(actor);
        return cell;
    }

    private void Opened(KeyActor actor, int spec, long startMs)
    {
        // One after another, most keys open the same window.
        (long, long, int) window = (startMs + options.Windows[spec].LengthMs, startMs, spec);
        if (openedLast != window && !open.TryGetValue(window, out actorsOfLast!))
            open.Add(window, actorsOfLast = []);
        openedLast = window;
        actorsOfLast.Add(actor);
        openWindows++;
    }

    private void CloseWindows(long revision, EpochOutputs outputs)
    {
        while (open.Count > 0)
        {
            ((long end, long start, int spec), List<KeyActor> actors) = open.First();
            if (end > marks.WatermarkMs)
                break;
            open.Remove((end, start, spec));
            openedLast = default;
            for (int turn = 0; turn < actors.Count; turn++)
            {
                ahead.Tell(actors, turn);
                KeyActor actor = actors[turn];
                OpenWindow window = actor.Close(spec, start);
                rows.Closed(actor, window, revision, outputs);
                actor.IdleSinceMs = marks.WatermarkMs;
                keys.MarkDirty(actor);
                spare.Return(window.Cell);
            }

            openWindows -= actors.Count;
            closedWindows += actors.Count;
        }
    }
}
