using System.Text;

namespace Earshot.Schemas;

/// <summary>
/// Texts as small integers: 0 is "missing", the first text is 1. Looking up UTF-8 bytes that are
/// known allocates nothing. One owner, not thread-safe.
/// </summary>
public sealed class SymbolTable
{
    private readonly Dictionary<string, int> symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> byChars;
    private readonly List<string> texts = [""];

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
        return symbol;
    }

    /// <summary>The symbol of a UTF-8 text; invalid bytes become U+FFFD.</summary>
    public int InternUtf8(ReadOnlySpan<byte> utf8)
    {
        const int OnStackMax = 256;
        if (utf8.Length > OnStackMax)
            return Intern(Encoding.UTF8.GetString(utf8));
        Span<char> chars = stackalloc char[OnStackMax];
        return Intern(chars[..Encoding.UTF8.GetChars(utf8, chars)]);
    }
}
