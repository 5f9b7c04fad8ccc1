using System.Buffers;
using System.Diagnostics;
using System.Globalization;
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

    private readonly string?[] values;

    /// <summary>
    /// What had this key when it was looked for last; null: it was not. See <see cref="KeyTable"/>.
    /// </summary>
    internal KeyActor? Actor;

    /// <summary>Creates a key.</summary>
    /// <param name="grouping">Index of the grouping set in the pipeline's options.</param>
    /// <param name="values">A value per dimension of the set; null when missing.</param>
    public GroupingKey(int grouping, string?[] values)
    {
        Grouping = grouping;
        this.values = values;
        Hash = HashOf(grouping, values);
    }

    private GroupingKey(int grouping, string?[] values, ulong hash)
    {
        Debug.Assert(hash == HashOf(grouping, values));
        Grouping = grouping;
        this.values = values;
        Hash = hash;
    }

    /// <summary>Index of the grouping set in the pipeline's options.</summary>
    public int Grouping { get; }

    /// <summary>A value per dimension of the set; null when missing.</summary>
    public IReadOnlyList<string?> Values => values;

    /// <summary>
    /// The whole key as one text: name of its part in snapshots, key of its records. Made anew by
    /// every call, since most keys have no use for it.
    /// </summary>
    public string Id
    {
        get
        {
            char[] rented = ArrayPool<char>.Shared.Rent(LengthMaxOf(values));
            string id = rented.AsSpan(0, WriteId(Grouping, values, rented)).ToString();
            ArrayPool<char>.Shared.Return(rented);
            return id;
        }
    }

    /// <summary>The same on every machine and in every run.</summary>
    public ulong Hash { get; }

    /// <summary>Writes its <see cref="Id"/>.</summary>
    /// <param name="buffer">Where to; a larger one takes its place where it is too small.</param>
    internal ReadOnlySpan<char> WriteId(ref char[] buffer)
    {
        int lengthMax = LengthMaxOf(values);
        if (buffer.Length < lengthMax)
            buffer = new char[lengthMax];
        return buffer.AsSpan(0, WriteId(Grouping, values, buffer));
    }

    /// <summary>The part of an <see cref="Id"/> that says the values alone.</summary>
    internal static ReadOnlySpan<char> ValuesOf(ReadOnlySpan<char> id) =>
        id[(id.IndexOf(Separator) + 1)..];

    /// <summary>The <see cref="Hash"/> of a key that need not exist.</summary>
    public static ulong HashOf(int grouping, ReadOnlySpan<string?> values)
    {
        const int OnStackMax = 128;
        int lengthMax = LengthMaxOf(values);
        char[]? rented = lengthMax <= OnStackMax ? null : ArrayPool<char>.Shared.Rent(lengthMax);
        Span<char> id = rented is null ? stackalloc char[OnStackMax] : rented;
        id = id[..WriteId(grouping, values, id)];
        int bytesMax = Encoding.UTF8.GetMaxByteCount(id.Length);
        byte[]? rentedBytes =
            rented is null ? null : ArrayPool<byte>.Shared.Rent(bytesMax);
        Span<byte> utf8 = rentedBytes is null ? stackalloc byte[bytesMax] : rentedBytes;
        ulong hash = StableHash.Of(utf8[..Encoding.UTF8.GetBytes(id, utf8)]);
        if (rented is not null)
            ArrayPool<char>.Shared.Return(rented);
        if (rentedBytes is not null)
            ArrayPool<byte>.Shared.Return(rentedBytes);
        return hash;
    }

    /// <summary>The key an <see cref="Id"/> stands for.</summary>
    public static GroupingKey Parse(string id)
    {
        string[] fields = id.Split(Separator);
        string?[] values = new string?[fields.Length - 1];
        for (int i = 0; i < values.Length; i++)
            values[i] = fields[i + 1] is [Missing] ? null : Unescaped(fields[i + 1]);
        return new GroupingKey(int.Parse(fields[0], CultureInfo.InvariantCulture), values);
    }

    /// <summary>The key an <see cref="Id"/> in UTF-8 stands for.</summary>
    internal static GroupingKey Parse(ReadOnlySpan<byte> id)
    {
        string?[] values = new string?[id.Count((byte)Separator)];
        int end = values.Length == 0 ? id.Length : id.IndexOf((byte)Separator);
        int grouping = int.Parse(id[..end], CultureInfo.InvariantCulture);
        ReadOnlySpan<byte> rest = id[end..];
        for (int i = 0; i < values.Length; i++)
        {
            rest = rest[1..];
            int length = rest.IndexOf((byte)Separator);
            ReadOnlySpan<byte> value = length < 0 ? rest : rest[..length];
            values[i] = value is [(byte)Missing] ? null : Unescaped(Encoding.UTF8.GetString(value));
            rest = rest[value.Length..];
        }

        // It is the hash of just these bytes.
        return new GroupingKey(grouping, values, StableHash.Of(id));
    }

    /// <summary>True when these are its values.</summary>
    internal bool HasValues(ReadOnlySpan<string?> others) =>
        values.AsSpan().SequenceEqual(others);

    /// <summary>The aggregator partition of this key.</summary>
    public int PartitionOf(int partitions) => (int)(Hash % (ulong)partitions);

    /// <inheritdoc/>
    public bool Equals(GroupingKey? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Hash == other.Hash && Grouping == other.Grouping
            && HasValues(other.values));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GroupingKey);

    /// <inheritdoc/>
    public override int GetHashCode() => Hash.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Id;

    // Every character may need an escape; a number of a grouping set has 11 at most.
    private static int LengthMaxOf(ReadOnlySpan<string?> values)
    {
        int length = 11;
        foreach (string? value in values)
            length += 2 + (2 * (value?.Length ?? 0));
        return length;
    }

    private static int WriteId(int grouping, ReadOnlySpan<string?> values, Span<char> into)
    {
        grouping.TryFormat(into, out int at, default, CultureInfo.InvariantCulture);
        foreach (string? value in values)
        {
            into[at++] = Separator;
            if (value is null)
                into[at++] = Missing;
            else
                at += WriteEscaped(value, into[at..]);
        }

        return at;
    }

    private static int WriteEscaped(string value, Span<char> into)
    {
        if (!value.AsSpan().ContainsAny(Special))
        {
            value.CopyTo(into);
            return value.Length;
        }

        int at = 0;
        foreach (char c in value)
        {
            bool special = Special.Contains(c);
            if (special)
                into[at++] = Escape;
            into[at++] = special ? (char)(c + EscapeShift) : c;
        }

        return at;
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
