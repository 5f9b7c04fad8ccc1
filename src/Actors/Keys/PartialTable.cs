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
    private readonly KeyFinder[] groupings;
    private readonly KeyEntry[] others;

    // Of the keys used for more than two panes in the epoch, the cells they do not know themselves.
    private readonly Dictionary<(int Key, long PaneMs), Cell> furtherCells = [];

    // What the epoch has brought, and the key of each.
    private readonly List<Partial> partials = [];
    private List<KeyEntry> used = [];
    private List<KeyEntry> usedBefore = [];
    private readonly SpareCells spare = new(SpareMax);
    private int keyCount;
    private long epoch;

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
        groupings = [.. sets.Select(set => new KeyFinder(
            [.. set.Dimensions.Select(name => IndexOf(dimensions.Names, name))]))];
        others = [.. sets.Select((set, grouping) => OtherOf(grouping, set.Dimensions.Count))];
    }

    /// <summary>Pane length, ms.</summary>
    public long PaneMs { get; }

    /// <summary>Number of grouping sets.</summary>
    public int Groupings => groupings.Length;

    /// <summary>Keys it finds at once; the others are looked up once more.</summary>
    public int KeysHeld => keyCount;

    /// <summary>What the epoch has brought so far.</summary>
    public IReadOnlyList<Partial> Partials => partials;

    /// <summary>Says that the keys for an event's dimensions are looked for soon.</summary>
    /// <param name="dimensions">Symbols by ordinal.</param>
    public void WillFind(ReadOnlySpan<int> dimensions)
    {
        foreach (KeyFinder grouping in groupings)
            grouping.WillFind(dimensions);
    }

    /// <summary>The key of a grouping set for an event's dimensions; null: not known yet.</summary>
    /// <param name="grouping">Index of the grouping set.</param>
    /// <param name="dimensions">Symbols by ordinal.</param>
    public KeyEntry? Find(int grouping, ReadOnlySpan<int> dimensions) =>
        groupings[grouping].Find(dimensions);

    /// <summary>The cell of a grouping set for an event's dimensions and time.</summary>
    /// <param name="grouping">Index of the grouping set.</param>
    /// <param name="dimensions">Symbols by ordinal.</param>
    /// <param name="timeMs">Event time.</param>
    public Cell CellOf(int grouping, ReadOnlySpan<int> dimensions, long timeMs) =>
        CellOf(grouping, dimensions, PaneOf(timeMs), Find(grouping, dimensions));

    /// <summary>The cell of a key for a pane.</summary>
    /// <param name="grouping">Index of the grouping set.</param>
    /// <param name="dimensions">Symbols by ordinal.</param>
    /// <param name="paneMs">Start of the pane, see <see cref="PaneOf"/>.</param>
    /// <param name="key">What <see cref="Find"/> found.</param>
    public Cell CellOf(
        int grouping, ReadOnlySpan<int> dimensions, long paneMs, KeyEntry? key)
    {
        // Not known when it was looked for, it may be by now, from an event right before this one.
        if (key is null || (key.Period != limit.Period && key.IsLimited))
            key = Admit(grouping, dimensions, key ?? Find(grouping, dimensions));
        return key.CellOf(paneMs) ?? FindCell(key, paneMs);
    }

    /// <summary>The pane of an event time.</summary>
    public long PaneOf(long timeMs) => Panes.StartOf(timeMs, PaneMs);

    /// <summary>
    /// Starts the next epoch: the cells handed out are taken back. Each key of this one keeps a
    /// cell for the next, already as large as it needs.
    /// </summary>
    public void Clear()
    {
        for (int i = 0; i < partials.Count; i++)
        {
            (KeyEntry entry, Cell cell) = (used[i], partials[i].Cell);
            entry.EndEpoch();
            entry.Busy = cell.HasBuckets;
            entry.Epoch = epoch;
            if (entry.Spare is null)
            {
                cell.Reset();
                entry.Spare = cell;
            }
            else
            {
                spare.Return(cell);
            }
        }

        foreach (KeyEntry entry in usedBefore)
        {
            if (entry.Epoch != epoch)
                GiveUpSpare(entry);
        }

        epoch++;
        (used, usedBefore) = (usedBefore, used);
        used.Clear();
        partials.Clear();
        furtherCells.Clear();
    }

    /// <summary>
    /// Forgets every key, so that those no longer used take no memory. Right after
    /// <see cref="Clear"/>; changes nothing in what comes out.
    /// </summary>
    public void Renew()
    {
        foreach (KeyEntry entry in usedBefore)
            GiveUpSpare(entry);
        keyCount = 0;
        foreach (KeyFinder grouping in groupings)
            grouping.Clear();
        usedBefore.Clear();
        usedBefore.TrimExcess();
        partials.TrimExcess();
        used.TrimExcess();
        furtherCells.TrimExcess();
    }

    private void GiveUpSpare(KeyEntry entry)
    {
        if (entry.Spare is { } cell)
            spare.Return(cell);
        entry.Spare = null;
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

    // A pane that is not one of the two the key was used for last.
    private Cell FindCell(KeyEntry entry, long paneMs)
    {
        Cell? cell = null;
        if (!entry.HasMore || !furtherCells.TryGetValue((entry.Index, paneMs), out cell))
        {
            cell = entry.Spare ?? spare.Take(entry.Busy);
            entry.Spare = null;
            partials.Add(new Partial(entry.Key, paneMs, cell));
            used.Add(entry);
        }

        long forgottenPane = entry.Use(paneMs, cell, out Cell? forgotten);
        if (forgotten is not null)
            furtherCells[(entry.Index, forgottenPane)] = forgotten;
        return cell;
    }

    /// <summary>A key that is not known to be live in this period: it is now, or has no room.
    /// </summary>
    private KeyEntry Admit(int grouping, ReadOnlySpan<int> dimensions, KeyEntry? known)
    {
        if (known is not null && (known.Period == limit.Period || !known.IsLimited))
            return known;
        KeyFinder finder = groupings[grouping];
        ReadOnlySpan<string?> values =
            known is null ? finder.ValuesOf(dimensions, dimensionValues) : [];
        bool limited = known?.IsLimited ?? !others[grouping].Key.HasValues(values);
        ulong hash = known?.Key.Hash ?? GroupingKey.HashOf(grouping, values);
        if (limited && !limit.Admit(grouping, hash))
            return others[grouping];
        if (known is null)
        {
            // Said by an event or for lack of room: "other" is one key.
            known = limited || values.Length == 0
                ? new KeyEntry(new GroupingKey(grouping, [.. values]), keyCount, limited)
                : others[grouping];
            keyCount++;
            finder.Add(dimensions, known);
        }

        known.Period = limit.Period;
        return known;
    }
}
