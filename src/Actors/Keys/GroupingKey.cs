using System.Buffers;
using System.Text;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// Which group: a grouping set and the value of each of its dimensions. Equal by content on every
/// machine; its hash decides the aggregator partition.
/// </summary>
public sealed class GroupingKey : IEquatable<GroupingKey>
{
    private const char Separator = '\u001f';
    private const char Missing = '\u0001';
    private const char Escape = '\u001b';

    // A special character is written as Escape and itself moved to the printable ones.
    private const int EscapeShift = 0x40;
    private static readonly SearchValues<char> Special =
        SearchValues.Create([Separator, Missing, Escape]);

    /// <summary>Creates a key.</summary>
    /// <param name="grouping">Index of the grouping set in the pipeline's options.</param>
    /// <param name="values">A value per dimension of the set; null when missing.</param>
    public GroupingKey(int grouping, string?[] values)
    {
        Grouping = grouping;
        Values = values;
        StringBuilder text = new();
        text.Append(grouping);
        foreach (string? value in values)
            text.Append(Separator).Append(value is null ? $"{Missing}" : Escaped(value));
        Id = text.ToString();
        Hash = StableHash.Of(Encoding.UTF8.GetBytes(Id));
    }

    /// <summary>Index of the grouping set in the pipeline's options.</summary>
    public int Grouping { get; }

    /// <summary>A value per dimension of the set; null when missing.</summary>
    public IReadOnlyList<string?> Values { get; }

    /// <summary>
    /// The whole key as one text: name of its part in snapshots, key of its records.
    /// </summary>
    public string Id { get; }

    /// <summary>The part of <see cref="Id"/> that says the values alone.</summary>
    internal ReadOnlySpan<char> ValuesId => Id.AsSpan(Id.IndexOf(Separator) + 1);

    /// <summary>The same on every machine and in every run.</summary>
    public ulong Hash { get; }

    /// <summary>The key an <see cref="Id"/> stands for.</summary>
    public static GroupingKey Parse(string id)
    {
        string[] fields = id.Split(Separator);
        string?[] values = new string?[fields.Length - 1];
        for (int i = 0; i < values.Length; i++)
            values[i] = fields[i + 1] is [Missing] ? null : Unescaped(fields[i + 1]);
        return new GroupingKey(
            int.Parse(fields[0], System.Globalization.CultureInfo.InvariantCulture), values);
    }

    /// <summary>The aggregator partition of this key.</summary>
    public int PartitionOf(int partitions) => (int)(Hash % (ulong)partitions);

    /// <inheritdoc/>
    public bool Equals(GroupingKey? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Hash == other.Hash
            && string.Equals(Id, other.Id, StringComparison.Ordinal));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GroupingKey);

    /// <inheritdoc/>
    public override int GetHashCode() => Hash.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Id;

    private static string Escaped(string value)
    {
        if (!value.AsSpan().ContainsAny(Special))
            return value;
        StringBuilder text = new();
        foreach (char c in value)
        {
            if (Special.Contains(c))
                text.Append(Escape).Append((char)(c + EscapeShift));
            else
                text.Append(c);
        }

        return text.ToString();
    }

    private static string Unescaped(string text)
    {
        if (!text.Contains(Escape, StringComparison.Ordinal))
            return text;
        StringBuilder value = new();
        for (int i = 0; i < text.Length; i++)
            value.Append(text[i] == Escape ? (char)(text[++i] - EscapeShift) : text[i]);
        return value.ToString();
    }
}
