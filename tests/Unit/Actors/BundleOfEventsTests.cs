using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Tests.Unit.Actors;

/// <summary>Bundles of an epoch's events, which go there from where they lie.</summary>
public sealed class BundleOfEventsTests
{
    private readonly SymbolTable names = Metrics.CreateTable();
    private readonly SymbolTable values = new();

    [Fact]
    public void Events_come_back_as_what_they_add_up_to()
    {
        int[] metrics = [1, 7, 14, Metrics.End - 1, Metrics.End, EventRow.MetricsEnd + 1];
        for (int i = names.Count; i <= metrics[^1]; i++)
            names.Intern($"metric {i}");
        for (int seed = 0; seed < 10; seed++)
        {
            Random random = new(seed);
            PartialTable table = Table("a;a,b;()");
            for (int events = random.Next(1, 3_000); events > 0; events--)
            {
                // One in so many says nothing, and some keys have nothing else.
                int a = (int)Math.Sqrt(random.Next(400)), said = a == 0 ? 0 : random.Next(4);
                MetricValue[] some = [.. Enumerable.Range(0, said).Select(_ => new MetricValue(
                    metrics[random.Next(random.Next(1, metrics.Length + 1))], random.Next(90)))];
                CountStep step = said == 0 ? default : new((ulong)random.Next(16), 5);
                table.Add(
                    [values.Intern($"a{a}"), values.Intern($"b{random.Next(3)}")],
                    random.Next(2_000), some, step);
            }

            table.Flush();
            Dictionary<(string, long), Cell> expected = CellsOf(table.Partials);
            Dictionary<(string, long), Cell> back = CellsOf(Send(table.Partials));
            foreach (((string, long) key, Cell cell) in expected)
            {
                if (cell.MetricEnd == 1 && cell.Counts.IsEmpty)
                    Assert.DoesNotContain(key, back.Keys);
                else
                    Cells.AssertSame(cell, back[key]);
            }

            Assert.DoesNotContain(back.Keys, key => !expected.ContainsKey(key));
        }
    }

    [Fact]
    public void A_key_that_comes_twice_is_one_when_it_is_read()
    {
        Cell cell = new();
        cell.Add(Metrics.Mos, 4);
        GroupingKey one = new(0, ["x"]), other = new(0, ["y"]);
        List<Partial> back = [.. Send(
            [new Partial(one, 0, cell), new(other, 0, cell), new(one, 60_000, cell)])];
        Assert.Equal([one, other, one], back.Select(partial => partial.Key));
        Assert.Same(back[0].Key, back[2].Key);
    }

    private static Dictionary<(string Key, long PaneMs), Cell> CellsOf(
        IEnumerable<Partial> partials)
    {
        Dictionary<(string, long), Cell> cells = [];
        foreach (Partial partial in partials)
        {
            if (!cells.TryGetValue((partial.Key.Id, partial.PaneMs), out Cell? cell))
                cells.Add((partial.Key.Id, partial.PaneMs), cell = new Cell());
            cell.Merge(partial.Cell);
        }

        return cells;
    }

    private IEnumerable<Partial> Send(IEnumerable<Partial> partials)
    {
        EpochOutputs outputs = new(Topics.Default, 0);
        new BundleWriter(1).Write(
            new Bundle(3, 4, 10, 20, 77, Idle: false, Ended: false, partials, names), outputs);
        BundleReader reader = new(names);
        return [.. outputs.Take().SelectMany(append => Enumerable.Range(0, append.Records.Count)
            .SelectMany(i => CallBench.Own(reader.Read(append.Records[i].Value).Partials)))];
    }

    private PartialTable Table(string sets) => new(
        GroupingSet.ParseAll(sets), new DimensionSet(["a", "b"]), values, 1000,
        new KeyLimit(new PipelineOptions { Keys = GroupingSet.ParseAll(sets) }));
}
