namespace Earshot.Schemas;

/// <summary>
/// The names of dimensions in the order of the record before. A writer gives all records the same
/// names in the same order, so that comparing with the one in that place mostly does for a
/// look-up. It changes no answer. One owner, not thread-safe.
/// </summary>
internal sealed class NameOrder(DimensionSet set)
{
    // More are looked up.
    private const int PlacesMax = 16;

    private readonly (TextKey Key, int Index)[] places = new (TextKey, int)[PlacesMax];

    /// <summary>What <see cref="DimensionSet.IndexOfName(ReadOnlySpan{byte})"/> gives.</summary>
    /// <param name="place">How many names of the record came before, not negative.</param>
    /// <param name="name">The name.</param>
    public int IndexOf(int place, ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
            return -1;
        TextKey key = TextKey.Of(name);
        if (place >= places.Length || key.Length > TextKey.WholeMax)
            return set.IndexOfName(key, name);
        ref (TextKey Key, int Index) last = ref places[place];
        if (last.Key != key)
            last = (key, set.IndexOfName(key, name));
        return last.Index;
    }
}
