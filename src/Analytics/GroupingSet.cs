using System.Buffers;

namespace Earshot.Analytics;

/// <summary>
/// One set of dimensions that statistics are kept by, as in SQL's GROUPING SETS: "carrier,country"
/// makes one key per pair of values. Equal when the dimensions are so, in their order.
/// </summary>
public readonly record struct GroupingSet
{
    /// <summary>Most dimensions in one set.</summary>
    public const int DimensionsMax = 16;

    /// <summary>Most sets: each multiplies the work per value.</summary>
    public const int SetsMax = 64;

    /// <summary>The name of the grouping without dimensions: one key for everything.</summary>
    public const string GlobalName = "()";

    private static readonly SearchValues<char> NameChars = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    private readonly string[]? dimensions;

    private GroupingSet(string[] dimensions)
    {
        this.dimensions = dimensions;
        Name = dimensions.Length == 0 ? GlobalName : string.Join(',', dimensions);
    }

    /// <summary>The dimensions as given, without spaces: "carrier,country"; or "()".</summary>
    public string Name { get; }

    /// <summary>The dimensions in the order given; empty for the global grouping.</summary>
    public IReadOnlyList<string> Dimensions => dimensions ?? [];

    /// <summary>
    /// Reads sets separated by semicolons, each of dimensions separated by commas:
    /// "country;carrier;carrier,country". An empty set, or "()", is the global grouping.
    /// </summary>
    /// <exception cref="FormatException">
    /// A name is empty or has other characters than letters, digits and underscores, or a set or a
    /// dimension in a set is there twice (the order of the dimensions makes no other set).
    /// </exception>
    public static IReadOnlyList<GroupingSet> ParseAll(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<GroupingSet> sets = [];
        Dictionary<string, string> seen = new(StringComparer.Ordinal);
        foreach (string part in text.Split(';'))
        {
            GroupingSet set = Parse(part);
            string sorted = string.Join(',', set.Dimensions.Order(StringComparer.Ordinal));
            if (seen.TryGetValue(sorted, out string? first))
            {
                throw new FormatException(
                    $"The grouping sets '{first}' and '{set.Name}' in '{text}' are the same.");
            }

            seen.Add(sorted, set.Name);
            sets.Add(set);
        }

        if (sets.Count > SetsMax)
            throw new FormatException($"{sets.Count} grouping sets; allowed are up to {SetsMax}.");
        return sets;
    }

    /// <inheritdoc/>
    public bool Equals(GroupingSet other) =>
        string.Equals(Name, other.Name, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        Name is null ? 0 : StringComparer.Ordinal.GetHashCode(Name);

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static GroupingSet Parse(string text)
    {
        string trimmed = text.Trim();
        if (trimmed is "" or GlobalName)
            return new GroupingSet([]);
        string[] names = trimmed.Split(',', StringSplitOptions.TrimEntries);
        if (names.Length > DimensionsMax)
            throw new FormatException($"'{trimmed}' has more than {DimensionsMax} dimensions.");
        for (int i = 0; i < names.Length; i++)
        {
            if (names[i].Length == 0 || names[i].AsSpan().ContainsAnyExcept(NameChars))
            {
                throw new FormatException(
                    $"'{names[i]}' in the grouping set '{trimmed}' is not a dimension; allowed are"
                    + " letters, digits and underscores, names separated by commas, sets by"
                    + " semicolons, and () for the global grouping.");
            }

            if (names.AsSpan(0, i).Contains(names[i]))
                throw new FormatException($"'{names[i]}' is twice in grouping set '{trimmed}'.");
        }

        return new GroupingSet(names);
    }
}
