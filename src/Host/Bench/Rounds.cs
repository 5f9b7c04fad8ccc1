using System.Diagnostics;

namespace Earshot.Host.Bench;

/// <summary>Median and spread over rounds.</summary>
/// <param name="Median">Median.</param>
/// <param name="Min">Least.</param>
/// <param name="Max">Greatest.</param>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    /// <summary>The spread of some figures, at least one.</summary>
    public static Spread Of(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1
            ? sorted[middle]
            : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }
}

/// <summary>One thing that is timed, round after round, in turn with others.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Work">Does it once; answers how many events (or rows, …) it handled.</param>
internal sealed record Lap(string Name, Func<Task<long>> Work)
{
    /// <summary>What has to be done before each time, and is not timed.</summary>
    public Func<Task> Prepare { get; init; } = static () => Task.CompletedTask;

    /// <summary>A lap that waits for nothing.</summary>
    public static Lap Of(string name, Func<long> work) =>
        new(name, () => Task.FromResult(work()));
}

/// <summary>What one lap gave.</summary>
/// <param name="Count">Events handled.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="CpuSeconds">Time of all cores together.</param>
/// <param name="AllocatedBytes">Managed memory allocated by all threads.</param>
internal readonly record struct LapTime(
    long Count, double Seconds, double CpuSeconds, long AllocatedBytes)
{
    /// <summary>Events per second.</summary>
    public double Rate => Count / Seconds;

    /// <summary>
    /// Events per second of one core: other programs' load takes the core away, but not from this.
    /// </summary>
    public double RatePerCore => Count / CpuSeconds;
}

/// <summary>
/// Times laps in turn, so that all of them meet the same weather: another program's load, a warm
/// processor. The first round warms up and does not count.
/// </summary>
/// <param name="roundsMax">Most rounds that count.</param>
/// <param name="seconds">No round begins after this time; two count in any case.</param>
internal sealed class Rounds(int roundsMax, double seconds)
{
    private const int RoundsMin = 2;

    /// <summary>Runs them.</summary>
    /// <returns>The times of each lap, in its order.</returns>
    public async Task<IReadOnlyList<LapTime>[]> RunAsync(
        IReadOnlyList<Lap> laps, CancellationToken cancel)
    {
        List<LapTime>[] times = [.. laps.Select(_ => new List<LapTime>())];
        long begun = Stopwatch.GetTimestamp();
        for (int round = 0; round <= roundsMax; round++)
        {
            bool late = Stopwatch.GetElapsedTime(begun).TotalSeconds > seconds;
            if (late && round > Math.Min(RoundsMin, roundsMax))
                break;
            for (int lap = 0; lap < laps.Count; lap++)
            {
                cancel.ThrowIfCancellationRequested();
                LapTime time = await TimeAsync(laps[lap]);
                if (round > 0)
                    times[lap].Add(time);
            }
        }

        return times;
    }

    /// <summary>Times one lap, once.</summary>
    public static async Task<LapTime> TimeAsync(Lap lap)
    {
        await lap.Prepare();

        // No lap pays for the garbage of another.
        GC.Collect();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long begun = Stopwatch.GetTimestamp();
        long count = await lap.Work();
        double took = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        return new LapTime(
            count, took, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds, allocated);
    }
}
