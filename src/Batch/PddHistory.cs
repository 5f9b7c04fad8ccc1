using Earshot.Actors;
using Earshot.Analytics;
using Statistics = Earshot.Analytics.Aggregate;

namespace Earshot.Batch;

/// <summary>
/// All post-dial delays that were counted in one source partition, by country and hour, and the
/// limits they make. To be asked only when all of them are in. (The pipeline learns of a thousand
/// countries an hour at most; past that it may differ.)
/// </summary>
internal sealed class PddHistory(PipelineOptions options)
{
    private const long HourMs = 3_600_000;

    private readonly int country = options.Dimensions.Names.ToList().IndexOf("country");
    private readonly Dictionary<(string Country, long Hour), List<double>> delays = [];
    private readonly Dictionary<(string Country, long Hour), PddLimit?> limits = [];

    /// <summary>The delays among readings that count at a time; without a country none.</summary>
    public void Add(string?[] dimensions, long timeMs, Reading[] readings)
    {
        if (dimensions[country] is not { } name
            || Readings.Of(readings, Readings.Pdd) is not { } seconds)
            return;
        (string, long) key = (name, timeMs / HourMs);
        if (!delays.TryGetValue(key, out List<double>? found))
            delays.Add(key, found = []);
        found.Add(seconds);
    }

    /// <summary>
    /// The limit for a call that ended at a time, s: the 95th percentile of its country's delays
    /// in the hours before the last one that had ended, all that was late included, when the
    /// call's own hour began. Null with too few of them: the configured limit holds.
    /// </summary>
    public PddLimit? LimitFor(string?[] dimensions, long timeMs)
    {
        long began = timeMs / HourMs * HourMs;
        if (dimensions[country] is not { } name || began < options.LatenessMs)
            return null;
        long end = (began - options.LatenessMs) / HourMs;
        if (!limits.TryGetValue((name, end), out PddLimit? limit))
            limits.Add((name, end), limit = LimitOf(name, end));
        return limit;
    }

    private PddLimit? LimitOf(string name, long end)
    {
        List<double> all = [];
        for (long hour = end - (options.PddHistoryMs / HourMs); hour < end; hour++)
            all.AddRange(delays.GetValueOrDefault((name, hour)) ?? []);
        return all.Count < options.PddSamplesMin
            ? null
            : new PddLimit(
                Statistics.FromRaw([.. all]).Quantile(95), end * HourMs, all.Count);
    }
}
