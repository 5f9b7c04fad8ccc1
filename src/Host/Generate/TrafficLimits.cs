using Earshot.Sources.Traffic;

namespace Earshot.Host.Generate;

/// <summary>Where generated traffic stops, whichever comes first.</summary>
/// <param name="RecordsMax">Most records.</param>
/// <param name="EndMs">Simulated time at which it ends, ms since the epoch.</param>
internal readonly record struct TrafficLimits(long RecordsMax, long EndMs)
{
    /// <summary>The next record; false at the end.</summary>
    /// <param name="generator">Where it comes from.</param>
    /// <param name="written">Records written so far.</param>
    /// <param name="next">The record, until the next is asked for.</param>
    public bool TryNext(
        TrafficGenerator generator, long written, out TrafficEvent next)
    {
        next = default;
        if (written >= RecordsMax)
            return false;
        next = generator.Next();
        return next.ArrivalTimeMs < EndMs;
    }
}
