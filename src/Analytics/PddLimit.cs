namespace Earshot.Analytics;

/// <summary>A limit of post-dial delay that was learned, with what it rests on.</summary>
/// <param name="Seconds">A delay above this is tagged, s.</param>
/// <param name="HourMs">
/// Where the hours it was learned from end, ms since the epoch: a full hour.
/// </param>
/// <param name="Samples">Delays it was learned from, at least 1.</param>
public readonly record struct PddLimit(double Seconds, long HourMs, long Samples);

/// <summary>The hours of event time that post-dial delay is learned by.</summary>
public static class PddHours
{
    /// <summary>An hour, ms.</summary>
    public const long HourMs = 3_600_000;

    /// <summary>The percentile that is the limit (VOICE.md section 3).</summary>
    public const int Percent = 95;

    /// <summary>The start of the hour that contains a time.</summary>
    /// <param name="timeMs">ms since the epoch.</param>
    public static long StartOf(long timeMs) => Panes.StartOf(timeMs, HourMs);

    /// <summary>
    /// Where the hours end that a call at a time is held against: at the last full hour by (start
    /// of the call's hour) - lateness. Nothing that is in time can be added to them any more when
    /// the call counts, so every call of an hour is held against the same delays, in whatever
    /// order records came.
    /// </summary>
    /// <param name="timeMs">When the call ended, ms since the epoch.</param>
    /// <param name="latenessMs">How late a record may come, ms.</param>
    /// <returns>ms since the epoch.</returns>
    public static long EndFor(long timeMs, long latenessMs) =>
        StartOf(StartOf(timeMs) - latenessMs);
}
