using System.Globalization;

namespace Earshot.Sources.Traffic;

/// <summary>What traffic to generate. The same options give the same bytes, for ever.</summary>
public sealed record TrafficOptions
{
    /// <summary>Most calls per second. It bounds what is in memory: calls end after 2 h.</summary>
    public const double CallsPerSecondMax = 10_000;

    /// <summary>Largest share of duplicate, late and broken events, each.</summary>
    public const double ShareMax = 0.3;

    /// <summary>Seed of everything random.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>When the first call may begin; 2000 to 2100.</summary>
    public DateTimeOffset Start { get; init; } = new(2025, 1, 6, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Calls that begin per second, as a mean over the day: above 0, up to
    /// <see cref="CallsPerSecondMax"/>. A call gives about 25 events.
    /// </summary>
    public double CallsPerSecond { get; init; } = 10;

    /// <summary>Share of events that are sent a second time, 0 to <see cref="ShareMax"/>.</summary>
    public double DuplicateShare { get; init; } = 0.02;

    /// <summary>Share of events that come too late, 0 to <see cref="ShareMax"/>.</summary>
    public double LateShare { get; init; } = 0.002;

    /// <summary>Share of records nobody can use, 0 to <see cref="ShareMax"/>.</summary>
    public double BrokenShare { get; init; } = 0.0005;

    /// <summary>
    /// The lateness the late events exceed, by one to six minutes; 0 to a day. All other events
    /// come within <see cref="DisorderMax"/> of the moment they were made.
    /// </summary>
    public TimeSpan LateAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest way of an event that is not late, 1 s to a minute.</summary>
    public TimeSpan DisorderMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Checks all of them.</summary>
    /// <exception cref="ArgumentException">One is out of range; the message says which.</exception>
    public void Validate()
    {
        Check(nameof(Start), Start.Year, 2000, 2100);
        Check(nameof(CallsPerSecond), CallsPerSecond, double.Epsilon, CallsPerSecondMax);
        Check(nameof(DuplicateShare), DuplicateShare, 0, ShareMax);
        Check(nameof(LateShare), LateShare, 0, ShareMax);
        Check(nameof(BrokenShare), BrokenShare, 0, ShareMax);
        Check(nameof(LateAfter), LateAfter.TotalSeconds, 0, 86_400);
        Check(nameof(DisorderMax), DisorderMax.TotalSeconds, 1, 60);
    }

    private static void Check(string name, double value, double min, double max)
    {
        if (value >= min && value <= max)
            return;
        throw new ArgumentException(string.Create(
            CultureInfo.InvariantCulture, $"{name} is {value}; allowed is {min} to {max}"));
    }
}
