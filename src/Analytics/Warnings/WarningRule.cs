using System.Globalization;

namespace Earshot.Analytics.Warnings;

/// <summary>What a sample did to a warning.</summary>
public enum WarningChange
{
    /// <summary>It is as it was.</summary>
    None,

    /// <summary>It is on from now.</summary>
    Raised,

    /// <summary>It is off from now.</summary>
    Cleared,
}

/// <summary>
/// When a condition of a live stream raises a warning, and when the warning clears. The two differ
/// on purpose: a value that swings around its limit must not ring at every report. The defaults
/// are those of Twilio's Voice SDK ("Voice Insights SDK events", warnings on a live call): raised
/// when 3 of the last 5 samples cross the limit, cleared when none of the last 5 does and 5 s have
/// passed.
/// </summary>
public sealed record WarningRule
{
    /// <summary>What a stream can be warned of: the tags a report can carry.</summary>
    /// <remarks>
    /// Without <see cref="Tags.BadNetwork"/>, which says no more than the two it is made of.
    /// </remarks>
    public static IReadOnlyList<Tags> Conditions { get; } =
    [
        Tags.HighPacketLoss, Tags.HighJitter, Tags.HighLatency, Tags.LowMos, Tags.Silent,
        Tags.OneWayAudio, Tags.IceFailure,
    ];

    /// <summary>Number of <see cref="Conditions"/>.</summary>
    public const int ConditionCount = 7;

    /// <summary>False: there are no warnings.</summary>
    public bool IsOn { get; init; } = true;

    /// <summary>
    /// How many of a stream's last known samples are looked at; 1 to
    /// <see cref="WarningWindow.SamplesMax"/>.
    /// </summary>
    public int Samples { get; init; } = 5;

    /// <summary>Raise when so many of them cross the limit; 1 to <see cref="Samples"/>.</summary>
    public int RaiseAt { get; init; } = 3;

    /// <summary>A warning lasts so long at least, ms of event time; not negative.</summary>
    public long ClearAfterMs { get; init; } = 5000;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">
    /// One is outside of its range; the message names it, its value and the range.
    /// </exception>
    public void Validate()
    {
        Require(nameof(Samples), Samples, WarningWindow.SamplesMax);
        Require(nameof(RaiseAt), RaiseAt, Samples);
        if (ClearAfterMs < 0)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"{nameof(ClearAfterMs)} is {ClearAfterMs}; allowed is 0 or more."));
        }
    }

    /// <summary>
    /// True when one more sample that does not cross the limit changes nothing in a window of a
    /// warning that is not raised.
    /// </summary>
    public bool IsQuiet(WarningWindow window) => window.Packed == 1 << Samples;

    /// <summary>Takes a known sample in.</summary>
    /// <param name="window">The samples before it; afterwards with it.</param>
    /// <param name="crosses">True when it crosses the limit.</param>
    /// <param name="raisedForMs">
    /// Event time since the warning was raised, ms; null while it is not raised.
    /// </param>
    public WarningChange Take(ref WarningWindow window, bool crosses, long? raisedForMs)
    {
        window = window.With(crosses, Samples);
        if (raisedForMs is not { } duration)
            return window.Crossed >= RaiseAt ? WarningChange.Raised : WarningChange.None;
        return window.Crossed == 0 && duration >= ClearAfterMs
            ? WarningChange.Cleared : WarningChange.None;
    }

    private static void Require(string name, int value, int max)
    {
        if (value < 1 || value > max)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"{name} is {value}; allowed is 1 to {max}."));
        }
    }
}
