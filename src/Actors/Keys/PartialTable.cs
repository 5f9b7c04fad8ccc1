using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>One partial aggregate: a key, a pane, and what fell into it.</summary>
/// <param name="Key">The key.</param>
/// <param name="PaneMs">Start of the pane, ms since the epoch.</param>
/// <param name="Cell">The statistics.</param>
public readonly record struct Partial(GroupingKey Key, long PaneMs, Cell Cell);

/// <summary>
/// The partial aggregates of one epoch, by key and pane. Filled record by record on the hot path;
/// cells are reused from epoch to epoch.
/// </summary>
public sealed class PartialTable
{
    /// <summary>Spare cells kept for the next epoch.</summary>
    private const int SpareMax = 100_000;

    private readonly SymbolTable dimensionValues;
    private readonly Level[] groupings;
    private readonly Dictionary<(int Key, long PaneMs), Cell> cells = [];
    private readonly List<KeyEntry> keys = [];
    private readonly List<Partial> partials = [];
    private readonly Stack<Cell> spare = new();

    /// <summary>Creates an empty table.</summary>
    /// <param name="sets">Grouping sets.</param>
    /// <param name="dimensions">Gives the ordinals of their dimensions.</param>
    /// <param name="dimensionValues">Symbols of the dimension values.</param>
    /// <param name="paneMs">Pane length, ms.</param>
    public PartialTable(
        IReadOnlyList<GroupingSet> sets, DimensionSet dimensions, SymbolTable dimensionValues,
        long paneMs)
    {
        this.dimensionValues = dimensionValues;
        PaneMs = paneMs;
        groupings = [.. sets.Select(set => new Level(
            [.. set.Dimensions.Select(name => IndexOf(dimensions.Names, name))]))];
    }

    /// <summary>Pane length, ms.</summary>
    public long PaneMs { get; }

    /// <summary>Number of grouping sets.</summary>
    public int Groupings => groupings.Length;

    /// <summary>What the epoch has brought so far.</summary>
    public IReadOnlyList<Partial> Partials => partials;

    /// <summary>The cell of a grouping set for an event's dimensions and time.</summary>
    /// <param name="grouping">Index of the grouping set.</param>
    /// <param name="dimensions">Symbols by ordinal.</param>
    /// <param name="timeMs">Event time.</param>
    public Cell CellOf(int grouping, ReadOnlySpan<int> dimensions, long timeMs)
    {
        int key = groupings[grouping].KeyOf(dimensions, this, grouping);
        KeyEntry entry = keys[key];
        long pane = Panes.StartOf(timeMs, PaneMs);
        if (entry.LastCell is not null && entry.LastPaneMs == pane)
            return entry.LastCell;
        if (!cells.TryGetValue((key, pane), out Cell? cell))
        {
            cell = spare.TryPop(out Cell? used) ? used : new Cell();
            cells.Add((key, pane), cell);
            partials.Add(new Partial(entry.Key, pane, cell));
        }

        entry.LastCell = cell;
        entry.LastPaneMs = pane;
        return cell;
    }

    /// <summary>Starts the next epoch: the cells handed out are taken back.</summary>
    public void Clear()
    {
        foreach (KeyEntry entry in keys)
            entry.LastCell = null;
        foreach (Partial partial in partials)
        {
            if (spare.Count == SpareMax)
                break;
            partial.Cell.Reset();
            spare.Push(partial.Cell);
        }

        partials.Clear();
        cells.Clear();
    }

    private static int IndexOf(IReadOnlyList<string> names, string name)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
                return i;
        }

        throw new ArgumentException($"unknown dimension '{name}'", nameof(name));
    }

    private int AddKey(int grouping, ReadOnlySpan<int> ordinals, ReadOnlySpan<int> dimensions)
    {
        string?[] values = new string?[ordinals.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int symbol = dimensions[ordinals[i]];
            values[i] = symbol == 0 ? null : dimensionValues[symbol];
        }

        keys.Add(new KeyEntry(new GroupingKey(grouping, values)));
        return keys.Count - 1;
    }

    private sealed class KeyEntry(GroupingKey key)
    {
        public readonly GroupingKey Key = key;
        public Cell? LastCell;
        public long LastPaneMs;
    }

    /// <summary>Finds the key of a grouping set: symbols are paired up one after another.</summary>
    private sealed class Level(int[] ordinals)
    {
        // Pairs (id of the dimensions so far, symbol of the next one) and the id of both.
        private readonly Dictionary<ulong, int>[] pairs =
            [.. ordinals.Select(_ => new Dictionary<ulong, int>())];

        private int nextId = 1;
        private int whole = -1;

        public int KeyOf(ReadOnlySpan<int> dimensions, PartialTable table, int grouping)
        {
            if (ordinals.Length == 0)
                return whole >= 0 ? whole : whole = table.AddKey(grouping, ordinals, dimensions);
            int id = 0;
            for (int i = 0; i < ordinals.Length; i++)
            {
                ulong pair = ((ulong)(uint)id << 32) | (uint)dimensions[ordinals[i]];
                if (!pairs[i].TryGetValue(pair, out int next))
                {
                    bool last = i == ordinals.Length - 1;
                    next = last ? table.AddKey(grouping, ordinals, dimensions) : nextId++;
                    pairs[i].Add(pair, next);
                }

                id = next;
            }

            return id;
        }
    }
}
