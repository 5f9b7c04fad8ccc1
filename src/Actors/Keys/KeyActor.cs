using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>A window of one key that is not closed yet.</summary>
internal sealed class OpenWindow(int spec, long startMs, Cell cell)
{
    /// <summary>Index of its length in the pipeline's options.</summary>
    public int Spec { get; } = spec;

    /// <summary>Start, ms since the epoch.</summary>
    public long StartMs { get; } = startMs;

    /// <summary>What fell into it so far.</summary>
    public Cell Cell { get; } = cell;

    /// <summary>True when it changed since its last row (mode update).</summary>
    public bool Changed { get; set; }
}

/// <summary>
/// One key: its open windows, and per window length and metric the history its predictions rest
/// on.
/// </summary>
internal sealed class KeyActor(GroupingKey key)
{
    private readonly List<OpenWindow> open = [];
    private readonly Dictionary<(int Spec, int Metric), Predictor> history = [];

    /// <summary>The key.</summary>
    public GroupingKey Key { get; } = key;

    /// <summary>True when it changed since the last snapshot.</summary>
    public bool Dirty { get; set; }

    /// <summary>Its open windows, in no order.</summary>
    public IReadOnlyList<OpenWindow> Open => open;

    /// <summary>The window of a length that starts at a time.</summary>
    /// <param name="spec">Index of the length.</param>
    /// <param name="startMs">Start, ms since the epoch.</param>
    /// <param name="spare">Empty cells to use for a new window.</param>
    /// <param name="opened">True when it was not open before.</param>
    public OpenWindow WindowAt(int spec, long startMs, Stack<Cell> spare, out bool opened)
    {
        foreach (OpenWindow window in open)
        {
            if (window.StartMs == startMs && window.Spec == spec)
            {
                opened = false;
                return window;
            }
        }

        Cell cell = spare.TryPop(out Cell? used) ? used : new Cell();
        OpenWindow added = new(spec, startMs, cell);
        open.Add(added);
        opened = true;
        return added;
    }

    /// <summary>Takes a window out for good.</summary>
    public OpenWindow Close(int spec, long startMs)
    {
        int index = open.FindIndex(w => w.Spec == spec && w.StartMs == startMs);
        OpenWindow window = open[index];
        open.RemoveAt(index);
        return window;
    }

    /// <summary>What this key's history knows of a metric over windows of a length.</summary>
    public Predictor HistoryOf(int spec, int metric)
    {
        if (!history.TryGetValue((spec, metric), out Predictor? predictor))
            history.Add((spec, metric), predictor = new Predictor());
        return predictor;
    }

    /// <summary>Writes it for a snapshot.</summary>
    public void Write(BinaryWriter writer, SymbolTable metrics)
    {
        writer.Write7BitEncodedInt(open.Count);
        foreach (OpenWindow window in open)
        {
            writer.Write7BitEncodedInt(window.Spec);
            writer.Write(window.StartMs);
            writer.Write(window.Changed);
            window.Cell.Write(writer, metrics);
        }

        writer.Write7BitEncodedInt(history.Count);
        foreach (((int spec, int metric), Predictor predictor) in history)
        {
            writer.Write7BitEncodedInt(spec);
            writer.Write(metrics[metric]);
            predictor.Write(writer);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static KeyActor Read(GroupingKey key, BinaryReader reader, SymbolTable metrics)
    {
        KeyActor actor = new(key);
        int windows = reader.Read7BitEncodedInt();
        for (int i = 0; i < windows; i++)
        {
            int spec = reader.Read7BitEncodedInt();
            long start = reader.ReadInt64();
            bool changed = reader.ReadBoolean();
            actor.open.Add(
                new OpenWindow(spec, start, Cell.Read(reader, metrics)) { Changed = changed });
        }

        int histories = reader.Read7BitEncodedInt();
        for (int i = 0; i < histories; i++)
        {
            int spec = reader.Read7BitEncodedInt();
            int metric = metrics.Intern(reader.ReadString());
            actor.history.Add((spec, metric), Predictor.Read(reader));
        }

        return actor;
    }
}
