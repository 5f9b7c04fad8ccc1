using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Schemas.V1;

namespace Earshot.Tests.Simulation;

/// <summary>
/// The whole path on a simulated world. Every run is decided by its seed: a failing one is run
/// again alone with <c>EARSHOT_SEED=n ./test Simulation</c>; <c>EARSHOT_SEEDS=n</c> runs more.
/// </summary>
public sealed class SimulationTests
{
    private const int SeedsDefault = 25;

    private static readonly PipelineOptions Fused = new()
    {
        Windows = [WindowSpec.Parse("1m"), WindowSpec.Parse("5m/1m"), WindowSpec.Parse("24h")],
        Keys = GroupingSet.ParseAll("carrier;carrier,country"),
        LatenessMs = 60_000,
        EpochRecordsMax = 150,
        SnapshotEvery = TimeSpan.FromMilliseconds(900),
        IdleAfter = TimeSpan.FromHours(1),
        CallLimitMs = 600_000,
    };

    public static TheoryData<int> Seeds()
    {
        TheoryData<int> seeds = [];
        if (int.TryParse(Environment.GetEnvironmentVariable("EARSHOT_SEED"), out int one))
        {
            seeds.Add(one);
            return seeds;
        }

        int count = int.TryParse(Environment.GetEnvironmentVariable("EARSHOT_SEEDS"), out int more)
            ? more : SeedsDefault;
        for (int seed = 1; seed <= count; seed++)
            seeds.Add(seed);
        return seeds;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Crashes_change_nothing(int seed)
    {
        List<byte[]> input = Events.Make(seed, 40, disorderMs: 20_000, dirt: true);
        PipelineOptions options = Options(seed);
        Rows calm = Go(options, input, seed, Weather.Calm);
        Go(options, input, seed, Weather.Rough).AssertSame(calm, $"seed {seed}, crashes");
        Go(options, input, seed, Weather.Stormy).AssertSame(calm, $"seed {seed}, snapshots lost");
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Form_and_partitions_change_nothing(int seed)
    {
        List<byte[]> input = Events.Make(seed, 40, disorderMs: 50_000, dirt: false);
        Rows fused = Go(Fused, input, seed, Weather.Calm);
        Assert.Equal(0, fused.Late);
        Go(Fused with { Shuffled = true }, input, seed, Weather.Rough)
            .AssertSame(fused, $"seed {seed}, shuffled");
        Go(Fused with { Partitions = 4 }, input, seed, Weather.Rough)
            .AssertSame(fused, $"seed {seed}, 4 partitions");
        Go(Fused with { Partitions = 2, Mode = OutputMode.Update }, input, seed, Weather.Rough)
            .AssertSame(fused, $"seed {seed}, 2 partitions, update");
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Metric_statistics_equal_a_batch_recomputation(int seed)
    {
        List<byte[]> input = Events.Make(seed, 80, disorderMs: 20_000, dirt: false);
        Rows rows = Go(Fused with { Partitions = 3 }, input, seed, Weather.Calm);
        long minuteMs = 60_000;
        Dictionary<(string Carrier, long Start), List<double>> expected = [];
        foreach (byte[] record in input)
        {
            Envelope envelope = Envelope.Parser.ParseFrom(record);
            if (envelope.CallMetric is not { Metric: "buffer_depth" } metric)
                continue;
            string carrier = metric.Dimensions.TryGetValue("carrier", out string? name) ? name : "";
            (string, long) key = (carrier, metric.EventTime / minuteMs * minuteMs);
            if (!expected.TryGetValue(key, out List<double>? values))
                expected.Add(key, values = []);
            values.Add(metric.Value);
        }

        List<Schemas.V1.Aggregate> found = [.. rows.Aggregates.Values.Where(row =>
            row.Metric == "buffer_depth" && row.Key.Window == "1m"
            && row.Key.Grouping == "carrier")];
        Assert.Equal(expected.Count, found.Count);
        foreach (Schemas.V1.Aggregate row in found)
        {
            string carrier =
                row.Key.Dimensions.TryGetValue("carrier", out string? name) ? name : "";
            List<double> values = expected[(carrier, row.Key.WindowStart)];
            values.Sort();
            Assert.Equal(values.Count, row.Count);
            Assert.Equal(values[0], row.Min);
            Assert.Equal(values[^1], row.Max);
            Assert.Equal(values.Average(), row.Mean, 1e-9);
            Assert.Equal(values[Math.Min(values.Count * 50 / 100, values.Count - 1)], row.P50);
        }
    }

    private static PipelineOptions Options(int seed) => (seed % 4) switch
    {
        0 => Fused,
        1 => Fused with { Shuffled = true },
        2 => Fused with { Partitions = 3 },
        _ => Fused with { Mode = OutputMode.Update },
    };

    private static Rows Go(
        PipelineOptions options, List<byte[]> input, int seed, Weather weather) =>
        SimulatedRun.Run(options, input, Events.AppendTimeMs, seed, weather);
}
