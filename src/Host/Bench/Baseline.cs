using System.Globalization;

namespace Earshot.Host.Bench;

/// <summary>
/// What a machine gave once, in figures that mean the same on another one: a row's best rate over
/// the yardstick's best, and bytes allocated per event. The best of several rounds is what noise
/// disturbs least.
/// </summary>
/// <param name="Tolerance">A rate may be lower by this share, 0 to 1.</param>
/// <param name="AllocatedTolerance">Bytes per event that may be more, beside a tenth.</param>
/// <param name="Rows">The rows.</param>
internal sealed record Baseline(
    double Tolerance, double AllocatedTolerance, IReadOnlyList<BaselineRow> Rows)
{
    /// <summary>The baseline a report would make.</summary>
    public static Baseline Of(BenchReport report) => new(
        0.3, 1, [.. report.Rows.Select(RowOf).OfType<BaselineRow>()]);

    /// <summary>Holds a report against this; rows that were not measured are passed over.</summary>
    /// <param name="report">The report.</param>
    /// <param name="say">Told of every row, in words.</param>
    /// <returns>What is worse than allowed.</returns>
    public IReadOnlyList<string> Compare(BenchReport report, Action<string> say)
    {
        List<string> worse = [];
        foreach (BaselineRow before in Rows)
        {
            BenchResult? result = report.Rows.FirstOrDefault(row => row.Name == before.Name);
            if (result is null || RowOf(result) is not { } now)
                continue;
            double change = (now.OverYardstick / before.OverYardstick) - 1;
            bool slower = change < -Tolerance;
            bool fatter = now.AllocatedPerEvent
                > (before.AllocatedPerEvent * 1.1) + AllocatedTolerance;
            string line = string.Create(
                CultureInfo.InvariantCulture,
                $"{before.Name}: speed over the yardstick {change:+0%;-0%;0%}, "
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
                Math.Round(allocated, 1))
            : null;
}

/// <summary>What one row gave.</summary>
/// <param name="Name">Its name.</param>
/// <param name="OverYardstick">Best rate, events/s, over the yardstick's, MiB/s.</param>
/// <param name="AllocatedPerEvent">Bytes allocated per event.</param>
internal sealed record BaselineRow(string Name, double OverYardstick, double AllocatedPerEvent);
