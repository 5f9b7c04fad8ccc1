using System.Numerics;
using System.Text;

namespace Earshot.Schemas;

/// <summary>The dimensions a pipeline keeps, each at a fixed ordinal.</summary>
public sealed class DimensionSet
{
    /// <summary>Dimensions every row has a column for.</summary>
    public static readonly IReadOnlyList<string> Standard =
        ["account", "parent_account", "carrier", "country", "direction", "edge", "region", "route"];

    // Names in input messages that mean one of ours.
    private static readonly (string Alias, string Name)[] Aliases =
    [
        ("country_code", "country"), ("edge_type", "edge"), ("account_sid", "account"),
        ("parent_account_sid", "parent_account"), ("carrier_sid", "carrier"), ("route_id", "route"),
    ];

    private readonly string[] names;
    // Names first, at their ordinals; then the aliases.
    private readonly (byte[] Name, int Ordinal)[] lookup;

    // Open addressing over lookup: Number is index + 1, 0 where there is none.
    private readonly Slot[] slots;

    /// <summary>Keeps the given dimensions; order gives the ordinals.</summary>
    /// <exception cref="ArgumentException">A name is empty or given twice.</exception>
    public DimensionSet(IEnumerable<string> names)
    {
        this.names = [.. names];
        if (this.names.Distinct().Count() != this.names.Length || this.names.Contains(""))
        {
            throw new ArgumentException(
                $"dimension names must differ and not be empty: {string.Join(", ", this.names)}");
        }

        List<(byte[], int)> all = [];
        for (int i = 0; i < this.names.Length; i++)
            all.Add((Encoding.UTF8.GetBytes(this.names[i]), i));
        foreach ((string alias, string name) in Aliases)
        {
            int ordinal = Array.IndexOf(this.names, name);
            if (ordinal >= 0 && !this.names.Contains(alias))
                all.Add((Encoding.UTF8.GetBytes(alias), ordinal));
        }

        lookup = [.. all];
        slots = new Slot[BitOperations.RoundUpToPowerOf2((uint)lookup.Length * 4 + 1)];
        for (int i = 0; i < lookup.Length; i++)
        {
            TextKey key = TextKey.Of(lookup[i].Name);
            int slot = (int)key.Hash(lookup[i].Name) & (slots.Length - 1);
            while (slots[slot].Number != 0)
                slot = (slot + 1) & (slots.Length - 1);
            slots[slot] = new Slot(key, i + 1);
        }
    }

    /// <summary>How many there are.</summary>
    public int Count => names.Length;

    /// <summary>The names, by ordinal.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>How many names input messages may use: the names and their aliases.</summary>
    internal int NameCount => lookup.Length;

    /// <summary>The ordinal of an input name or alias; -1 when it is not kept.</summary>
    public int OrdinalOf(ReadOnlySpan<byte> name)
    {
        int index = IndexOfName(name);
        return index < 0 ? -1 : lookup[index].Ordinal;
    }

    /// <summary>
    /// A number for an input name: the ordinal of a dimension's own name, <see cref="Count"/> or
    /// more for an alias; -1 when it is not kept.
    /// </summary>
    internal int IndexOfName(ReadOnlySpan<byte> name)
    {
        return name.IsEmpty ? -1 : IndexOfName(TextKey.Of(name), name);
    }

    /// <summary>The same, of a name that is not empty and whose key is known.</summary>
    internal int IndexOfName(in TextKey key, ReadOnlySpan<byte> name)
    {
        int slot = (int)key.Hash(name) & (slots.Length - 1);
        for (; slots[slot].Number != 0; slot = (slot + 1) & (slots.Length - 1))
        {
            int index = slots[slot].Number - 1;
            if (slots[slot].Key == key
                && (key.Length <= TextKey.WholeMax || name.SequenceEqual(lookup[index].Name)))
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>The ordinal that name number <paramref name="index"/> means.</summary>
    internal int OrdinalAt(int index) => lookup[index].Ordinal;

    private readonly record struct Slot(TextKey Key, int Number);
}
