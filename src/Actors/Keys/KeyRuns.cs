using System.Runtime.CompilerServices;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// The events of an epoch by the keys of one grouping set: notes the key of each as it comes, and
/// brings those of a key together at the end, by counting. A key that the limit does not admit is
/// replaced by the one whose every value is <see cref="PartialTable.Other"/>.
/// </summary>
/// <param name="grouping">Index of the grouping set.</param>
/// <param name="ordinals">The ordinals of its dimensions.</param>
/// <param name="texts">Symbols of the dimension values.</param>
/// <param name="limit">Which keys there may be.</param>
internal sealed class KeyRuns(int grouping, int[] ordinals, SymbolTable texts, KeyLimit limit)
{
    private const int OtherNumber = 1;

    // So many partial aggregates are held at once at most.
    private const int RolledMax = 4096;

    private readonly int[] ordinals = ordinals;
    private readonly KeyFinder finder = new(ordinals);

    // By number. There is no key 0.
    private readonly List<GroupingKey> keys = NoKeys(grouping, ordinals.Length);

    // By number: how many events of the epoch it has, and the first of them.
    private int[] eventsOf = new int[OtherNumber + 1];
    private int[] firstOf = new int[OtherNumber + 1];

    // The sets that are part of this one, and those that this one is part of.
    private readonly List<KeyRuns> coarser = [];
    private readonly List<KeyRuns> finer = [];

    // The keys of the epoch in the order of their first event, and where the run of each ends.
    private readonly List<int> used = [];
    private readonly List<int> ends = [];

    // By event: the number of its key.
    private int[] keyOf = [];
    private int count;

    /// <summary>Keys it finds at once; the others are looked up once more.</summary>
    public int KeysHeld => keys.Count - OtherNumber - 1;

    /// <summary>Dimensions of the set.</summary>
    public int Width => ordinals.Length;

    /// <summary>Keys of the epoch.</summary>
    public int Runs => used.Count;

    /// <summary>
    /// The set whose partial aggregates this one's are added up from; null: from its events.
    /// </summary>
    public KeyRuns? From { get; private set; }

    /// <summary>This one's partial aggregates, where they come from those of another.</summary>
    public RolledUp Rolled { get; } = new();

    /// <summary>Whether some set comes from this one.</summary>
    public bool HasCoarser => coarser.Exists(other => other.From == this);

    /// <summary>Notes another set; all must be, before the first event.</summary>
    public void Know(KeyRuns other)
    {
        if (other == this || !ordinals.All(other.ordinals.Contains))
            return;
        finer.Add(other);
        other.coarser.Add(this);
    }

    /// <summary>
    /// Decides what this epoch's partial aggregates come from: a finer set pays where it brings
    /// several keys together. Where the limit refuses keys it does not tell all.
    /// </summary>
    /// <param name="panes">Panes of the epoch.</param>
    public void ChooseFrom(int panes)
    {
        From = null;
        Rolled.Clear();
        if (HasOther || (long)Runs * panes > RolledMax)
            return;
        foreach (KeyRuns other in finer)
        {
            if (!other.HasOther && other.Runs >= 2 * Runs
                && (From is null || other.Runs < From.Runs))
                From = other;
        }
    }

    /// <summary>Adds a partial aggregate to the sets that come from this one.</summary>
    /// <param name="key">The number of its key.</param>
    /// <param name="pane">The number of its pane.</param>
    /// <param name="partial">The partial aggregate.</param>
    public void AddToCoarser(int key, int pane, in Partial partial)
    {
        foreach (KeyRuns other in coarser)
        {
            if (other.From == this)
                other.Rolled.Add(other.keyOf[firstOf[key]], pane, partial);
        }
    }

    /// <summary>Says that an event of these dimensions comes soon.</summary>
    /// <param name="dimensions">Symbols by ordinal.</param>
    public void WillTake(ReadOnlySpan<int> dimensions) => finder.WillFind(dimensions);

    /// <summary>Takes in the epoch's next events.</summary>
    /// <param name="dimensions">Their dimensions, one event after another.</param>
    /// <param name="isRepeated">Of each: whether it is one more row of the event before, and so
    /// has its key.</param>
    /// <param name="period">Number of the limit's period, above 0.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Take(ReadOnlySpan<int> dimensions, ReadOnlySpan<bool> isRepeated, int period)
    {
        int events = isRepeated.Length;
        if (events == 0)
            return;
        if (count + events > keyOf.Length)
            Array.Resize(ref keyOf, Math.Max(count + events, 2 * keyOf.Length));
        Span<int> found = keyOf.AsSpan(count, events);
        finder.Find(dimensions, period, found);
        if (found.Contains(0) || isRepeated.Contains(true))
            Complete(dimensions, isRepeated, period);
        int[] numbers = eventsOf;
        foreach (int key in found)
            CacheLine.Fetch(ref numbers[key]);
        for (int i = 0; i < found.Length; i++)
        {
            int key = found[i];
            if (numbers[key]++ == 0)
                Begin(key, count + i);
        }

        count += events;
    }

    // A run, with its first event.
    private void Begin(int key, int first)
    {
        firstOf[key] = first;
        used.Add(key);
    }

    /// <summary>Brings the events of each key together, in the order they are in.</summary>
    /// <param name="order">The epoch's events in an order; none: as they came.</param>
    /// <param name="places">What stands for each event.</param>
    /// <param name="into">Receives that, run after run.</param>
    public void Sort(
        ReadOnlySpan<int> order, ReadOnlySpan<EventPlace> places, Span<EventPlace> into)
    {
        int start = 0;
        foreach (int key in used)
        {
            int its = eventsOf[key];
            eventsOf[key] = start;
            start += its;
        }

        if (order.IsEmpty)
        {
            for (int i = 0; i < count; i++)
                into[eventsOf[keyOf[i]]++] = places[i];
        }
        else
        {
            foreach (int i in order)
                into[eventsOf[keyOf[i]]++] = places[i];
        }

        // Back to the numbers of events.
        ends.Clear();
        start = 0;
        foreach (int key in used)
        {
            int end = eventsOf[key];
            eventsOf[key] = end - start;
            ends.Add(start = end);
        }
    }

    /// <summary>The number of a run's key.</summary>
    public int NumberOf(int run) => used[run];

    /// <summary>The key of a number.</summary>
    public GroupingKey this[int number] => keys[number];

    /// <summary>The key of a run that comes some later; null: there is none.</summary>
    public GroupingKey? KeyAhead(int run, int runs) =>
        run + runs < used.Count ? keys[used[run + runs]] : null;

    /// <summary>Where a run ends, after <see cref="Sort"/>.</summary>
    public int EndOf(int run) => ends[run];

    /// <summary>Begins the next epoch: no events.</summary>
    public void Clear()
    {
        foreach (int key in used)
            eventsOf[key] = 0;
        Rolled.Clear();
        used.Clear();
        count = 0;
    }

    /// <summary>
    /// Forgets every key, and the memory for them. Right after <see cref="Clear"/>; changes nothing
    /// in what comes out.
    /// </summary>
    public void Renew()
    {
        finder.Clear();
        keys.RemoveRange(OtherNumber + 1, KeysHeld);
        keys.TrimExcess();
        used.TrimExcess();
        ends.Clear();
        ends.TrimExcess();
        eventsOf = new int[OtherNumber + 1];
        firstOf = new int[OtherNumber + 1];
        keyOf = [];
        Rolled.Trim();
    }

    private bool HasOther => eventsOf[OtherNumber] > 0;

    private static List<GroupingKey> NoKeys(int grouping, int dimensions)
    {
        string?[] others = new string?[dimensions];
        Array.Fill(others, PartialTable.Other);
        return [null!, new GroupingKey(grouping, others)];
    }

    // What the finder does not know is new, or was when it was asked.
    private void Complete(ReadOnlySpan<int> dimensions, ReadOnlySpan<bool> isRepeated, int period)
    {
        int width = dimensions.Length / isRepeated.Length;
        for (int i = 0; i < isRepeated.Length; i++)
        {
            ref int key = ref keyOf[count + i];
            ReadOnlySpan<int> its = dimensions.Slice(i * width, width);
            if (isRepeated[i])
                key = keyOf[count + i - 1];
            else if (key == 0)
                key = finder.Find(its, period);
            if (key == 0)
                key = Admit(its, period);
        }
    }

    // A key that is not known to be live in this period: it is now, or has no room. The total and
    // "other" always have.
    private int Admit(ReadOnlySpan<int> dimensions, int period)
    {
        int known = finder.NumberOf(dimensions);
        ReadOnlySpan<string?> values = known == 0 ? finder.ValuesOf(dimensions, texts) : [];
        bool isTotal = ordinals.Length == 0;
        bool isOther = !isTotal
            && (known == 0 ? keys[OtherNumber].HasValues(values) : known == OtherNumber);
        if (!isTotal && !isOther && !limit.Admit(
            grouping, known == 0 ? GroupingKey.HashOf(grouping, values) : keys[known].Hash))
            return OtherNumber;
        if (known == 0)
        {
            // Said by an event or for lack of room: "other" is one key.
            known = isOther ? OtherNumber : Number(values);
            finder.Add(dimensions, known);
        }

        finder.Admit(dimensions, period);
        return known;
    }

    private int Number(ReadOnlySpan<string?> values)
    {
        int number = keys.Count;
        keys.Add(new GroupingKey(grouping, [.. values]));
        if (number == eventsOf.Length)
        {
            Array.Resize(ref eventsOf, 2 * number);
            Array.Resize(ref firstOf, 2 * number);
        }

        return number;
    }
}
