using System.Runtime.CompilerServices;
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

    private static readonly (double Min, double Max)[] ranges =
        [.. Enumerable.Range(0, Metrics.End).Select(RangeOf)];

    /// <summary>True when a metric can have this value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(int metric, double value)
    {
        if ((uint)metric >= (uint)ranges.Length)
            return double.IsFinite(value);
        ref readonly (double Min, double Max) range = ref ranges[metric];
        return value >= range.Min && value <= range.Max;
    }

    /// <summary>Why a metric cannot have this value; null: it can.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SetAsideCause? FaultOf(int metric, double value) =>
        Is(metric, value) ? null : CauseOf(metric, value);

    private static SetAsideCause CauseOf(int metric, double value) => metric switch
    {
        _ when !double.IsFinite(value) => SetAsideCause.NotANumber,
        Metrics.Pdd or Metrics.SrdFailed => value < 0
            ? SetAsideCause.NegativePdd : SetAsideCause.PddOverADay,
        Metrics.ConnectDuration => SetAsideCause.DurationOutOfRange,
        Metrics.PacketLoss or Metrics.RemotePacketLoss or Metrics.DelayedPackets
            or Metrics.BurstLossDensity or Metrics.GapLossDensity => SetAsideCause.LossOutOfRange,
        Metrics.Mos => SetAsideCause.MosOutOfRange,
        Metrics.Score => SetAsideCause.ScoreOutOfRange,
        Metrics.BurstDuration or Metrics.GapDuration or Metrics.BurstRatio
            => SetAsideCause.BurstOutOfRange,
        _ => SetAsideCause.DelayOutOfRange,
    };

    private static (double Min, double Max) RangeOf(int metric) => metric switch
    {
        Metrics.Pdd or Metrics.SrdFailed => (0, DayS),
        Metrics.ConnectDuration => (0, DurationMaxS),
        Metrics.PacketLoss or Metrics.RemotePacketLoss or Metrics.DelayedPackets
            or Metrics.BurstLossDensity or Metrics.GapLossDensity => (0, 100),
        Metrics.Mos => (1, 5),
        Metrics.Score => (0, 1),
        Metrics.BurstDuration or Metrics.GapDuration => (0, DayS * 1000),
        Metrics.BurstRatio => (0, BurstRatioMax),
        _ => (0, HourMs),
    };
}
