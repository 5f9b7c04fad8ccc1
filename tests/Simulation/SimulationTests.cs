using System.Collections.Concurrent;
using System.Globalization;

namespace Earshot.Tests.Simulation;

/// <summary>
/// The whole path on a simulated world. Every run is decided by its seed: a failing one is run
/// again alone with <c>EARSHOT_SEED=n ./test Simulation</c>; <c>EARSHOT_SEEDS=n</c> runs more.
/// </summary>
public sealed class SimulationTests
{
    private const int SeedsDefault = 2000;
    private const int ChunkSize = 50;

    private static readonly ParallelOptions Cores =
        new() { MaxDegreeOfParallelism = Environment.ProcessorCount };

    public static TheoryData<int, int> Chunks()
    {
        TheoryData<int, int> chunks = [];
        if (Setting("EARSHOT_SEED") is { } one)
        {
            chunks.Add(one, one);
            return chunks;
        }

        int count = Setting("EARSHOT_SEEDS") ?? SeedsDefault;
        for (int first = 1; first <= count; first += ChunkSize)
            chunks.Add(first, Math.Min(first + ChunkSize - 1, count));
        return chunks;
    }

    /// <summary>
    /// Whatever happens, the rows are those of a batch recomputation, each once.
    /// </summary>
    [Theory]
    [MemberData(nameof(Chunks))]
    public async Task Seeds(int first, int last)
    {
        ConcurrentBag<SeedFailedException> failures = [];

        // Away from the test's context: a run goes on where it is, on one thread.
        await Task.Run(() => Parallel.For(first, last + 1, Cores, seed =>
        {
            try
            {
                Seed.Run(seed);
            }
            catch (SeedFailedException failure)
            {
                failures.Add(failure);
            }
        }));
        if (failures.MinBy(failure => failure.Seed) is { } least)
        {
            Assert.Fail(
                $"{failures.Count} of {last - first + 1} seeds failed " +
                $"({string.Join(", ", failures.Select(f => f.Seed).Order())}); the first: " +
                least.Message);
        }
    }

    [Fact]
    public async Task A_seed_runs_the_same_again()
    {
        for (int seed = 1; seed <= 10; seed++)
        {
            long first = await Task.Run(() => Seed.Run(seed));
            Assert.Equal(first, await Task.Run(() => Seed.Run(seed)));
        }
    }

    private static int? Setting(string name) => int.TryParse(
        Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value)
        ? value : null;
}
