using System.Globalization;

namespace Earshot.Analytics.Quality;

/// <summary>
/// The delay from mouth to ear of a connection of which only the network's part is known. A client
/// that reports no delay of codec and jitter buffer is taken to have a buffer of twice the jitter
/// and a codec of 10 ms. Source: the rule in use for WebRTC, rtt + 2 · jitter + 10 ms.
/// </summary>
public static class EffectiveLatency
{
    /// <summary>The codec's part, ms.</summary>
    public const double CodecMs = 10;

    /// <summary>rtt + 2 · jitter + 10 ms.</summary>
    /// <param name="rttMs">Round-trip time of the network, ms, not negative.</param>
    /// <param name="jitterMs">Jitter, ms, not negative.</param>
    /// <param name="rttShare">
    /// The share of the round trip that counts, above 0 to 1. 1 is the rule; 0.5 takes the two
    /// directions as equally slow.
    /// </param>
    /// <returns>ms.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A value cannot be.</exception>
    public static double OfRoundTrip(double rttMs, double jitterMs, double rttShare = 1)
    {
        if (!(rttShare > 0 && rttShare <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(rttShare), rttShare, string.Create(
                CultureInfo.InvariantCulture,
                $"rttShare is {rttShare}; allowed is above 0 to 1."));
        }

        return (rttShare * Required(rttMs, nameof(rttMs)))
            + (2 * Required(jitterMs, nameof(jitterMs))) + CodecMs;
    }

    /// <summary>The same of a one-way time: one-way + 2 · jitter + 10 ms.</summary>
    /// <param name="oneWayMs">One-way time of the network, ms, not negative.</param>
    /// <param name="jitterMs">Jitter, ms, not negative.</param>
    /// <returns>ms.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A value cannot be.</exception>
    public static double OfOneWay(double oneWayMs, double jitterMs) =>
        Required(oneWayMs, nameof(oneWayMs)) + (2 * Required(jitterMs, nameof(jitterMs))) + CodecMs;

    private static double Required(double value, string name) =>
        value >= 0 && double.IsFinite(value)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, string.Create(
                CultureInfo.InvariantCulture,
                $"{name} is {value}; allowed is a finite number of at least 0."));
}
