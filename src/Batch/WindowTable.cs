using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Analytics;

namespace Earshot.Batch;

/// <summary>What fell into one window of one key.</summary>
internal sealed class WindowStatistics
{
    public Dictionary<string, Aggregate> Metrics { get; } = [];

    public CallCounts Counts { get; } = new();

    public void Add(Reading[] readings)
    {
        foreach (Reading reading in readings)
        {
            if (!Metrics.TryGetValue(reading.Metric, out Aggregate? aggregate))
                Metrics.Add(reading.Metric, aggregate = new Aggregate());
            aggregate.Add(reading.Value);
        }

        Counts.AddValues(readings.Length);
    }
}

/// <summary>One key and all its windows, by index of the length and start.</summary>
internal sealed class KeyWindows(GroupingKey key)
{
    public GroupingKey Key { get; } = key;

    public Dictionary<(int Spec, long StartMs), WindowStatistics> Windows { get; } = [];
}

/// <summary>
/// Every key and window there is: a value is added to each of them it belongs to, one by one.
/// </summary>
internal sealed class WindowTable
{
    private readonly PipelineOptions options;
    private readonly int[][] ordinals;
    private readonly Dictionary<string?[], KeyWindows>[] keys;

    public WindowTable(PipelineOptions options)
    {
        this.options = options;
        List<string> names = [.. options.Dimensions.Names];
        ordinals =
            [.. options.Keys.Select(
                set => set.Dimensions.Select(name => names.IndexOf(name)).ToArray())];
        keys = [.. options.Keys.Select(
            _ => new Dictionary<string?[], KeyWindows>(SameValues.Instance))];
    }

    /// <summary>All keys, in order of the grouping sets.</summary>
    public IEnumerable<KeyWindows> Keys => keys.SelectMany(found => found.Values);

    /// <summary>The windows of all keys that an event's dimensions and time belong to.</summary>
    /// <param name="dimensions">Their values.</param>
    /// <param name="timeMs">Event time.</param>
    /// <param name="live">The keys that its source partition has room for.</param>
    public IEnumerable<WindowStatistics> At(string?[] dimensions, long timeMs, LiveKeys live)
    {
        for (int grouping = 0; grouping < keys.Length; grouping++)
        {
            KeyWindows key = KeyOf(grouping, dimensions, live);
            for (int spec = 0; spec < options.Windows.Count; spec++)
            {
                // The starts are the multiples of the slide; the last one is at or before the time.
                WindowSpec window = options.Windows[spec];
                long start = timeMs - (timeMs % window.SlideMs);
                for (; timeMs < start + window.LengthMs; start -= window.SlideMs)
                {
                    if (!key.Windows.TryGetValue((spec, start), out WindowStatistics? found))
                        key.Windows.Add((spec, start), found = new WindowStatistics());
                    yield return found;
                }
            }
        }
    }

    private KeyWindows KeyOf(int grouping, string?[] dimensions, LiveKeys live)
    {
        string?[] values = live.Use(
            grouping, Array.ConvertAll(ordinals[grouping], ordinal => dimensions[ordinal]));
        if (!keys[grouping].TryGetValue(values, out KeyWindows? key))
            keys[grouping].Add(values, key = new KeyWindows(new GroupingKey(grouping, values)));
        return key;
    }
}
