using Earshot.Actors.Stages;
using Earshot.Batch;
using Earshot.Log;
using Earshot.Schemas;
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
        List<byte[]> input = Events.Make(
            seed, shape.Calls, shape.GapMs, shape.DisorderMs, shape.Dirt);
        try
        {
            SimulatedRun run = new(shape, weather, input, seed, bug ?? Bug.None);
            run.Go();
            Check(run);
            return run.Steps;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new SeedFailedException(seed, shape, input.Count, e);
        }
    }

    /// <summary>The oracle: a batch recomputation of the input as the log has it.</summary>
    private static BatchRows Recompute(SimulatedRun run)
    {
        BatchRecompute batch = new(run.Options, static () => new EnvelopeDecoder());
        for (int partition = 0; partition < run.Options.Partitions; partition++)
        {
            TopicPartition source = new(run.Options.Topics.Calls, partition);
            if (run.Broker.Read(source, 0, int.MaxValue) is { } all)
                batch.Add(partition, all);
        }

        return batch.Finish(ended: true);
    }

    private static List<(string, long)> Sums(IEnumerable<Dictionary<string, long>> counts) =>
        Sums(counts.SelectMany(each => each).Select(count => (count.Key, count.Value)));

    private static List<(string, long)> Sums(IEnumerable<(string Name, long Count)> counts) =>
        [.. counts.Where(count => count.Count > 0).GroupBy(count => count.Name)
            .Select(count => (count.Key, count.Sum(each => each.Count)))
            .OrderBy(count => count.Key, StringComparer.Ordinal)];

    private static void Check(SimulatedRun run)
    {
        Rows rows = Rows.Read(run);
        BatchRows expected = Recompute(run);
        StageProgress books = run.Books;
        Assert.True(books.Balanced, $"the books do not balance: {books}");
        Assert.Equal(
            (expected.Books.Sum(b => b.Read), expected.Books.Sum(b => b.Aggregated),
            expected.Books.Sum(b => b.Duplicate), expected.Books.Sum(b => b.Late),
            expected.Books.Sum(b => b.Dead)),
            (books.Read, books.Aggregated, books.Duplicate, books.Late, books.Dead));
        Assert.Equal(
            (expected.Books.Sum(b => b.KeysRefused), expected.Books.Sum(b => b.MetricLimited)),
            (books.KeysRefused, books.MetricLimited));
        Assert.Equal(
            Sums(expected.Books.Select(b => b.SetAside)), Sums(books.SetAsideBy.ByName()));
        Assert.Equal(
            Sums(expected.Books.Select(b => b.UnresolvedCalls)),
            Sums(books.UnresolvedBy.ByName()));
        Assert.Equal(books.SetAside, books.SetAsideBy.ByName().Sum(cause => cause.Count));
        if (run.Shape.Idles)
        {
            rows.FoldLatePartials();
            SameRows.AssertSums(expected, rows);
        }
        else
        {
            SameRows.Assert(expected, rows);
            Assert.True(books.LatePartials == 0, $"{books.LatePartials} partials came late");
        }

        Assert.True(books.BundleGaps == 0, $"{books.BundleGaps} gaps between bundles");
        Assert.True(
            books.DuplicateBundles <= run.Broker.Duplicated
            && books.DuplicateBundles >= run.Broker.Duplicated - run.Broker.DuplicatedEnds,
            $"{books.DuplicateBundles} bundles noticed as repeats, of {run.Broker.Duplicated}");
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
