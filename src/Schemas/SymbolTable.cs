using System.Collections;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Earshot.Schemas;

/// <summary>
/// Texts as small integers: 0 is "missing", the first text is 1. Looking up UTF-8 bytes that are
/// known allocates nothing. What the program itself names is kept for good; what the input brings
/// may be swept out when it is no longer used. One owner, not thread-safe.
/// </summary>
public sealed class SymbolTable
{
    private const int SlotsAtFirst = 64;

    // By symbol; null: free.
    private readonly List<string?> texts = [""];

    private readonly HashSet<int> kept = [];
    private readonly Stack<int> free = [];

    // Of each set of dimensions whose values these are: hardly ever more than one.
    private readonly List<DimensionEntries> entries = [];

    // The UTF-8 bytes of texts that a key does not say all of, by symbol.
    private byte[]?[] longTexts = new byte[SlotsAtFirst][];

    // Open addressing, at most half full.
    private Slot[] slots = new Slot[SlotsAtFirst];

    /// <summary>Valid symbols are 0 to this - 1, those that are free left out.</summary>
    public int Count => texts.Count;

    /// <summary>Texts held, "missing" included.</summary>
    public int Held => texts.Count - free.Count;

    /// <summary>The text of a symbol; empty for 0.</summary>
    /// <exception cref="ArgumentException">The symbol is free.</exception>
    public string this[int symbol] =>
        texts[symbol] ?? throw new ArgumentException($"symbol {symbol} is free", nameof(symbol));

    /// <summary>
    /// The symbol of a text, made when it is new, and never swept out; 0 for an empty text.
    /// </summary>
    public int Intern(string text) => Intern(text.AsSpan());

    /// <inheritdoc cref="Intern(string)"/>
    public int Intern(ReadOnlySpan<char> text)
    {
        int symbol = InternChars(text);
        if (symbol != 0)
            kept.Add(symbol);
        return symbol;
    }

    /// <summary>
    /// The symbol of a text that may be swept out once it is no longer used; 0 for an empty text.
    /// </summary>
    public int InternForUse(string text) => InternChars(text);

    /// <summary>
    /// The symbol of a UTF-8 text that may be swept out once it is no longer used; invalid bytes
    /// become U+FFFD.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public int InternUtf8(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
            return 0;
        TextKey key = TextKey.Of(utf8);
        uint hash = key.Hash(utf8);
        int symbol = Find(key, hash, utf8);
        if (symbol != 0)
            return symbol;
        return Utf8.IsValid(utf8)
            ? Add(key, hash, utf8)
            : InternChars(Encoding.UTF8.GetString(utf8));
    }

    /// <summary>Keeps a symbol for good.</summary>
    public void Keep(int symbol) => kept.Add(symbol);

    /// <summary>
    /// Frees the symbols that are neither kept nor used: they will stand for other texts.
    /// </summary>
    /// <param name="used">By symbol; at least <see cref="Count"/> long.</param>
    public void Sweep(BitArray used)
    {
        slots = new Slot[SlotsAtFirst];
        for (int symbol = 1; symbol < texts.Count; symbol++)
        {
            if (texts[symbol] is null)
                continue;
            if (used[symbol] || kept.Contains(symbol))
                continue;
            texts[symbol] = null;
            longTexts[symbol] = null;
            free.Push(symbol);
        }

        foreach (DimensionEntries known in entries)
            known.Clear();
        FillSlots();
    }

    /// <summary>Entries of maps of dimensions whose values are in this table.</summary>
    internal DimensionEntries EntriesOf(DimensionSet set)
    {
        DimensionEntries? known = entries.Find(e => e.Set == set);
        if (known is null)
            entries.Add(known = new DimensionEntries(set, this));
        return known;
    }

    private int InternChars(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return 0;
        const int OnStackMax = 256;
        int bytesMax = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> utf8 = bytesMax <= OnStackMax ? stackalloc byte[bytesMax] : new byte[bytesMax];
        utf8 = utf8[..Encoding.UTF8.GetBytes(text, utf8)];
        TextKey key = TextKey.Of(utf8);
        uint hash = key.Hash(utf8);
        int symbol = Find(key, hash, utf8);
        return symbol != 0 ? symbol : Add(key, hash, utf8);
    }

    private int Find(in TextKey key, uint hash, ReadOnlySpan<byte> utf8)
    {
        Slot[] all = slots;
        for (int at = (int)hash; ; at++)
        {
            ref readonly Slot slot = ref all[at & (all.Length - 1)];
            if (slot.Symbol == 0)
                return 0;
            if (slot.Key == key
                && (key.Length <= TextKey.WholeMax || utf8.SequenceEqual(longTexts[slot.Symbol])))
                return slot.Symbol;
        }
    }

    private int Add(in TextKey key, uint hash, ReadOnlySpan<byte> utf8)
    {
        string text = Encoding.UTF8.GetString(utf8);
        if (free.TryPop(out int symbol))
        {
            texts[symbol] = text;
        }
        else
        {
            symbol = texts.Count;
            texts.Add(text);
        }

        if (symbol >= longTexts.Length)
            Array.Resize(ref longTexts, 2 * symbol);
        if (key.Length > TextKey.WholeMax)
            longTexts[symbol] = utf8.ToArray();
        if (Held > slots.Length / 2)
            FillSlots();
        else
            Place(key, hash, symbol);
        return symbol;
    }

    private void FillSlots()
    {
        int length = SlotsAtFirst;
        while (length < 2 * Held)
            length *= 2;
        slots = TouchedArray.Of<Slot>(length);
        for (int symbol = 1; symbol < texts.Count; symbol++)
        {
            if (texts[symbol] is not { } text)
                continue;
            byte[] utf8 = longTexts[symbol] ?? Encoding.UTF8.GetBytes(text);
            TextKey key = TextKey.Of(utf8);
            Place(key, key.Hash(utf8), symbol);
        }
    }

    private void Place(in TextKey key, uint hash, int symbol)
    {
        int at = (int)hash;
        while (slots[at & (slots.Length - 1)].Symbol != 0)
            at++;
        slots[at & (slots.Length - 1)] = new Slot(key, symbol);
    }

    private readonly record struct Slot(TextKey Key, int Symbol);
}
