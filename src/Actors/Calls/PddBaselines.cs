using System.Collections;
using System.Globalization;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>
/// What the post-dial delays of a partition teach about each country: one sketch per country and
/// hour of event time. The limit of a call is the 95th percentile of the hours before its own
/// that no record in time can add to any more (<see cref="PddHours.EndFor"/>), so it is a
/// function of the delays alone, not of their order. An hour goes when no call in time can need
/// it.
/// <para>
/// Memory: some 300 buckets of 8 bytes per country and hour that has more than 64 delays; 200
/// countries over a day are below 15 MB.
/// </para>
/// </summary>
internal sealed class PddBaselines(PipelineOptions options, SymbolTable values)
{
    /// <summary>
    /// Most countries that are learned in one hour, several times what there are: a source that
    /// writes anything else there must not fill the memory. Delays of further ones are counted,
    /// and their calls are held against the configured limit.
    /// </summary>
    public const int CountriesMax = 1000;

    /// <summary>Most countries shown to people: those with the most delays.</summary>
    public const int ShownMax = 100;

    /// <summary>Countries found at once: about as many as there are.</summary>
    private const int LastMax = 256;

    private const string PartKey = "pdd";
    private const string HourPrefix = PartKey + "/";

    // By their start. A list: few, and going through it allocates nothing.
    private readonly SortedList<long, Hour> hours = [];

    // Limits worked out, by country and end of the hours; such hours change no more.
    private readonly Dictionary<(int Country, long EndMs), Learned> learned = [];
    private readonly List<long> removed = [];
    private readonly Aggregate sum = new();

    // The hour looked up last, and the watermark at which hours may go.
    private (long StartMs, Hour? Hour) last = (long.MinValue, null);
    private long turnMs = long.MinValue;

    // Countries looked up last, by their symbols' remainder: of the hour looked up last, and of
    // the limits for an end of hours.
    private readonly (int Country, Aggregate Delays)[] lastTaught =
        new (int, Aggregate)[LastMax];

    private readonly (int Country, long EndMs, Learned Learned)[] lastLearned =
        new (int, long, Learned)[LastMax];

    private (long EndMs, IReadOnlyList<CountryPddLimit> Limits) shown = (long.MinValue, []);
    private bool countChanged;

    /// <summary>Delays that taught nothing because their hour had too many countries.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Takes in a delay that is counted in the statistics.</summary>
    /// <param name="country">Symbol of its country; 0 when missing: teaches nothing.</param>
    /// <param name="timeMs">The event time it is counted at.</param>
    /// <param name="seconds">The delay, s.</param>
    public void Teach(int country, long timeMs, double seconds)
    {
        if (country == 0)
            return;
        long start = PddHours.StartOf(timeMs);
        Hour hour = last.StartMs == start ? last.Hour! : HourAt(start);
        ref (int Country, Aggregate Delays) taught = ref lastTaught[country % LastMax];
        Aggregate? delays = taught.Delays;
        if (taught.Country != country && !hour.Countries.TryGetValue(country, out delays))
        {
            if (hour.Countries.Count == CountriesMax)
            {
                LeftOut++;
                countChanged = true;
                return;
            }

            hour.Countries.Add(country, delays = new Aggregate());
        }

        taught = (country, delays!);
        delays!.Add(seconds);
        hour.Changed = true;
    }

    /// <summary>
    /// The limit for a call of a country that ended at a time. Null: without a country or with too
    /// few delays the configured limit holds.
    /// </summary>
    /// <param name="country">Symbol of its country; 0 when missing.</param>
    /// <param name="timeMs">When it ended.</param>
    public PddLimit? LimitOf(int country, long timeMs) =>
        TryGetLimit(country, timeMs, out PddLimit limit) ? limit : null;

    /// <summary>The same, as an answer that need not be copied; false: none.</summary>
    public bool TryGetLimit(int country, long timeMs, out PddLimit limit)
    {
        long endMs = PddHours.EndFor(timeMs, options.LatenessMs);
        ref readonly (int Country, long EndMs, Learned Learned) last =
            ref lastLearned[country % LastMax];
        Learned found = country == 0 ? default
            : last.Country == country && last.EndMs == endMs ? last.Learned
            : LearnedOf(country, endMs);
        limit = new PddLimit(found.Seconds, endMs, found.Samples);
        return found.Samples >= options.PddSamplesMin;
    }

    /// <summary>
    /// Drops the hours that no call from the watermark on needs. To be called after the calls due
    /// by it are counted.
    /// </summary>
    public void DropBefore(long watermarkMs)
    {
        if (watermarkMs < turnMs)
            return;
        turnMs = watermarkMs > long.MaxValue - PddHours.HourMs
            ? long.MaxValue : PddHours.StartOf(watermarkMs) + PddHours.HourMs;
        learned.Clear();
        last = (long.MinValue, null);
        Array.Clear(lastLearned);
        long neededFromMs =
            PddHours.EndFor(watermarkMs, options.LatenessMs) - options.PddHistoryMs;
        while (hours.Count > 0 && hours.GetKeyAtIndex(0) < neededFromMs)
        {
            if (hours.GetValueAtIndex(0).Saved)
                removed.Add(hours.GetKeyAtIndex(0));
            hours.RemoveAt(0);
        }
    }

    /// <summary>
    /// The limits for calls at a time, for people: the <see cref="ShownMax"/> countries with the
    /// most delays, by name. Worked out once an hour.
    /// </summary>
    /// <param name="timeMs">At or after the watermark; long.MinValue: nothing was seen yet.</param>
    public IReadOnlyList<CountryPddLimit> LimitsAt(long timeMs)
    {
        if (timeMs == long.MinValue)
            return [];
        long endMs = PddHours.EndFor(timeMs, options.LatenessMs);
        if (shown.EndMs != endMs)
            shown = (endMs, ShowLimits(endMs));
        return shown.Limits;
    }

    /// <summary>Marks the symbols of the countries it knows.</summary>
    public void MarkSymbols(BitArray used)
    {
        foreach (int country in hours.Values.SelectMany(hour => hour.Countries.Keys))
            used[country] = true;
        foreach ((int country, _) in learned.Keys)
            used[country] = true;
    }

    /// <summary>Adds the hours that changed, and the removal of dropped ones.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        if (countChanged || (whole && LeftOut > 0))
            into.Add(StatePart.Write(PartKey, writer => writer.Write(LeftOut)));
        countChanged = false;
        if (!whole)
            into.AddRange(removed.Select(start => new SnapshotPart(KeyOf(start), null)));
        removed.Clear();
        foreach ((long start, Hour hour) in hours)
        {
            if (!whole && !hour.Changed)
                continue;
            into.Add(StatePart.Write(KeyOf(start), writer => Write(writer, hour)));
            (hour.Changed, hour.Saved) = (false, true);
        }
    }

    /// <summary>Takes the hours back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        StatePart.Read(parts, PartKey, reader => LeftOut = reader.ReadInt64());
        foreach ((string key, byte[] value) in parts)
        {
            if (!key.StartsWith(HourPrefix, StringComparison.Ordinal))
                continue;
            using BinaryReader reader = new(new MemoryStream(value));
            Hour hour = new() { Saved = true };
            int count = reader.Read7BitEncodedInt();
            for (int i = 0; i < count; i++)
            {
                int country = values.InternForUse(reader.ReadString());
                hour.Countries.Add(country, Aggregate.Read(reader));
            }

            string start = key[HourPrefix.Length..];
            hours.Add(long.Parse(start, CultureInfo.InvariantCulture), hour);
        }
    }

    private Hour HourAt(long startMs)
    {
        if (!hours.TryGetValue(startMs, out Hour? hour))
            hours.Add(startMs, hour = new Hour());
        last = (startMs, hour);
        Array.Clear(lastTaught);
        return hour;
    }

    private Learned LearnedOf(int country, long endMs)
    {
        if (!learned.TryGetValue((country, endMs), out Learned found))
            found = Learn(country, endMs);
        lastLearned[country % LastMax] = (country, endMs, found);
        return found;
    }

    private Learned Learn(int country, long endMs)
    {
        sum.Reset();
        for (int i = 0; i < hours.Count && hours.GetKeyAtIndex(i) < endMs; i++)
        {
            bool counts = hours.GetKeyAtIndex(i) >= endMs - options.PddHistoryMs;
            if (counts && hours.GetValueAtIndex(i).Countries.TryGetValue(
                country, out Aggregate? delays))
                sum.Merge(delays);
        }

        // Not remembered without a delay: of such countries there may be any number.
        if (sum.Count == 0)
            return default;
        Learned found = new(sum.Quantile(PddHours.Percent), sum.Count);
        learned.Add((country, endMs), found);
        return found;
    }

    private List<CountryPddLimit> ShowLimits(long endMs)
    {
        IEnumerable<int> countries = hours
            .Where(hour => hour.Key >= endMs - options.PddHistoryMs && hour.Key < endMs)
            .SelectMany(hour => hour.Value.Countries.Keys)
            .Distinct();
        return [.. countries
            .Select(country => Show(country, LearnedOf(country, endMs), endMs))
            .OrderByDescending(limit => limit.Samples)
            .ThenBy(limit => limit.Country, StringComparer.Ordinal)
            .Take(ShownMax)
            .OrderBy(limit => limit.Country, StringComparer.Ordinal)];
    }

    private CountryPddLimit Show(int country, Learned found, long endMs)
    {
        bool isLearned = found.Samples >= options.PddSamplesMin;
        return new CountryPddLimit(
            values[country], isLearned ? found.Seconds : null, endMs, found.Samples);
    }

    private void Write(BinaryWriter writer, Hour hour)
    {
        writer.Write7BitEncodedInt(hour.Countries.Count);
        foreach ((int country, Aggregate delays) in hour.Countries)
        {
            writer.Write(values[country]);
            delays.Write(writer);
        }
    }

    private static string KeyOf(long startMs) =>
        HourPrefix + startMs.ToString(CultureInfo.InvariantCulture);

    /// <summary>What hours say of a country: their 95th percentile, s, of so many delays.</summary>
    private readonly record struct Learned(double Seconds, long Samples);

    private sealed class Hour
    {
        /// <summary>By symbol.</summary>
        public readonly Dictionary<int, Aggregate> Countries = [];

        /// <summary>True when it has what no snapshot has.</summary>
        public bool Changed;

        /// <summary>True when a snapshot has a part of it.</summary>
        public bool Saved;
    }
}
