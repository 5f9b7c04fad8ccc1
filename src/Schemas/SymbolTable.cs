using System.Text;

namespace Earshot.Schemas;

/// <summary>
/// Texts as small integers: 0 is "missing", the first text is 1. Looking up UTF-8 bytes that are
/// known allocates nothing. One owner, not thread-safe.
/// </summary>
public sealed class SymbolTable
{
    private const int SlotsAtFirst = 64;

    private readonly Dictionary<string, int> symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> byChars;
    private readonly List<string> texts = [""];

    // The same texts by their UTF-8 bytes: open addressing, at most half full.
    private Slot[] slots = new Slot[SlotsAtFirst];
    private byte[][] utf8Texts = new byte[SlotsAtFirst / 2][];

    /// <summary>Creates an empty table.</summary>
    public SymbolTable() => byChars = symbols.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Number of symbols, "missing" included: valid symbols are 0 to Count - 1.</summary>
    public int Count => texts.Count;

    /// <summary>The text of a symbol; empty for 0.</summary>
    public string this[int symbol] => texts[symbol];

    /// <summary>The symbol of a text, made when it is new; 0 for an empty text.</summary>
    public int Intern(string text) => Intern(text.AsSpan());

    /// <inheritdoc cref="Intern(string)"/>
    public int Intern(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return 0;
        if (byChars.TryGetValue(text, out int symbol))
            return symbol;
        symbol = texts.Count;
        string copy = text.ToString();
        texts.Add(copy);
        symbols.Add(copy, symbol);
        AddUtf8(symbol, Encoding.UTF8.GetBytes(copy));
        return symbol;
    }

    /// <summary>The symbol of a UTF-8 text; invalid bytes become U+FFFD.</summary>
    public int InternUtf8(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
            return 0;
        TextKey key = TextKey.Of(utf8);
        int slot = (int)key.Hash(utf8) & (slots.Length - 1);
        for (; slots[slot].Symbol != 0; slot = (slot + 1) & (slots.Length - 1))
        {
            ref readonly Slot found = ref slots[slot];
            if (found.Key == key
                && (key.Length <= TextKey.WholeMax || utf8.SequenceEqual(utf8Texts[found.Symbol])))
            {
                return found.Symbol;
            }
        }

        // New, or not valid UTF-8.
        const int OnStackMax = 256;
        if (utf8.Length > OnStackMax)
            return Intern(Encoding.UTF8.GetString(utf8));
        Span<char> chars = stackalloc char[OnStackMax];
        return Intern(chars[..Encoding.UTF8.GetChars(utf8, chars)]);
    }

    private void AddUtf8(int symbol, byte[] utf8)
    {
        if (symbol == utf8Texts.Length)
        {
            Array.Resize(ref utf8Texts, symbol * 2);
            slots = new Slot[symbol * 4];
            for (int known = 1; known < symbol; known++)
                Place(known);
        }

        utf8Texts[symbol] = utf8;
        Place(symbol);
    }

    private void Place(int symbol)
    {
        byte[] utf8 = utf8Texts[symbol];
        TextKey key = TextKey.Of(utf8);
        int slot = (int)key.Hash(utf8) & (slots.Length - 1);
        while (slots[slot].Symbol != 0)
            slot = (slot + 1) & (slots.Length - 1);
        slots[slot] = new Slot(key, symbol);
    }

    private readonly record struct Slot(TextKey Key, int Symbol);
}
