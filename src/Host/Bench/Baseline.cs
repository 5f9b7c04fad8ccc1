using System.Globalization;

namespace Earshot.Host.Bench;

/// <summary>
/// What a machine gave once: bytes allocated per event, and a row's best rate over the yardstick's
/// best, which means the same on any machine with this processor. On another processor, whose
/// caches and memory differ, rates are compared over the row's floor in place of it. The best of
/// several rounds is what noise disturbs least.
/// </summary>
/// <param name="Cpu">The processor it was taken on.</param>
/// <param name="Tolerance">A rate may be lower by this share, 0 to 1.</param>
/// <param name="AllocatedTolerance">Bytes per event that may be more, beside a tenth.</param>
/// <param name="Rows">The rows.</param>
internal sealed record Baseline(
    string Cpu, double Tolerance, double AllocatedTolerance, IReadOnlyList<BaselineRow> Rows)
{
    /// <summary>The baseline a report would make.</summary>
    public static Baseline Of(BenchReport report) => new(
        report.Machine.Cpu, 0.3, 1, [.. report.Rows.Select(RowOf).OfType<BaselineRow>()]);

    /// <summary>Holds a report against this; rows that were not measured are passed over.</summary>
    /// <param name="report">The report.</param>
    /// <param name="say">Told of every row, in words.</param>
    /// <returns>What is worse than allowed.</returns>
    public IReadOnlyList<string> Compare(BenchReport report, Action<string> say)
    {
        bool sameCpu = report.Machine.Cpu == Cpu;
        if (!sameCpu)
        {
            say($"the baseline was taken on another processor ({Cpu}): speeds are compared over "
                + "the floors");
        }

        List<string> worse = [];
        foreach (BaselineRow before in Rows)
        {
            BenchResult? result = report.Rows.FirstOrDefault(row => row.Name == before.Name);
            if (result is null || RowOf(result) is not { } now)
                continue;
            double? change = sameCpu
                ? (now.OverYardstick / before.OverYardstick) - 1
                : (now.OverFloor / before.OverFloor) - 1;
            bool slower = change < -Tolerance;
            bool fatter = now.AllocatedPerEvent
                > (before.AllocatedPerEvent * 1.1) + AllocatedTolerance;
            string speed = change is { } by
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"speed over the {(sameCpu ? "yardstick" : "floor")} {by:+0%;-0%;0%}")
                : "speed not compared: it has no floor";
            string line = string.Create(
                CultureInfo.InvariantCulture,
                $"{before.Name}: {speed}, "
                + $"{before.AllocatedPerEvent:F1} -> {now.AllocatedPerEvent:F1} B/event");
            say(line);
            if (slower || fatter)
                worse.Add(line);
        }

        return worse;
    }

    private static BaselineRow? RowOf(BenchResult result) =>
        result is { Value: { } rate, Yardstick: { } yardstick, AllocatedPerEvent: { } allocated }
            ? new BaselineRow(
                result.Name, Math.Round(rate.Max / (yardstick.Max / (1 << 20)), 1),
                result.Floors is [var floor, ..] ? Math.Round(rate.Max / floor.Rate.Max, 3) : null,
                Math.Round(allocated, 1))
            : null;
}

/// <summary>What one row gave.</summary>
/// <param name="Name">Its name.</param>
/// <param name="OverYardstick">Best rate, events/s, over the yardstick's, MiB/s.</param>
/// <param name="OverFloor">Best rate over the best of its first floor; null: it has none.</param>
/// <param name="AllocatedPerEvent">Bytes allocated per event.</param>
internal sealed record BaselineRow(
    string Name, double OverYardstick, double? OverFloor, double AllocatedPerEvent);
