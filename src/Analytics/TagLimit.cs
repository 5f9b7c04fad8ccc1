using System.Globalization;

namespace Earshot.Analytics;

/// <summary>One of the <see cref="TagLimits"/>, by name: what settings are made of.</summary>
/// <param name="Name">Its name in settings, with its unit.</param>
/// <param name="Least">Least value allowed.</param>
/// <param name="Most">Greatest value allowed.</param>
/// <param name="Of">Its value.</param>
/// <param name="With">The limits with another value of it.</param>
public sealed record TagLimit(
    string Name, double Least, double Most, Func<TagLimits, double> Of,
    Func<TagLimits, double, TagLimits> With)
{
    private const double Most1E9 = 1e9;

    private static readonly TagLimit LatencyMs = new("latency-ms", 0, Most1E9,
        l => l.LatencyMsMax, (l, value) => l with { LatencyMsMax = value });

    private static readonly TagLimit RttMs = new("rtt-ms", 0, Most1E9,
        l => l.RttMsMax, (l, value) => l with { RttMsMax = value });

    /// <summary>All limits.</summary>
    public static IReadOnlyList<TagLimit> All { get; } =
    [
        new("packet-loss-percent", 0, 100,
            l => l.PacketLossPercentMax, (l, value) => l with { PacketLossPercentMax = value }),
        new("jitter-mean-ms", 0, Most1E9,
            l => l.JitterMeanMsMax, (l, value) => l with { JitterMeanMsMax = value }),
        new("jitter-peak-ms", 0, Most1E9,
            l => l.JitterPeakMsMax, (l, value) => l with { JitterPeakMsMax = value }),
        new("delayed-percent", 0, 100,
            l => l.DelayedPercentMax, (l, value) => l with { DelayedPercentMax = value }),
        LatencyMs,
        RttMs,
        new("pdd-s", 0, 1e6, l => l.PddSecondsMax, (l, value) => l with { PddSecondsMax = value }),
        new("mos", 1, 5, l => l.MosMin, (l, value) => l with { MosMin = value }),
        new("silent-level", 0, 1,
            l => l.SilentAudioLevelMax, (l, value) => l with { SilentAudioLevelMax = value }),
    ];

    /// <summary>What is allowed, in words.</summary>
    public string Allowed =>
        string.Create(CultureInfo.InvariantCulture, $"a number from {Least} to {Most}");

    /// <summary>
    /// False for a limit that decides nothing at an edge: latency at clients, round trips at
    /// gateways.
    /// </summary>
    public bool IsFor(Edge edge) =>
        (this != LatencyMs || !Edges.IsClient(edge)) && (this != RttMs || !Edges.IsGateway(edge));

    /// <summary>Checks a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="setting">The setting's full name, for the message.</param>
    /// <exception cref="ArgumentException">
    /// It is not allowed; the message names the setting, the value and the range.
    /// </exception>
    public void Require(double value, string setting)
    {
        if (!(value >= Least && value <= Most))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"{setting} is {value}; allowed is {Allowed}."));
        }
    }
}
