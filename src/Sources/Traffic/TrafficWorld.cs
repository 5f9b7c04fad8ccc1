using System.Globalization;
using System.Text;

namespace Earshot.Sources.Traffic;

/// <summary>A country calls go to.</summary>
/// <param name="Code">ISO 3166-1 alpha-2, lower case.</param>
/// <param name="Region">Region that serves it.</param>
/// <param name="RttMs">Round trip without trouble, ms.</param>
/// <param name="PddSeconds">Typical post-dial delay, s.</param>
internal readonly record struct TrafficCountry(
    string Code, string Region, double RttMs, double PddSeconds);

/// <summary>
/// Who calls whom, through what: sizes fall as 1/rank (Zipf), as real ones do. One carrier has
/// trouble every day at the same hour, for people and tests to find.
/// </summary>
public static class TrafficWorld
{
    /// <summary>The carrier that degrades: loss, jitter, PDD and failures rise.</summary>
    public const string DegradedCarrier = "telco_c";

    /// <summary>The hour of the day, UTC, in which it does: from 14:00 to 15:00.</summary>
    public const int DegradedHour = 14;

    internal const int Accounts = 200;
    internal const int AccountsPerParent = 10;
    internal const long HourMs = 3_600_000;

    internal static readonly TrafficCountry[] Countries =
    [
        new("us", "us1", 45, 1.4), new("gb", "ie1", 50, 1.7), new("de", "de1", 40, 1.8),
        new("in", "sg1", 160, 3.4), new("br", "br1", 120, 2.9), new("fr", "ie1", 45, 1.9),
        new("mx", "us1", 90, 2.6), new("ca", "us1", 50, 1.4), new("au", "au1", 110, 2.1),
        new("jp", "jp1", 70, 1.6), new("es", "ie1", 60, 2.0), new("it", "de1", 55, 2.2),
        new("nl", "de1", 35, 1.5), new("pl", "de1", 55, 2.3), new("sg", "sg1", 60, 1.7),
    ];

    internal static readonly string[] Carriers =
        [.. "abcdefghijkl".Select(letter => "telco_" + letter)];

    internal static readonly string[] Edges =
        ["carrier_edge", "sip_edge", "sdk_edge", "client_edge"];

    internal static readonly int Degraded = Array.IndexOf(Carriers, DegradedCarrier);

    // Calls by hour of the day, UTC; linear in between.
    private static readonly double[] Day =
    [
        0.35, 0.28, 0.24, 0.22, 0.24, 0.32, 0.50, 0.80, 1.20, 1.50, 1.62, 1.66,
        1.60, 1.66, 1.76, 1.80, 1.74, 1.60, 1.38, 1.14, 0.94, 0.76, 0.60, 0.46,
    ];

    private static readonly double DayMean = Total(Day) / Day.Length;

    internal static readonly double[] CountrySizes = Zipf(Countries.Length);
    internal static readonly double[] CarrierSizes = Zipf(Carriers.Length);
    internal static readonly double[] AccountSizes = Zipf(Accounts);
    internal static readonly double[] EdgeSizes = Cumulate([0.4, 0.3, 0.2, 0.1]);

    /// <summary>Load at a time of day as a multiple of the day's mean.</summary>
    internal static double LoadAt(long timeMs)
    {
        long ofDay = timeMs % (24 * HourMs);
        int hour = (int)(ofDay / HourMs);
        double part = (double)(ofDay % HourMs) / HourMs;
        return ((Day[hour] * (1 - part)) + (Day[(hour + 1) % 24] * part)) / DayMean;
    }

    /// <summary>Whether a carrier is in its bad hour.</summary>
    internal static bool IsDegraded(int carrier, long timeMs) =>
        carrier == Degraded && timeMs / HourMs % 24 == DegradedHour;

    /// <summary>Everyday quality of a carrier: 1 is ordinary, 2 has twice the jitter.</summary>
    internal static double TroubleOf(int carrier) => 0.7 + (0.15 * (carrier * 7 % Carriers.Length));

    /// <summary>Picks an index from cumulated sizes.</summary>
    internal static int Pick(double[] sizes, double even)
    {
        int found = Array.BinarySearch(sizes, even);
        return Math.Min(found < 0 ? ~found : found + 1, sizes.Length - 1);
    }

    internal static string AccountName(int account) =>
        string.Create(CultureInfo.InvariantCulture, $"AC{account + 1:D4}");

    internal static string ParentName(int account) =>
        string.Create(CultureInfo.InvariantCulture, $"PA{(account / AccountsPerParent) + 1:D3}");

    internal static byte[][] Utf8(IEnumerable<string> texts) =>
        [.. texts.Select(text => Encoding.UTF8.GetBytes(text))];

    private static double[] Zipf(int count) =>
        Cumulate([.. Enumerable.Range(1, count).Select(rank => 1.0 / rank)]);

    // Running sums, the last one 1.
    private static double[] Cumulate(double[] sizes)
    {
        double all = Total(sizes), sum = 0;
        return [.. sizes.Select(size => (sum += size) / all)];
    }

    // In this order, which Sum() does not promise.
    private static double Total(double[] sizes)
    {
        double sum = 0;
        foreach (double size in sizes)
            sum += size;
        return sum;
    }
}
