using Earshot.Actors.Stages;
using Earshot.Tests.Simulation.Run;

namespace Earshot.Tests.Simulation;

/// <summary>One seed: decides what is run, on which input, and everything that happens.</summary>
internal static class Seed
{
    /// <summary>Runs a seed and compares with the oracle.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="bug">A fault put in on purpose.</param>
    /// <returns>Steps taken.</returns>
    /// <exception cref="SeedFailedException">Something is wrong.</exception>
    public static long Run(int seed, Bug? bug = null)
    {
        Random random = new(seed);
        Shape shape = Shape.Of(random);
        Weather weather = Weather.Of(random);
        List<byte[]> input = Events.Make(seed, shape.Calls, shape.DisorderMs, shape.Dirt);
        try
        {
            SimulatedRun run = new(shape, weather, input, seed, bug ?? Bug.None);
            run.Go();
            Check(run, Expected(shape, input, seed));
            return run.Steps;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new SeedFailedException(seed, shape, input.Count, e);
        }
    }

    private static (Rows Rows, StageProgress Books) Expected(
        Shape shape, List<byte[]> input, int seed)
    {
        Shape calm = shape with
        {
            Processes = 1,
            Options = shape.Options with { IdleAfter = TimeSpan.FromHours(10) },
        };
        SimulatedRun run = new(calm, Weather.Calm, input, seed, Bug.None);
        run.Go();
        return (Rows.Read(run), run.Books);
    }

    private static void Check(SimulatedRun run, (Rows Rows, StageProgress Books) expected)
    {
        StageProgress books = run.Books;
        Assert.True(books.Balanced, $"the books do not balance: {books}");
        Assert.Equal(
            (expected.Books.Read, expected.Books.Aggregated, expected.Books.Duplicate,
            expected.Books.Late, expected.Books.Dead),
            (books.Read, books.Aggregated, books.Duplicate, books.Late, books.Dead));
        Assert.Equal(0, books.BundleGaps);
        Assert.Equal(run.Broker.Duplicated, books.DuplicateBundles);
        Rows rows = Rows.Read(run);
        if (run.Shape.Idles)
        {
            rows.FoldLatePartials(rows.LatePartials);
            SameRows.AssertSums(expected.Rows, rows);
            return;
        }

        Assert.Equal(0, books.LatePartials);
        SameRows.Assert(expected.Rows, rows);
    }
}

/// <summary>A seed failed; the message says which, and how to run it again.</summary>
internal sealed class SeedFailedException(int seed, Shape shape, int records, Exception cause)
    : Exception(
        $"seed {seed} ({shape}, {records} records): {cause.Message}\n" +
        $"again: EARSHOT_SEED={seed} ./test Simulation\n{cause}", cause)
{
    public int Seed { get; } = seed;
}
