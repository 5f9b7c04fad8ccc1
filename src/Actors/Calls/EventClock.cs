namespace Earshot.Actors.Calls;

/// <summary>
/// The watermark of a source partition: greatest event time of a valid record so far, minus the
/// lateness. Moves per record, never by a clock.
/// </summary>
internal sealed class EventClock(long latenessMs)
{
    /// <summary>Greatest event time so far; long.MinValue before the first.</summary>
    public long GreatestMs { get; set; } = long.MinValue;

    /// <summary>True after the finite input's end: the watermark is past everything.</summary>
    public bool Ended { get; set; }

    /// <summary>Records with an earlier event time are late; long.MinValue: none is.</summary>
    public long WatermarkMs => Ended ? long.MaxValue
        : GreatestMs == long.MinValue ? long.MinValue
        : GreatestMs - latenessMs;

    /// <summary>Takes in the event time of a valid record.</summary>
    /// <returns>True when the watermark moved.</returns>
    public bool See(long eventTimeMs)
    {
        if (eventTimeMs <= GreatestMs)
            return false;
        GreatestMs = eventTimeMs;
        return true;
    }
}
