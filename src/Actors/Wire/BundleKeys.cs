using Earshot.Actors.Keys;
using Earshot.Schemas;

namespace Earshot.Actors.Wire;

/// <summary>
/// The keys that bundles have named, found again by the bytes of their values without garbage:
/// most bundles name the keys of the one before. Keys that are no longer used leave memory, so here
/// none is kept longer than they are: when so much event time has passed, and when there are very
/// many, it begins anew.
/// </summary>
/// <param name="keepMs">So much event time.</param>
internal sealed class BundleKeys(long keepMs)
{
    /// <summary>Most keys, and texts of their values.</summary>
    private const int KeysMax = 1_000_000;

    // Stands for a text that is empty: the table of symbols has none, and none is made here.
    private const int Empty = -2;

    private readonly Dictionary<(int Grouping, int Width), KeyFinder> finders = [];

    // By number; there is no key 0.
    private readonly List<GroupingKey> keys = [null!];
    private SymbolTable texts = new();
    private long period = long.MinValue;

    /// <summary>Begins a bundle: what stands for a text is valid to its end.</summary>
    /// <param name="watermarkMs">The bundle's watermark.</param>
    public void Begin(long watermarkMs)
    {
        long next = Math.Max(period, watermarkMs / keepMs);
        if (next == period && keys.Count <= KeysMax && texts.Count <= KeysMax)
            return;
        period = next;
        finders.Clear();
        keys.RemoveRange(1, keys.Count - 1);
        keys.TrimExcess();
        texts = new SymbolTable();
    }

    /// <summary>What stands for a text, UTF-8, until <see cref="Begin"/>.</summary>
    public int TextOf(ReadOnlySpan<byte> utf8) => utf8.IsEmpty ? Empty : texts.InternUtf8(utf8);

    /// <summary>A key.</summary>
    /// <param name="grouping">Index of its grouping set.</param>
    /// <param name="values">What stands for its values' texts; 0: missing.</param>
    public GroupingKey KeyOf(int grouping, ReadOnlySpan<int> values)
    {
        if (values.Contains(Empty))
            return new GroupingKey(grouping, [.. values.ToArray().Select(TextOf)]);
        if (!finders.TryGetValue((grouping, values.Length), out KeyFinder? finder))
        {
            finder = new KeyFinder([.. Enumerable.Range(0, values.Length)]);
            finders.Add((grouping, values.Length), finder);
        }

        int number = finder.NumberOf(values);
        if (number == 0)
        {
            number = keys.Count;
            keys.Add(new GroupingKey(grouping, [.. finder.ValuesOf(values, texts)]));
            finder.Add(values, number);
        }

        return keys[number];
    }

    private string? TextOf(int value) =>
        value == Empty ? "" : value == 0 ? null : texts[value];
}
