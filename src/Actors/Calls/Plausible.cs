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
    public static bool Is(int metric, double value) => FaultOf(metric, value) is null;

    /// <summary>Why a metric cannot have this value; null: it can.</summary>
    public static SetAsideCause? FaultOf(int metric, double value) => metric switch
    {
        _ when !double.IsFinite(value) => SetAsideCause.NotANumber,
        Metrics.Pdd or Metrics.SrdFailed => value < 0 ? SetAsideCause.NegativePdd
            : value > DayS ? SetAsideCause.PddOverADay : null,
        Metrics.ConnectDuration => value is >= 0 and <= DurationMaxS
            ? null : SetAsideCause.DurationOutOfRange,
        Metrics.PacketLoss or Metrics.RemotePacketLoss or Metrics.DelayedPackets
            or Metrics.BurstLossDensity or Metrics.GapLossDensity => value is >= 0 and <= 100
            ? null : SetAsideCause.LossOutOfRange,
        Metrics.Mos => value is >= 1 and <= 5 ? null : SetAsideCause.MosOutOfRange,
        Metrics.Score => value is >= 0 and <= 1 ? null : SetAsideCause.ScoreOutOfRange,
        Metrics.Jitter or Metrics.AvgJitter or Metrics.MaxJitter or Metrics.RemoteJitter
            or Metrics.Rtt or Metrics.Latency or Metrics.AvgLatency or Metrics.MaxLatency
            => value is >= 0 and <= HourMs ? null : SetAsideCause.DelayOutOfRange,
        Metrics.BurstDuration or Metrics.GapDuration => value is >= 0 and <= DayS * 1000
            ? null : SetAsideCause.BurstOutOfRange,
        Metrics.BurstRatio => value is >= 0 and <= BurstRatioMax
            ? null : SetAsideCause.BurstOutOfRange,
        _ => null,
    };
}
