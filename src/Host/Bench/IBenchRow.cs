using Earshot.Host.Settings;

namespace Earshot.Host.Bench;

/// <summary>One row of the benchmark: runs alone in a process of its own.</summary>
internal interface IBenchRow
{
    /// <summary>Name, as --only takes it.</summary>
    string Name { get; }

    /// <summary>What it measures, in a sentence.</summary>
    string What { get; }

    /// <summary>Share of the time of a whole run it may take; the shares need not add up.</summary>
    double Share { get; }

    /// <summary>Measures.</summary>
    Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel);
}

/// <summary>What a row is given.</summary>
/// <param name="Events">Events of an input.</param>
/// <param name="Rounds">Most rounds.</param>
/// <param name="Seconds">Time the rounds of this row may take.</param>
/// <param name="Folder">An empty folder for its files; removed afterwards.</param>
/// <param name="Kafka">The cluster to measure on; null: none.</param>
internal sealed record BenchScope(
    int Events, int Rounds, double Seconds, string Folder, KafkaRequest? Kafka)
{
    /// <summary>
    /// Measures work of one thread: the figures are events per second of one core, which load of
    /// other programs disturbs least.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="laps">The row's own lap, then its floors.</param>
    /// <param name="cancel">Gives up.</param>
    public Task<BenchResult> MeasureCoreAsync(
        IBenchRow row, IReadOnlyList<Lap> laps, CancellationToken cancel) =>
        MeasureAsync(row, laps, static time => time.RatePerCore, cancel);

    /// <summary>Measures work of several threads: the figures are events per second.</summary>
    /// <inheritdoc cref="MeasureCoreAsync"/>
    public Task<BenchResult> MeasureAsync(
        IBenchRow row, IReadOnlyList<Lap> laps, CancellationToken cancel) =>
        MeasureAsync(row, laps, static time => time.Rate, cancel);

    private async Task<BenchResult> MeasureAsync(
        IBenchRow row, IReadOnlyList<Lap> laps, Func<LapTime, double> rate,
        CancellationToken cancel)
    {
        Yardstick yardstick = new();
        IReadOnlyList<LapTime>[] times = await new Rounds(Rounds, Seconds)
            .RunAsync([.. laps, yardstick.Lap], cancel);
        Spread[] rates = [.. times.Select(lap => Spread.Of(lap.Select(rate)))];
        IReadOnlyList<LapTime> own = times[0];
        return new BenchResult
        {
            Name = row.Name,
            What = row.What,
            Value = rates[0],
            Elapsed = Spread.Of(own.Select(time => time.Rate)),
            Cores = Spread.Of(own.Select(time => time.CpuSeconds / time.Seconds)).Median,
            AllocatedPerEvent = own.Min(time => (double)time.AllocatedBytes / time.Count),
            Floors = [.. Enumerable.Range(1, laps.Count - 1).Select(lap => new BenchFloor(
                laps[lap].Name, rates[lap], rates[0].Median / rates[lap].Median))],
            Yardstick = Spread.Of(times[^1].Select(static time => time.RatePerCore)),
        };
    }
}
