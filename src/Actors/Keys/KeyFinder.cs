using System.Runtime.CompilerServices;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// Finds the number of a grouping set's key for the symbols of an event's dimensions, and whether
/// the key is admitted: in one place in memory for sets of one dimension (the symbol says which)
/// and of two (open addressing, at most half full). Of sets with more, the first ones are paired up
/// one after another to a number that stands for them.
/// </summary>
internal sealed class KeyFinder(int[] ordinals)
{
    private const int SlotsAtFirst = 16;

    // Pairs (number of the dimensions so far, symbol of the next one) and the number of both.
    private readonly Dictionary<ulong, int>[] prefixes =
        [.. ordinals.Skip(1).SkipLast(1).Select(_ => new Dictionary<ulong, int>())];

    private readonly string?[] values = new string?[ordinals.Length];
    private int nextNumber = 1;
    private Known none;

    // Of a set of one dimension: by its symbol. Of none: the only one.
    private Known[] bySymbol = [];

    // Of others: the pair of each and the key.
    private Slot[] slots = new Slot[SlotsAtFirst];
    private int count;

    /// <summary>Says that a key is looked for soon, so that its place is in the cache by then.
    /// </summary>
    /// <param name="dimensions">Symbols by ordinal.</param>
    public void WillFind(ReadOnlySpan<int> dimensions)
    {
        if (ordinals.Length == 1)
        {
            int symbol = dimensions[ordinals[0]];
            if (symbol < bySymbol.Length)
                CacheLine.Fetch(ref bySymbol[symbol]);
        }
        else if (ordinals.Length == 2)
        {
            uint at = SlotOf(Pair(dimensions[ordinals[0]], dimensions[ordinals[1]]));
            CacheLine.Fetch(ref slots[at & (uint)(slots.Length - 1)]);
        }
    }

    /// <summary>The number of the key; 0: not known, or not admitted in a period.</summary>
    /// <param name="dimensions">Symbols by ordinal.</param>
    /// <param name="period">Number of the period, above 0.</param>
    public int Find(ReadOnlySpan<int> dimensions, int period)
    {
        ref Known known = ref Find(dimensions);
        return known.Period == period ? known.Key : 0;
    }

    /// <summary>The same of many events, of one at least.</summary>
    /// <param name="dimensions">Their dimensions, one event after another.</param>
    /// <param name="period">Number of the period, above 0.</param>
    /// <param name="keys">Receives the number of each.</param>
    public void Find(ReadOnlySpan<int> dimensions, int period, Span<int> keys)
    {
        int width = dimensions.Length / keys.Length;
        if (ordinals.Length == 1)
        {
            FindOnes(dimensions[ordinals[0]..], width, period, keys);
        }
        else if (ordinals.Length == 2)
        {
            FindPairs(dimensions, width, period, keys);
        }
        else
        {
            for (int i = 0; i < keys.Length; i++)
                keys[i] = Find(dimensions.Slice(i * width, width), period);
        }
    }

    /// <summary>The number of the key, admitted or not; 0: not known.</summary>
    /// <param name="dimensions">Symbols by ordinal.</param>
    public int NumberOf(ReadOnlySpan<int> dimensions) => Find(dimensions).Key;

    /// <summary>Says that a known key is admitted in a period.</summary>
    public void Admit(ReadOnlySpan<int> dimensions, int period) =>
        Find(dimensions).Period = period;

    /// <summary>Remembers a key that is not known; it is not admitted yet.</summary>
    /// <param name="dimensions">Symbols by ordinal.</param>
    /// <param name="key">Its number, above 0.</param>
    public void Add(ReadOnlySpan<int> dimensions, int key)
    {
        Known known = new(key, 0);
        if (ordinals.Length < 2)
        {
            int symbol = SymbolOf(dimensions);
            if (symbol >= bySymbol.Length)
                Array.Resize(ref bySymbol, Math.Max(symbol + 1, 2 * bySymbol.Length));
            bySymbol[symbol] = known;
            return;
        }

        int number = dimensions[ordinals[0]];
        for (int i = 0; i < prefixes.Length; i++)
        {
            ulong prefix = Pair(number, dimensions[ordinals[i + 1]]);
            if (!prefixes[i].TryGetValue(prefix, out number))
                prefixes[i].Add(prefix, number = nextNumber++);
        }

        if (2 * ++count > slots.Length)
            Grow();
        Place(new Slot(Pair(number, dimensions[ordinals[^1]]), known));
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

    /// <summary>Forgets every key, and the memory for them.</summary>
    public void Clear()
    {
        foreach (Dictionary<ulong, int> prefix in prefixes)
        {
            prefix.Clear();
            prefix.TrimExcess();
        }

        nextNumber = 1;
        bySymbol = [];
        slots = new Slot[SlotsAtFirst];
        count = 0;
    }

    // What is known of a key; a place that must not be written to when its number is 0.
    private ref Known Find(ReadOnlySpan<int> dimensions)
    {
        if (ordinals.Length < 2)
            return ref FindOne(SymbolOf(dimensions));
        int number = dimensions[ordinals[0]];
        for (int i = 0; i < prefixes.Length; i++)
        {
            if (!prefixes[i].TryGetValue(Pair(number, dimensions[ordinals[i + 1]]), out number))
                return ref none;
        }

        return ref FindPair(Pair(number, dimensions[ordinals[^1]]));
    }

    // Loops of their own: with all they need in registers.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FindOnes(ReadOnlySpan<int> symbols, int step, int period, Span<int> keys)
    {
        Known[] all = bySymbol;
        for (int i = 0, at = 0; i < keys.Length; i++, at += step)
        {
            uint symbol = (uint)symbols[at];
            Known known = symbol < (uint)all.Length ? all[symbol] : default;
            keys[i] = known.Period == period ? known.Key : 0;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FindPairs(ReadOnlySpan<int> dimensions, int step, int period, Span<int> keys)
    {
        ReadOnlySpan<int> first = dimensions[ordinals[0]..], second = dimensions[ordinals[1]..];
        for (int i = 0, at = 0; i < keys.Length; i++, at += step)
        {
            Known known = FindPair(Pair(first[at], second[at]));
            keys[i] = known.Period == period ? known.Key : 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Known FindOne(int symbol)
    {
        Known[] all = bySymbol;
        return ref (uint)symbol < (uint)all.Length ? ref all[symbol] : ref none;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Known FindPair(ulong pair)
    {
        Slot[] all = slots;
        for (uint at = SlotOf(pair); ; at++)
        {
            ref Slot slot = ref all[at & (uint)(all.Length - 1)];
            if (slot.Pair == pair || slot.Known.Key == 0)
                return ref slot.Known;
        }
    }

    private int SymbolOf(ReadOnlySpan<int> dimensions) =>
        ordinals.Length == 0 ? 0 : dimensions[ordinals[0]];

    private static ulong Pair(int number, int symbol) =>
        ((ulong)(uint)number << 32) | (uint)symbol;

    // Fibonacci hashing: the middle bits of the product depend on all bits of the pair that differ
    // between the keys of a set.
    private static uint SlotOf(ulong pair) =>
        (uint)(((pair ^ (pair >> 32)) * 0x9E3779B97F4A7C15) >> 32);

    private void Grow()
    {
        Slot[] before = slots;
        slots = TouchedArray.Of<Slot>(2 * before.Length);
        foreach (Slot slot in before)
        {
            if (slot.Known.Key != 0)
                Place(slot);
        }
    }

    private void Place(Slot slot)
    {
        uint at = SlotOf(slot.Pair);
        while (slots[at & (uint)(slots.Length - 1)].Known.Key != 0)
            at++;
        slots[at & (uint)(slots.Length - 1)] = slot;
    }

    private struct Known(int key, int period)
    {
        public readonly int Key = key;
        public int Period = period; // in which it was admitted last
    }

    private struct Slot(ulong pair, Known known)
    {
        public readonly ulong Pair = pair;
        public Known Known = known;
    }
}
