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
    private readonly (byte[] Name, int Ordinal)[] lookup;

    /// <summary>Keeps the given dimensions; order gives the ordinals.</summary>
    /// <exception cref="ArgumentException">A name is empty or given twice.</exception>
    public DimensionSet(IEnumerable<string> names)
    {
        this.names = [.. names];
        if (this.names.Distinct().Count() != this.names.Length || this.names.Contains(""))
            throw new ArgumentException($"dimension names must differ and not be empty: {string.Join(", ", this.names)}");
        List<(byte[], int)> all = [];
        for (int i = 0; i < this.names.Length; i++)
            all.Add((Encoding.UTF8.GetBytes(this.names[i]), i));
        foreach ((string alias, string name) in Aliases)
        {
            int ordinal = Array.IndexOf(this.names, name);
            if (ordinal >= 0)
                all.Add((Encoding.UTF8.GetBytes(alias), ordinal));
        }

        lookup = [.. all];
    }

    /// <summary>How many there are.</summary>
    public int Count => names.Length;

    /// <summary>The names, by ordinal.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>The ordinal of an input name or alias; -1 when it is not kept.</summary>
    public int OrdinalOf(ReadOnlySpan<byte> name)
    {
        foreach ((byte[] known, int ordinal) in lookup)
        {
            if (name.SequenceEqual(known))
                return ordinal;
        }

        return -1;
    }
}
