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
/// cells are reused from epoch to epoch. Keys beyond the limit share one, whose every value is
/// <see cref="Other"/>.
/// </summary>
internal sealed class PartialTable
{
    /// <summary>The value of every dimension of the key for which others had no room.</summary>
    public const string Other = "other";

    /// <summary>Spare cells kept for the next epoch.</summary>
    private const int SpareMax = 100_000;

    private readonly SymbolTable dimensionValues;
    private readonly KeyLimit limit;
    private readonly Level[] groupings;
    private readonly KeyEntry[] others;
    private readonly Dictionary<(int Key, long PaneMs), Cell> cells = [];
    private readonly List<KeyEntry> keys = [];

    // What the epoch has brought, and the key of each.
    private readonly List<Partial> partials = [];
    private readonly List<KeyEntry> used = [];
    private readonly SpareCells spare = new(SpareMax);

    /// <summary>Creates an empty table.</summary>
    /// <param name="sets">Grouping sets.</param>
    /// <param name="dimensions">Gives the ordinals of their dimensions.</param>
    /// <param name="dimensionValues">Symbols of the dimension values.</param>
    /// <param name="paneMs">Pane length, ms.</param>
    /// <param name="limit">Which keys there may be.</param>
    public PartialTable(
        IReadOnlyList<GroupingSet> sets, DimensionSet dimensions, SymbolTable dimensionValues,
        long paneMs, KeyLimit limit)
    {
        this.dimensionValues = dimensionValues;
        this.limit = limit;
        PaneMs = paneMs;
        groupings = [.. sets.Select(set => new Level(
            [.. set.Dimensions.Select(name => IndexOf(dimensions.Names, name))]))];
        others = [.. sets.Select((set, grouping) => OtherOf(grouping, set.Dimensions.Count))];
    }

    /// <summary>Pane length, ms.</summary>
    public long PaneMs { get; }

    /// <summary>Number of grouping sets.</summary>
    public int Groupings => groupings.Length;

    /// <summary>Keys it finds at once; the others are looked up once more.</summary>
    public int KeysHeld => keys.Count;

    /// <summary>What the epoch has brought so far.</summary>
    public IReadOnlyList<Partial> Partials => partials;

    /// <summary>The cell of a grouping set for an event's dimensions and time.</summary>
    /// <param name="grouping">Index of the grouping set.</param>
    /// <param name="dimensions">Symbols by ordinal.</param>
    /// <param name="timeMs">Event time.</param>
    public Cell CellOf(int grouping, ReadOnlySpan<int> dimensions, long timeMs)
    {
        int found = groupings[grouping].Find(dimensions);
        KeyEntry? entry = found < 0 ? null : keys[found];
        if (entry is null || (entry.Period != limit.Period && entry.IsLimited))
            entry = Admit(grouping, dimensions, entry);
        long pane = Panes.StartOf(timeMs, PaneMs);
        if (entry.LastCell is not null && entry.LastPaneMs == pane)
            return entry.LastCell;
        if (!cells.TryGetValue((entry.Index, pane), out Cell? cell))
        {
            cell = spare.Take(entry.Busy);
            cells.Add((entry.Index, pane), cell);
            partials.Add(new Partial(entry.Key, pane, cell));
            used.Add(entry);
        }

        entry.LastCell = cell;
        entry.LastPaneMs = pane;
        return cell;
    }

    /// <summary>Starts the next epoch: the cells handed out are taken back.</summary>
    public void Clear()
    {
        for (int i = 0; i < partials.Count; i++)
        {
            Cell cell = partials[i].Cell;
            used[i].LastCell = null;
            used[i].Busy = cell.HasBuckets;
            spare.Return(cell);
        }

        used.Clear();
        partials.Clear();
        cells.Clear();
    }

    /// <summary>
    /// Forgets every key, so that those no longer used take no memory. Right after
    /// <see cref="Clear"/>; changes nothing in what comes out.
    /// </summary>
    public void Renew()
    {
        keys.Clear();
        foreach (Level grouping in groupings)
            grouping.Clear();
        keys.TrimExcess();
        partials.TrimExcess();
        used.TrimExcess();
        cells.TrimExcess();
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

    // Its index is below those of the keys found.
    private static KeyEntry OtherOf(int grouping, int dimensions)
    {
        string?[] values = new string?[dimensions];
        Array.Fill(values, Other);
        return new KeyEntry(new GroupingKey(grouping, values), -1 - grouping, isLimited: false);
    }

    /// <summary>A key that is not known to be live in this period: it is now, or has no room.
    /// </summary>
    private KeyEntry Admit(int grouping, ReadOnlySpan<int> dimensions, KeyEntry? known)
    {
        Level level = groupings[grouping];
        ReadOnlySpan<string?> values =
            known is null ? level.ValuesOf(dimensions, dimensionValues) : [];
        bool limited = known?.IsLimited ?? !others[grouping].Key.HasValues(values);
        ulong hash = known?.Key.Hash ?? GroupingKey.HashOf(grouping, values);
        if (limited && !limit.Admit(grouping, hash))
            return others[grouping];
        if (known is null)
        {
            // Said by an event or for lack of room: "other" is one key.
            known = limited || values.Length == 0
                ? new KeyEntry(new GroupingKey(grouping, [.. values]), keys.Count, limited)
                : others[grouping];
            keys.Add(known);
            level.Add(dimensions, keys.Count - 1);
        }

        known.Period = limit.Period;
        return known;
    }

    private sealed class KeyEntry(GroupingKey key, int index, bool isLimited)
    {
        public readonly GroupingKey Key = key;

        /// <summary>Tells it from the others in this table.</summary>
        public readonly int Index = index;

        /// <summary>False for the total and for "other": they are always admitted.</summary>
        public readonly bool IsLimited = isLimited;

        /// <summary>The period in which it was admitted last.</summary>
        public long Period;

        /// <summary>True when it had many values lately.</summary>
        public bool Busy;

        public Cell? LastCell;
        public long LastPaneMs;
    }

    /// <summary>Finds the key of a grouping set: symbols are paired up one after another.</summary>
    private sealed class Level(int[] ordinals)
    {
        // Pairs (id of the dimensions so far, symbol of the next one) and the id of both. The
        // last ids are those of keys.
        private readonly Dictionary<ulong, int>[] pairs =
            [.. ordinals.Select(_ => new Dictionary<ulong, int>())];

        private readonly string?[] values = new string?[ordinals.Length];
        private int nextId = 1;
        private int whole = -1;

        /// <summary>The key's place; -1: not known.</summary>
        public int Find(ReadOnlySpan<int> dimensions)
        {
            if (ordinals.Length == 0)
                return whole;
            int id = 0;
            for (int i = 0; i < ordinals.Length; i++)
            {
                if (!pairs[i].TryGetValue(Pair(id, dimensions[ordinals[i]]), out id))
                    return -1;
            }

            return id;
        }

        /// <summary>Remembers a key's place.</summary>
        public void Add(ReadOnlySpan<int> dimensions, int key)
        {
            if (ordinals.Length == 0)
                whole = key;
            int id = 0;
            for (int i = 0; i < ordinals.Length; i++)
            {
                ulong pair = Pair(id, dimensions[ordinals[i]]);
                if (pairs[i].TryGetValue(pair, out id))
                    continue;
                id = i == ordinals.Length - 1 ? key : nextId++;
                pairs[i].Add(pair, id);
            }
        }

        /// <summary>
        /// The values of the set's dimensions; null when missing. Valid until the next call.
        /// </summary>
        public ReadOnlySpan<string?> ValuesOf(ReadOnlySpan<int> dimensions, SymbolTable texts)
        {
            for (int i = 0; i < values.Length; i++)
            {
                int symbol = dimensions[ordinals[i]];
                values[i] = symbol == 0 ? null : texts[symbol];
            }

            return values;
        }

        public void Clear()
        {
            foreach (Dictionary<ulong, int> pair in pairs)
            {
                pair.Clear();
                pair.TrimExcess();
            }

            nextId = 1;
            whole = -1;
        }

        private static ulong Pair(int id, int symbol) => ((ulong)(uint)id << 32) | (uint)symbol;
    }
}
