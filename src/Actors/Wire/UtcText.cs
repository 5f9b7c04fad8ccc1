using System.Globalization;

namespace Earshot.Actors.Wire;

/// <summary>Times for people.</summary>
internal static class UtcText
{
    /// <summary>ISO 8601 in UTC; the bare number where it is outside years 1 to 9999.</summary>
    public static string Of(long timeMs)
    {
        const long MaxMs = 253_402_300_799_999;
        return timeMs is < -62_135_596_800_000 or > MaxMs
            ? timeMs.ToString(CultureInfo.InvariantCulture) + " ms"
            : DateTimeOffset.FromUnixTimeMilliseconds(timeMs)
                .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
    }
}
