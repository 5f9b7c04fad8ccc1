using Earshot.Actors.Stages;
using Earshot.Snapshots;

namespace Earshot.Actors.Keys;

/// <summary>
/// Which keys of a source partition are live, and whether another one may be. A key is live when
/// it was used in this period of event time or in the one before. A record's period is the
/// watermark it is held against, divided by <see cref="PipelineOptions.KeyIdleMs"/>, rounded
/// down; the calls that it lets conclude are counted in the same one. A key that is used and not
/// live is admitted while fewer than <see cref="PipelineOptions.KeysMax"/> of its grouping set are
/// live. So all of it follows from the partition's records alone. Keys are known by their hash:
/// of two with the same one (a chance of 1 to 30 million among a million keys) the second is
/// admitted for free.
/// </summary>
internal sealed class KeyLimit
{
    private const string PartKey = "key-limit";

    private readonly long periodMs;
    private readonly LiveKeys[] groupings;
    private bool over;

    /// <summary>Creates it with no key live.</summary>
    /// <param name="options">The pipeline.</param>
    public KeyLimit(PipelineOptions options)
    {
        periodMs = options.KeyIdleMs;
        groupings = [.. options.Keys.Select((_, i) => new LiveKeys(i, options.KeysMax))];
    }

    /// <summary>The period of the newest record; long.MinValue before the first.</summary>
    public long Period { get; private set; } = long.MinValue;

    /// <summary>How often a key was used and not admitted.</summary>
    public long Refused { get; private set; }

    /// <summary>Periods in which that happened.</summary>
    public long PeriodsOver { get; private set; }

    /// <summary>Keys live, grouping sets added up.</summary>
    public long Live => groupings.Sum(grouping => (long)grouping.Count);

    /// <summary>Whether a period begins when the watermark has moved to a time.</summary>
    public bool IsPast(long watermarkMs) => FloorOf(watermarkMs) != Period;

    /// <summary>The watermark has moved: a period may have begun.</summary>
    public void Advance(long watermarkMs)
    {
        long period = FloorOf(watermarkMs);
        if (period == Period)
            return;
        foreach (LiveKeys grouping in groupings)
            grouping.Turn(period);
        Period = period;
        over = false;
    }

    /// <summary>A key is used for the first time in this period, or was refused before.</summary>
    /// <param name="grouping">Index of its grouping set.</param>
    /// <param name="hash"><see cref="GroupingKey.Hash"/>.</param>
    /// <returns>False when there is no room for it: its use is counted.</returns>
    public bool Admit(int grouping, ulong hash)
    {
        if (groupings[grouping].Admit(hash))
            return true;
        Refused++;
        if (!over)
            PeriodsOver++;
        over = true;
        return false;
    }

    /// <summary>Adds what changed.</summary>
    public void Save(List<SnapshotPart> into, bool whole)
    {
        into.Add(StatePart.Write(PartKey, writer =>
        {
            writer.Write(Period);
            writer.Write(Refused);
            writer.Write(PeriodsOver);
            writer.Write(over);
        }));
        foreach (LiveKeys grouping in groupings)
            grouping.Save(into, whole);
    }

    /// <summary>Takes everything back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts)
    {
        StatePart.Read(parts, PartKey, reader =>
        {
            Period = reader.ReadInt64();
            Refused = reader.ReadInt64();
            PeriodsOver = reader.ReadInt64();
            over = reader.ReadBoolean();
        });
        foreach (LiveKeys grouping in groupings)
            grouping.Load(parts, Period);
    }

    // Rounded down before 1970, too.
    private long FloorOf(long watermarkMs) =>
        (watermarkMs / periodMs) - (watermarkMs % periodMs < 0 ? 1 : 0);
}
