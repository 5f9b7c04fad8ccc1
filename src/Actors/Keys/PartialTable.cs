using System.Numerics;
using System.Runtime.InteropServices;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>Where to find an event of an epoch.</summary>
/// <param name="Row">Its row, see <see cref="EpochRows"/>.</param>
/// <param name="Pane">Number of its pane in the epoch.</param>
internal readonly record struct EventPlace(uint Row, int Pane);

/// <summary>
/// What one epoch brings, by key and pane. On the hot path an event writes its row, once, and each
/// grouping set notes its key; at the epoch's end the rows of a key and pane are brought together,
/// and added up one key after another. So a key's state is touched once an epoch, and not by every
/// event. Keys beyond the limit share one, whose every value is <see cref="Other"/>.
/// </summary>
internal sealed class PartialTable : IPartialSource
{
    /// <summary>The value of every dimension of the key for which others had no room.</summary>
    public const string Other = "other";

    // Events look for their keys together: the processor then waits for many places at once.
    private const int PendingMax = 64;

    // So many rows are fetched before those that are being added.
    private const int Ahead = 64;

    // So many events of a key that others are added up from become one aggregate first.
    private const int SharedMin = 2 * CellRows.CountMax;

    private readonly KeyLimit limit;
    private readonly KeyRuns[] groupings;
    private readonly KeyRuns[] finestFirst;
    private readonly EpochRows rows = new();

    // The dimensions of the events that have no key yet, and whether one is another row of the one
    // before.
    private readonly int[] pending;
    private readonly bool[] isRepeated = new bool[PendingMax];
    private readonly int dimensionCount;
    private int pendingCount;

    // The limit's period, and its number here.
    private long period = long.MinValue;
    private int periodNumber = 1;

    // By number: its start.
    private readonly List<long> panes = [];
    private readonly Dictionary<long, int> paneOf = [];
    private int lastPane;

    // By event.
    private EventPlace[] places = [];
    private int count;

    // By pane, then as they came; of one grouping set, by key.
    private int[] order = [];
    private EventPlace[] sorted = [];
    private int fetched;

    // What a partial aggregate is added up in: one for few events, and one for each power of two.
    private readonly Cell[] cells = [.. Enumerable.Range(0, 32).Select(_ => new Cell())];

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
        this.limit = limit;
        PaneMs = paneMs;
        dimensionCount = dimensions.Count;
        pending = new int[PendingMax * dimensionCount];
        groupings = [.. sets.Select((set, grouping) => new KeyRuns(
            grouping, [.. set.Dimensions.Select(name => IndexOf(dimensions.Names, name))],
            dimensionValues, limit))];
        foreach (KeyRuns grouping in groupings)
        {
            foreach (KeyRuns other in groupings)
                grouping.Know(other);
        }

        finestFirst = [.. groupings.OrderByDescending(grouping => grouping.Width)];
    }

    /// <summary>Pane length, ms.</summary>
    public long PaneMs { get; }

    /// <summary>Keys it finds at once; the others are looked up once more.</summary>
    public int KeysHeld => groupings.Sum(grouping => grouping.KeysHeld);

    /// <summary>
    /// What the epoch has brought, after <see cref="Flush"/>. Each is valid until the next one is
    /// asked for.
    /// </summary>
    public IEnumerable<Partial> Partials
    {
        get
        {
            SortByPane();
            foreach (KeyRuns grouping in finestFirst)
                grouping.ChooseFrom(panes.Count);
            foreach (KeyRuns grouping in groupings)
            {
                if (grouping.From is not null)
                    continue;
                foreach (Partial partial in OfEvents(grouping))
                    yield return partial;
            }

            foreach (KeyRuns grouping in finestFirst)
            {
                foreach ((int key, int pane, Cell cell) in grouping.Rolled.All)
                {
                    Partial partial = new(grouping[key], panes[pane], cell);
                    yield return partial;
                    grouping.AddToCoarser(key, pane, partial);
                }
            }
        }
    }

    private ReadOnlySpan<EventPlace> Places => places.AsSpan(0, count);

    /// <summary>Adds an event.</summary>
    /// <param name="symbols">Its dimensions, by ordinal.</param>
    /// <param name="timeMs">Its time.</param>
    /// <param name="values">Its values, all finite.</param>
    /// <param name="step">What it adds to the counts.</param>
    public void Add(
        ReadOnlySpan<int> symbols, long timeMs, ReadOnlySpan<MetricValue> values,
        in CountStep step)
    {
        int pane = PaneOf(timeMs);
        Span<long> row = rows.Next();
        bool all = EventRow.TryWrite(row, step, values);
        Keep(symbols, pane, repeated: false);
        if (!all)
            AddOthers(symbols, pane, values);
    }

    /// <summary>
    /// Brings the events taken in to their keys: before partial aggregates are read or dropped, and
    /// before a period of the limit begins.
    /// </summary>
    public void Flush()
    {
        if (limit.Period != period)
        {
            period = limit.Period;
            periodNumber++;
        }

        ReadOnlySpan<int> dimensions = pending.AsSpan(0, pendingCount * dimensionCount);
        foreach (KeyRuns grouping in groupings)
            grouping.Take(dimensions, isRepeated.AsSpan(0, pendingCount), periodNumber);
        pendingCount = 0;
    }

    /// <inheritdoc/>
    public void AddTo(Cell cell, int first, int end)
    {
        while (first < end)
        {
            int some = Math.Min(end - first, CellRows.CountMax);
            cell.Add(rows, sorted.AsSpan(first, some), AheadOf(first, some));
            first += some;
        }
    }

    /// <inheritdoc/>
    public bool TryCopyRows(int first, int end, int metricsEnd, Span<long> into, out int length)
    {
        length = 0;
        if (end - first > CellRows.CountMax)
            return false;
        ReadOnlySpan<EventPlace> ahead = AheadOf(first, end - first);
        bool saysNothing = true;
        for (int i = first; i < end; i++)
        {
            ReadOnlySpan<long> row = rows.Read(sorted[i].Row, i - first, ahead);
            if (EventRow.MetricsOf(row[0]) >> metricsEnd != 0)
                return false;
            saysNothing = saysNothing && EventRow.SaysNothing(row);
            row.CopyTo(into[length..]);
            length += row.Length;
        }

        if (saysNothing)
            length = 0;
        return true;
    }

    /// <inheritdoc/>
    public Cell AddUp(int first, int end)
    {
        int events = end - first;
        Cell cell = cells[events <= CellRows.CountMax ? 0 : BitOperations.Log2((uint)events)];
        cell.Reset();
        AddTo(cell, first, end);
        return cell;
    }

    /// <summary>Starts the next epoch, with no events.</summary>
    public void Clear()
    {
        pendingCount = count = 0;
        rows.Clear();
        panes.Clear();
        paneOf.Clear();
        foreach (KeyRuns grouping in groupings)
            grouping.Clear();
    }

    /// <summary>
    /// Forgets every key, so that those no longer used take no memory. Right after
    /// <see cref="Clear"/>; changes nothing in what comes out.
    /// </summary>
    public void Renew()
    {
        foreach (KeyRuns grouping in groupings)
            grouping.Renew();
        rows.Trim();
        (places, order, sorted) = ([], [], []);
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

    // Values that do not go into the event's row come in rows of their own.
    private void AddOthers(ReadOnlySpan<int> symbols, int pane, ReadOnlySpan<MetricValue> values)
    {
        ulong seen = 0;
        foreach (MetricValue value in values)
        {
            Span<long> row = rows.Next();
            if (value.Metric >= EventRow.MetricsEnd)
            {
                EventRow.SetFurther(row, value.Metric, value.Value);
                Keep(symbols, pane, repeated: true);
            }
            else if ((seen >> value.Metric & 1) != 0)
            {
                EventRow.Begin(row);
                _ = EventRow.TryAdd(row, value.Metric, value.Value);
                Keep(symbols, pane, repeated: true);
            }
            else
            {
                seen |= 1UL << value.Metric;
            }
        }
    }

    // The rows to fetch while some are read.
    private ReadOnlySpan<EventPlace> AheadOf(int first, int some)
    {
        int last = Math.Max(fetched, Math.Min(first + some + Ahead, count));
        for (; fetched < last - some; fetched++)
            rows.WillRead(sorted[fetched].Row);
        ReadOnlySpan<EventPlace> ahead = sorted.AsSpan(fetched, last - fetched);
        fetched = last;
        return ahead;
    }

    private void Keep(ReadOnlySpan<int> symbols, int pane, bool repeated)
    {
        if (count == places.Length)
            Array.Resize(ref places, Math.Max(PendingMax, 2 * count));
        places[count++] = new EventPlace(rows.Keep(), pane);
        if (pendingCount == PendingMax)
            Flush();
        isRepeated[pendingCount] = repeated;
        symbols.CopyTo(pending.AsSpan(pendingCount++ * dimensionCount));
        foreach (KeyRuns grouping in groupings)
            grouping.WillTake(symbols);
    }

    private int PaneOf(long timeMs)
    {
        if (panes.Count > 0 && timeMs >= panes[lastPane] && timeMs - panes[lastPane] < PaneMs)
            return lastPane;
        long start = Panes.StartOf(timeMs, PaneMs);
        ref int pane =
            ref CollectionsMarshal.GetValueRefOrAddDefault(paneOf, start, out bool known);
        if (!known)
        {
            pane = panes.Count;
            panes.Add(start);
        }

        return lastPane = pane;
    }

    private IEnumerable<Partial> OfEvents(KeyRuns grouping)
    {
        grouping.Sort(order.AsSpan(0, panes.Count > 1 ? count : 0), Places, sorted);
        bool isShared = grouping.HasCoarser;
        int at = fetched = 0;
        for (int run = 0; run < grouping.Runs; run++)
        {
            CacheLine.FetchObject(grouping.KeyAhead(run, 2 * KeysAhead.Distance));
            GroupingKey? ahead = grouping.KeyAhead(run, KeysAhead.Distance);
            int number = grouping.NumberOf(run);
            while (at < grouping.EndOf(run))
            {
                int first = at, pane = sorted[first].Pane;
                at = EndOfPane(at, grouping.EndOf(run));
                GroupingKey key = grouping[number];
                Partial partial = isShared && at - first >= SharedMin
                    ? new(key, panes[pane], AddUp(first, at), ahead)
                    : new(key, panes[pane], this, first, at, ahead);
                yield return partial;
                if (isShared)
                    grouping.AddToCoarser(number, pane, partial);
            }
        }
    }

    // Where there is but one pane, nothing is to be done.
    private void SortByPane()
    {
        if (sorted.Length < count)
            sorted = new EventPlace[places.Length];
        if (panes.Count < 2)
            return;
        if (order.Length < count)
            order = new int[places.Length];
        int[] next = new int[panes.Count + 1];
        foreach (EventPlace place in Places)
            next[place.Pane + 1]++;
        for (int pane = 1; pane < next.Length; pane++)
            next[pane] += next[pane - 1];
        for (int i = 0; i < count; i++)
            order[next[places[i].Pane]++] = i;
    }

    private int EndOfPane(int at, int end)
    {
        int pane = sorted[at].Pane;
        while (++at < end && sorted[at].Pane == pane)
        {
        }

        return at;
    }
}
