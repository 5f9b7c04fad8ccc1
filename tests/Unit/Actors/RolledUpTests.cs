using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Tests.Unit.Actors;

/// <summary>Grouping sets that are part of others are added up from them.</summary>
public sealed class RolledUpTests
{
    private static readonly string[] Texts = ["", "u", "v", "w", "x", "y", "z"];

    private readonly SymbolTable values = new();

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(20)]
    [InlineData(3)]
    public void A_set_gives_the_same_whether_others_are_there_or_not(int keysMax)
    {
        IReadOnlyList<GroupingSet> sets = GroupingSet.ParseAll("b;a;();a,b;c;c,b,a");
        for (int seed = 0; seed < 6; seed++)
        {
            PartialTable together = Table(sets, keysMax);
            PartialTable[] alone = [.. sets.Select(set => Table([set], keysMax))];
            Random random = new(seed);
            int panes = random.Next(1, 4);
            for (int epoch = 0; epoch < 3; epoch++)
            {
                for (int events = random.Next(6_000); events > 0; events--)
                {
                    int[] symbols = [.. Enumerable.Range(0, 3).Select(
                        _ => values.Intern(Texts[(int)Math.Sqrt(random.Next(49))]))];
                    long timeMs = random.Next(panes * 1000);
                    MetricValue[] some = [new(random.Next(1, 4), random.Next(90))];
                    CountStep step = new((ulong)random.Next(16), random.Next(2000));
                    foreach (PartialTable table in (PartialTable[])[together, .. alone])
                        table.Add(symbols, timeMs, some, step);
                }

                Dictionary<(int, string, long), Cell> expected = [];
                for (int set = 0; set < alone.Length; set++)
                {
                    foreach (Partial partial in PartialsOf(alone[set]))
                        expected.Add((set, ValuesOf(partial), partial.PaneMs), partial.Cell);
                }

                IReadOnlyList<Partial> found = PartialsOf(together);
                Assert.Equal(expected.Count, found.Count);
                foreach (Partial partial in found)
                {
                    Cells.AssertSame(
                        expected[(partial.Key.Grouping, ValuesOf(partial), partial.PaneMs)],
                        partial.Cell);
                }

                foreach (PartialTable table in (PartialTable[])[together, .. alone])
                    table.Clear();
            }
        }
    }

    [Fact]
    public void It_comes_from_the_finer_one_with_fewest_keys_where_that_brings_keys_together()
    {
        KeyRuns fine = Runs(0, [0, 1], 100), finest = Runs(1, [0, 1, 2], 100);
        KeyRuns coarse = Runs(2, [0], 100);
        KeyRuns[] all = Acquainted(fine, finest, coarse);

        // One a, two b, four c.
        for (int i = 0; i < 64; i++)
            Take(all, [1, 1 + (i % 2), 1 + (i % 4)]);
        Assert.Equal((finest, null, fine), (fine.From, finest.From, coarse.From));
        foreach (KeyRuns runs in all)
            runs.Clear();

        // As many a as b: nothing is gained.
        for (int i = 0; i < 64; i++)
            Take(all, [1 + (i % 2), 1 + (i % 2), 1 + (i % 4)]);
        Assert.Equal((finest, null, finest), (fine.From, finest.From, coarse.From));
    }

    [Fact]
    public void It_comes_from_its_events_where_the_limit_refuses_keys()
    {
        foreach ((int fineMax, int coarseMax) in (ReadOnlySpan<(int, int)>)[(100, 1), (3, 100)])
        {
            KeyRuns fine = Runs(0, [0, 1], fineMax), coarse = Runs(0, [0], coarseMax);
            KeyRuns[] all = Acquainted(fine, coarse);
            for (int i = 0; i < 64; i++)
                Take(all, [1 + (i % 2), 1 + (i % 8), 1]);
            Assert.Null(coarse.From);
        }
    }

    [Fact]
    public void It_comes_from_its_events_where_there_would_be_very_many_to_hold()
    {
        KeyRuns fine = Runs(0, [0, 1], 100), coarse = Runs(2, [0], 100);
        KeyRuns[] all = Acquainted(fine, coarse);
        for (int i = 0; i < 8; i++)
            Take(all, [1 + (i % 2), 1 + (i % 8), 1]);
        coarse.ChooseFrom(panes: 2048);
        Assert.Same(fine, coarse.From);
        coarse.ChooseFrom(panes: 2049);
        Assert.Null(coarse.From);
    }

    private static void Take(KeyRuns[] all, int[] symbols)
    {
        foreach (KeyRuns runs in all)
            runs.Take(symbols, [false], period: 1);
        foreach (KeyRuns runs in all)
            runs.ChooseFrom(panes: 1);
    }

    private static KeyRuns[] Acquainted(params KeyRuns[] all)
    {
        foreach (KeyRuns runs in all)
        {
            foreach (KeyRuns other in all)
                runs.Know(other);
        }

        return all;
    }

    private static IReadOnlyList<Partial> PartialsOf(PartialTable table)
    {
        table.Flush();
        return CallBench.Own(table.Partials);
    }

    private static string ValuesOf(in Partial partial) => string.Join('|', partial.Key.Values);

    private KeyRuns Runs(int grouping, int[] ordinals, int keysMax)
    {
        while (values.Count < 10)
            values.Intern($"text {values.Count}");
        return new KeyRuns(grouping, ordinals, values, new KeyLimit(new PipelineOptions
        {
            Keys = GroupingSet.ParseAll("a,b;a,b,c;a"),
            KeysMax = keysMax,
        }));
    }

    private PartialTable Table(IReadOnlyList<GroupingSet> sets, int keysMax) => new(
        sets, new DimensionSet(["a", "b", "c"]), values, 1000,
        new KeyLimit(new PipelineOptions { Keys = sets, KeysMax = keysMax }));
}
