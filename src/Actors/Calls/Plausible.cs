using Earshot.Schemas;

namespace Earshot.Actors.Calls;

/// <summary>
/// Which values can be true. Sources do report post-dial delays of 23 days and negative ones
/// (VOICE.md section 1): such a value is left out and counted, never averaged in.
/// </summary>
internal static class Plausible
{
    private const double DayS = 86_400;
    private const double HourMs = 3_600_000;

    /// <summary>Upper limit of a connected time, s: 30 days.</summary>
    private const double DurationMaxS = 30 * DayS;

    /// <summary>Far above what losses of a call can give.</summary>
    private const double BurstRatioMax = 1e6;

    /// <summary>True when a metric can have this value.</summary>
    public static bool Is(int metric, double value) => metric switch
    {
        _ when !double.IsFinite(value) => false,
        Metrics.Pdd => value is >= 0 and <= DayS,
        Metrics.ConnectDuration => value is >= 0 and <= DurationMaxS,
        Metrics.PacketLoss or Metrics.RemotePacketLoss or Metrics.DelayedPackets
            or Metrics.BurstLossDensity or Metrics.GapLossDensity => value is >= 0 and <= 100,
        Metrics.Mos => value is >= 1 and <= 5,
        Metrics.Score => value is >= 0 and <= 1,
        Metrics.Jitter or Metrics.AvgJitter or Metrics.MaxJitter or Metrics.RemoteJitter
            or Metrics.Rtt or Metrics.Latency or Metrics.AvgLatency or Metrics.MaxLatency
            => value is >= 0 and <= HourMs,
        Metrics.BurstDuration or Metrics.GapDuration => value is >= 0 and <= DayS * 1000,
        Metrics.BurstRatio => value is >= 0 and <= BurstRatioMax,
        Metrics.SrdFailed => value is >= 0 and <= DayS,
        _ => true,
    };
}
