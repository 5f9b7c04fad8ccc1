using System.Globalization;

namespace Earshot.Analytics;

/// <summary>Durations as people write them: a whole number and one unit, "10m".</summary>
public static class Durations
{
    private const string Allowed =
        "a whole number and a unit of ms, s, m, h or d, for example 500ms, 30s, 10m, 2h or 1d";

    private static readonly (string Unit, long Ms)[] Units =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

    /// <summary>
    /// Reads a duration of 0 or more; upper or lower case, spaces around it are ignored.
    /// </summary>
    /// <returns>The duration, ms.</returns>
    /// <exception cref="FormatException">The text is something else; the message says what is
    /// allowed.</exception>
    public static long ParseMs(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        int digits = rest.IndexOfAnyExceptInRange('0', '9');
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (digits > 0 && long.TryParse(rest[..digits], NumberStyles.None, culture, out long n))
        {
            foreach ((string unit, long ms) in Units)
            {
                if (!rest[digits..].Equals(unit, StringComparison.OrdinalIgnoreCase))
                    continue;
                if (n > long.MaxValue / ms)
                    throw new FormatException($"The duration '{text}' is too long.");
                return n * ms;
            }
        }

        throw new FormatException($"'{text}' is not a duration; allowed is {Allowed}.");
    }

    /// <summary>
    /// Writes a duration in the largest unit that leaves no rest: 600000 is "10m", 90000 is "90s",
    /// 0 is "0s". For 0 and more <see cref="ParseMs"/> reads it back.
    /// </summary>
    /// <param name="ms">The duration, ms.</param>
    public static string Format(long ms)
    {
        if (ms == 0)
            return "0s";
        foreach ((string unit, long unitMs) in Units)
        {
            if (ms % unitMs == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{ms / unitMs}{unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{ms}ms");
    }
}
