using Earshot.Actors;

namespace Earshot.Batch;

/// <summary>
/// The keys of one source partition for which there is room. Event time, as the watermark tells
/// it, is cut into stretches of the idle time. A key used in this stretch or the one before is
/// live. Another one becomes so when it is used, while fewer than the most are live; if not, what
/// belongs to it goes to the key whose every value is "other". That key, and the total over
/// everything, always have room.
/// </summary>
internal sealed class LiveKeys(PipelineOptions options)
{
    private const string Other = "other";

    private readonly List<HashSet<string?[]>> now = NoKeys(options);

    // Used in the stretch before, and not yet in this one.
    private readonly List<HashSet<string?[]>> before = NoKeys(options);
    private decimal stretch = decimal.MinValue;

    /// <summary>How often there was no room.</summary>
    public long Refused { get; private set; }

    /// <summary>The watermark of the next record, and of the calls that it lets end.</summary>
    public void Advance(long watermarkMs)
    {
        decimal next = Math.Floor((decimal)watermarkMs / options.KeyIdleMs);
        if (next == stretch)
            return;
        for (int grouping = 0; grouping < now.Count; grouping++)
        {
            before[grouping] = next == stretch + 1 ? now[grouping] : NoKey();
            now[grouping] = NoKey();
        }

        stretch = next;
    }

    /// <summary>A key is used: its values, or "other" for each of them.</summary>
    public string?[] Use(int grouping, string?[] values)
    {
        if (values.All(value => value == Other) || now[grouping].Contains(values))
            return values;
        bool stays = before[grouping].Remove(values);
        if (!stays && now[grouping].Count + before[grouping].Count >= options.KeysMax)
        {
            Refused++;
            return Array.ConvertAll(values, _ => (string?)Other);
        }

        now[grouping].Add(values);
        return values;
    }

    private static List<HashSet<string?[]>> NoKeys(PipelineOptions options) =>
        [.. options.Keys.Select(_ => NoKey())];

    private static HashSet<string?[]> NoKey() => new(SameValues.Instance);
}

/// <summary>Values of dimensions are the same when each of them is.</summary>
internal sealed class SameValues : IEqualityComparer<string?[]>
{
    public static readonly SameValues Instance = new();

    public bool Equals(string?[]? a, string?[]? b) => a.AsSpan().SequenceEqual(b);

    public int GetHashCode(string?[] values)
    {
        HashCode hash = default;
        foreach (string? value in values)
            hash.Add(value);
        return hash.ToHashCode();
    }
}
