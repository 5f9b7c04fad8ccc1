using System.Globalization;

namespace Earshot.Host.Dead;

/// <summary>Times for people.</summary>
internal static class TimeText
{
    private const long MsMin = -62_135_596_800_000, MsMax = 253_402_300_799_999;

    /// <summary>ISO 8601, UTC, to the second; beyond the years 1 to 9999 the number.</summary>
    public static string Of(long ms) => ms is < MsMin or > MsMax
        ? string.Create(CultureInfo.InvariantCulture, $"{ms} ms")
        : DateTimeOffset.FromUnixTimeMilliseconds(ms)
            .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
