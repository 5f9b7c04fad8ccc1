using System.Diagnostics;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>A window of one key that is not closed yet.</summary>
/// <param name="Spec">Index of its length in the pipeline's options.</param>
/// <param name="StartMs">Start, ms since the epoch.</param>
/// <param name="Cell">What fell into it so far.</param>
/// <param name="Changed">True when it changed since its last row (mode update).</param>
internal readonly record struct OpenWindow(int Spec, long StartMs, Cell Cell, bool Changed = false);

/// <summary>
/// One key: its open windows, and per window length and metric the history its predictions rest
/// on. There may be millions: small arrays hold both, and are searched from the front.
/// </summary>
internal sealed class KeyActor(GroupingKey key)
{
    private const int HistoryAtFirst = 4;

    // In no order; only the first openCount are used.
    private OpenWindow[] open = [];
    private int openCount;

    // Only the first historyCount are used.
    private PastWindows[] history = [];
    private int historyCount;

    /// <summary>The key.</summary>
    public GroupingKey Key { get; } = key;

    /// <summary>The table that holds it; null: none.</summary>
    public KeyTable? Table { get; set; }

    /// <summary>True when it changed since the last snapshot.</summary>
    public bool Dirty { get; set; }

    /// <summary>The page of the snapshots that has its newest state; null: none.</summary>
    public KeyPage? Page { get; set; }

    /// <summary>
    /// The cold page of the snapshot under way: it leaves memory when that is stored, unless it is
    /// used before. Null: it stays.
    /// </summary>
    public ColdPage? Leaving { get; set; }

    /// <summary>The watermark when its last window closed, or it was loaded, ms.</summary>
    public long IdleSinceMs { get; set; }

    /// <summary>Start of the last window it remembers, ms; long.MinValue for none.</summary>
    public long LastMs
    {
        get
        {
            long last = long.MinValue;
            foreach (ref readonly PastWindows past in History)
                last = Math.Max(last, past.LastMs);
            return last;
        }
    }

    /// <summary>True when a window of it held buckets lately: then others will.</summary>
    public bool Busy { get; private set; }

    /// <summary>Its open windows, in no order. Valid until the next change.</summary>
    public ReadOnlySpan<OpenWindow> Open => open.AsSpan(0, openCount);

    /// <summary>The cell of the window of a length that starts at a time.</summary>
    /// <param name="spec">Index of the length.</param>
    /// <param name="startMs">Start, ms since the epoch.</param>
    /// <param name="spare">Empty cells to use for a new window.</param>
    /// <param name="opened">True when it was not open before.</param>
    public Cell WindowAt(int spec, long startMs, SpareCells spare, out bool opened)
    {
        int index = IndexOf(spec, startMs);
        opened = index < 0;
        if (!opened)
            return open[index].Cell;
        Cell cell = spare.Take(Busy);
        Add(new OpenWindow(spec, startMs, cell));
        return cell;
    }

    /// <summary>Says that a window is used soon: see <see cref="KeysAhead"/>.</summary>
    public void WillUse() => CacheLine.FetchObject(open);

    /// <summary>The same once more, when what that fetched has come.</summary>
    public void WillUseFirst()
    {
        if (openCount > 0)
            CacheLine.FetchObject(open[0].Cell);
    }

    /// <summary>The same once more, when what that fetched has come.</summary>
    public void WillAddToFirst()
    {
        if (openCount > 0)
            open[0].Cell.WillAdd();
    }

    /// <summary>Marks an open window as changed.</summary>
    /// <returns>False when it was marked already.</returns>
    public bool MarkChanged(int spec, long startMs)
    {
        ref OpenWindow window = ref open[IndexOf(spec, startMs)];
        if (window.Changed)
            return false;
        window = window with { Changed = true };
        return true;
    }

    /// <summary>A window marked as changed, unmarked; null when it is closed meanwhile.</summary>
    public OpenWindow? TakeChanged(int spec, long startMs)
    {
        int index = IndexOf(spec, startMs);
        if (index < 0)
            return null;
        open[index] = open[index] with { Changed = false };
        return open[index];
    }

    /// <summary>Takes a window out for good.</summary>
    public OpenWindow Close(int spec, long startMs)
    {
        int index = IndexOf(spec, startMs);
        Debug.Assert(index >= 0);
        OpenWindow window = open[index];
        open[index] = open[--openCount];
        open[openCount] = default;
        if (openCount == 0)
            open = [];
        Busy = window.Cell.HasBuckets;
        return window;
    }

    /// <summary>
    /// What this key's history knows of a metric over windows of a length, as one of them closes.
    /// </summary>
    /// <param name="spec">Index of the length.</param>
    /// <param name="metric">The metric's symbol.</param>
    /// <param name="startMs">Start of the window.</param>
    /// <param name="keepMs">
    /// A history whose last window began longer than this before begins anew.
    /// </param>
    /// <returns>Valid until the history of another metric is asked for.</returns>
    public ref Predictor HistoryOf(int spec, int metric, long startMs, long keepMs)
    {
        int at = 0;
        while (at < historyCount && (history[at].Metric != metric || history[at].Spec != spec))
            at++;
        if (at == history.Length)
            Array.Resize(ref history, Math.Max(HistoryAtFirst, 2 * at));
        ref PastWindows past = ref history[at];
        if (at == historyCount || startMs - past.LastMs > keepMs)
            past.Predictor = new Predictor();
        historyCount = Math.Max(historyCount, at + 1);
        (past.Spec, past.Metric, past.LastMs) = (spec, metric, startMs);
        return ref past.Predictor;
    }

    /// <summary>Writes it for a snapshot.</summary>
    public void Write(BinaryWriter writer, SymbolTable metrics)
    {
        writer.Write7BitEncodedInt(openCount);
        foreach (OpenWindow window in Open)
        {
            writer.Write7BitEncodedInt(window.Spec);
            writer.Write(window.StartMs);
            writer.Write(window.Changed);
            window.Cell.Write(writer, metrics);
        }

        writer.Write7BitEncodedInt(historyCount);
        foreach (ref readonly PastWindows past in History)
        {
            writer.Write7BitEncodedInt(past.Spec);
            writer.Write(metrics[past.Metric]);
            writer.Write(past.LastMs);
            past.Predictor.Write(writer);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static KeyActor Read(GroupingKey key, PageReader reader, SymbolTable metrics) =>
        Read(key, reader, metrics, null);

    /// <summary>Reads what versions wrote that did not say when a history's last window was.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="reader">Its part.</param>
    /// <param name="metrics">Metric symbols.</param>
    /// <param name="lastMs">Taken for that.</param>
    public static KeyActor ReadOld(
        GroupingKey key, PageReader reader, SymbolTable metrics, long lastMs) =>
        Read(key, reader, metrics, lastMs);

    private static KeyActor Read(
        GroupingKey key, PageReader reader, SymbolTable metrics, long? lastMs)
    {
        KeyActor actor = new(key);
        int windows = reader.Read7BitEncodedInt();
        actor.open = windows == 0 ? [] : new OpenWindow[windows];
        for (int i = 0; i < windows; i++)
        {
            int spec = reader.Read7BitEncodedInt();
            long start = reader.ReadInt64();
            bool changed = reader.ReadBoolean();
            actor.Add(new OpenWindow(spec, start, Cell.Read(reader, metrics), changed));
        }

        int known = reader.Read7BitEncodedInt();
        actor.history = known == 0 ? [] : new PastWindows[known];
        for (; actor.historyCount < known; actor.historyCount++)
        {
            int spec = reader.Read7BitEncodedInt();
            int metric = reader.ReadSymbol(metrics);
            long last = lastMs ?? reader.ReadInt64();
            actor.history[actor.historyCount] = new PastWindows
            {
                Spec = spec, Metric = metric, LastMs = last, Predictor = Predictor.Read(reader),
            };
        }

        return actor;
    }

    private int IndexOf(int spec, long startMs)
    {
        for (int i = 0; i < openCount; i++)
        {
            if (open[i].StartMs == startMs && open[i].Spec == spec)
                return i;
        }

        return -1;
    }

    private void Add(OpenWindow window)
    {
        if (openCount == open.Length)
            Array.Resize(ref open, openCount + 1 + (openCount / 2));
        open[openCount++] = window;
    }

    private ReadOnlySpan<PastWindows> History => history.AsSpan(0, historyCount);

    // What is known of a metric over the closed windows of a length; the last one began at LastMs.
    private struct PastWindows
    {
        public int Spec;
        public int Metric;
        public long LastMs;
        public Predictor Predictor;
    }
}
