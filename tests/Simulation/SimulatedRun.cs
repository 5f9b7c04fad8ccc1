using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Tests.Simulation;

/// <summary>What a run may go through.</summary>
/// <param name="Crashes">Chance of a crash of one partition, per 1,000 steps.</param>
/// <param name="SnapshotLoss">True: snapshots are lost now and then.</param>
internal sealed record Weather(int Crashes, bool SnapshotLoss)
{
    public static readonly Weather Calm = new(0, false);

    public static readonly Weather Rough = new(20, false);

    public static readonly Weather Stormy = new(8, true);
}

/// <summary>
/// A whole pipeline on a simulated world, every interleaving decided by one seed.
/// </summary>
internal sealed class SimulatedRun
{
    private const int StepsMax = 400_000;

    /// <summary>
    /// Crashes end here: a replay takes no snapshots, so one that is killed again and again before
    /// its end would begin from the same place for ever.
    /// </summary>
    private const int CrashStepsMax = 20_000;

    private readonly List<SimulatedPartition> partitions = [];
    private readonly SimulatedWorld world;
    private readonly PipelineOptions options;

    private SimulatedRun(PipelineOptions options, SimulatedWorld world)
    {
        this.options = options;
        this.world = world;
        for (int partition = 0; partition < options.Partitions; partition++)
            AddStages(partition);
    }

    /// <summary>Runs the input to its end and returns everything that came out.</summary>
    public static Rows Run(
        PipelineOptions options, IReadOnlyList<byte[]> input, long appendTimeMs, int seed,
        Weather weather)
    {
        SimulatedWorld world = new() { AppendTimeMs = appendTimeMs };
        EnvelopeDecoder router = new();
        foreach (byte[] record in input)
        {
            int partition = (int)(router.RoutingHash(record) % (ulong)options.Partitions);
            world.Append(new TopicPartition(Topics.Default.Calls, partition), record);
        }

        SimulatedRun run = new(options, world);
        run.Go(seed, weather);
        return Rows.Read(world, options);
    }

    private void Go(int seed, Weather weather)
    {
        Random random = new(seed);
        long now = 0;
        foreach (SimulatedPartition partition in partitions)
            partition.Start(now);
        for (int step = 0; partitions.Any(p => !p.Finished); step++)
        {
            Assert.True(
                step < StepsMax,
                $"seed {seed}: the run does not come to its end: {string.Join("; ", partitions)}");
            now += random.Next(30);
            SimulatedPartition chosen = partitions[random.Next(partitions.Count)];
            if (random.Next(1000) < weather.Crashes && step < CrashStepsMax)
            {
                chosen.Crash(random);
                if (weather.SnapshotLoss && random.Next(5) == 0)
                    world.LoseSnapshots();
                chosen.Start(now);
            }
            else if (!chosen.Finished)
            {
                chosen.Step(random, now);
            }
        }

        AssertBooks(seed);
    }

    private void AssertBooks(int seed)
    {
        StageProgress books = partitions.Select(p => p.Books).Aggregate((a, b) => a + b);
        Assert.True(books.Balanced, $"seed {seed}: the books do not balance: {books}");
        Assert.Equal(0, books.BundleGaps);
        Assert.Equal(0, books.DuplicateBundles);
        Assert.Equal(0, books.LatePartials);
    }

    private void AddStages(int partition)
    {
        TopicPartition input = new(Topics.Default.Calls, partition);
        if (options.Fused)
        {
            Add(
                input, () => new FusedStage(options, partition, new EnvelopeDecoder()),
                true, false);
            return;
        }

        Add(input, () => new CallStage(options, partition, new EnvelopeDecoder()), true, false);
        TopicPartition bundles = new(Topics.Default.Bundles, partition);
        Add(bundles, () => new AggregatorStage(options), false, true);
    }

    private void Add(TopicPartition source, Func<IStage> create, bool finite, bool drained) =>
        partitions.Add(new SimulatedPartition(world, options, source, create, finite, drained));
}
