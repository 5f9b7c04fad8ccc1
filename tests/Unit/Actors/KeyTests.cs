using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Tests.Unit.Actors;

public sealed class KeyTests
{
    private readonly SymbolTable values = new();
    private readonly DimensionSet dimensions = new(["a", "b", "c"]);

    [Fact]
    public void Each_grouping_takes_its_own_dimensions()
    {
        PartialTable table = Table("();a;c,a;a,b,c");
        Add(table, Symbols("x", "y", "z"), 1, 1);
        Add(table, Symbols("x", "", "z"), 999, 2);
        IReadOnlyList<Partial> partials = PartialsOf(table);
        Assert.Equal(
            [("0", 2L), ("1|x", 2), ("2|z|x", 2), ("3|x|y|z", 1), ("3|x||z", 1)],
            partials.Select(partial => (Text(partial.Key), partial.Cell[1]!.Count)).Order());
    }

    [Fact]
    public void A_missing_value_is_a_group_of_its_own()
    {
        PartialTable table = Table("a");
        Add(table, Symbols("", "y", "z"), 0, 1);
        Add(table, Symbols("x", "y", "z"), 0, 1);
        Add(table, Symbols("", "other", ""), 0, 1);
        Assert.Equal(
            [(null, 2L), ("x", 1L)],
            PartialsOf(table).Select(p => (p.Key.Values[0], p.Cell[1]!.Count)));
    }

    [Fact]
    public void Panes_are_kept_apart_also_when_they_alternate()
    {
        PartialTable table = Table("a");
        int[] symbols = Symbols("x", "", "");
        for (int epoch = 0; epoch < 2; epoch++)
        {
            foreach (long at in (long[])[0, 1000, 500, 1500, -1, 250, 1200, -500, 2500, 0])
                Add(table, symbols, at, at);
            IReadOnlyList<Partial> partials = PartialsOf(table);
            Assert.Equal([0L, 1000L, -1000L, 2000L], partials.Select(partial => partial.PaneMs));
            Assert.Equal([4, 3, 2, 1], partials.Select(partial => partial.Cell[1]!.Count));
            table.Clear();
        }
    }

    [Fact]
    public void After_clear_nothing_is_left_and_keys_are_found_again()
    {
        PartialTable table = Table("a;a,b");
        int[] symbols = Symbols("x", "y", "");
        for (int i = 0; i < 100; i++)
            Add(table, symbols, 0, i);
        GroupingKey key = PartialsOf(table)[0].Key;
        table.Clear();
        Assert.Empty(PartialsOf(table));
        Add(table, symbols, 0, 5);
        Partial again = PartialsOf(table)[0];
        Assert.Same(key, again.Key);
        Assert.Equal((1L, 5.0), (again.Cell[1]!.Count, again.Cell[1]!.Min));
        table.Clear();
        table.Renew();
        Assert.Equal(0, table.KeysHeld);
        Add(table, symbols, 0, 7);
        again = PartialsOf(table)[0];
        Assert.Equal(key, again.Key);
        Assert.Equal((1L, 7.0), (again.Cell[1]!.Count, again.Cell[1]!.Min));
    }

    [Fact]
    public void Every_event_comes_to_its_key_and_pane_in_every_grouping()
    {
        int[] metrics = [1, 2, 7, 14, 63, 64, 70];
        for (int seed = 0; seed < 20; seed++)
        {
            Random random = new(seed);
            PartialTable table = Table("();a;c,a;a,b,c");
            int paneCount = random.Next(1, 5);
            for (int epoch = 0; epoch < 3; epoch++)
            {
                Dictionary<(string Key, long PaneMs), PlainCell> plain = [];
                for (int events = random.Next(1, 20_000); events > 0; events--)
                {
                    string[] texts = [.. Enumerable.Range(0, 3).Select(
                        _ => new[] { "", "x", "y", "z" }[(int)Math.Sqrt(random.Next(16))])];
                    long timeMs = random.Next(-1000, (paneCount - 1) * 1000);
                    MetricValue[] values = [.. Enumerable.Range(0, random.Next(0, 6)).Select(
                        _ => new MetricValue(
                            metrics[random.Next(metrics.Length)], random.Next(-3, 90)))];
                    CountStep step = new((ulong)random.Next(16), random.Next(2000));
                    table.Add(Symbols(texts), timeMs, values, step);
                    string?[] said = [.. texts.Select(text => text.Length == 0 ? null : text)];
                    foreach (string key in (string[])["0", $"1|{said[0]}",
                        $"2|{said[2]}|{said[0]}", $"3|{said[0]}|{said[1]}|{said[2]}"])
                    {
                        (string, long) of = (key, Panes.StartOf(timeMs, 1000));
                        if (!plain.TryGetValue(of, out PlainCell? cell))
                            plain.Add(of, cell = new PlainCell());
                        cell.Add(values.Select(value => (value.Metric, value.Value)), step);
                    }
                }

                IReadOnlyList<Partial> partials = PartialsOf(table);
                Assert.Equal(plain.Count, partials.Count);
                foreach (Partial partial in partials)
                    plain[(Text(partial.Key), partial.PaneMs)].AssertSame(partial.Cell);
                table.Clear();
                if (random.Next(2) == 0)
                    table.Renew();
            }
        }
    }

    [Fact]
    public void An_event_without_room_is_refused_once_whatever_rows_it_takes()
    {
        PipelineOptions one = new() { Keys = GroupingSet.ParseAll("a"), KeysMax = 1 };
        KeyLimit limit = new(one);
        PartialTable table = new(one.Keys, dimensions, values, 1000, limit);
        for (int i = 0; i < 100; i++)
        {
            int[] symbols = Symbols(i == 0 ? "x" : "y", "", "");
            table.Add(symbols, 0, [new(1, 1), new(70, 2), new(1, 3), new(64, 4)], default);
        }

        IReadOnlyList<Partial> partials = PartialsOf(table);
        Assert.Equal(["0|x", "0|other"], partials.Select(partial => Text(partial.Key)));
        Assert.Equal([2, 198], partials.Select(partial => partial.Cell[1]!.Count));
        Assert.Equal([1, 99], partials.Select(partial => partial.Cell[70]!.Count));
        Assert.Equal(99, limit.Refused);
    }

    [Fact]
    public void Keys_with_control_characters_stay_apart_and_come_back_from_their_id()
    {
        string?[] texts =
        [
            null, "", "\u0001", "\u001f", "\u001b", "a\u001fb", "b", "a", "\u001b_",
            "\u0001\u001f",
        ];
        Dictionary<string, GroupingKey> ids = [];
        foreach (string? first in texts)
        {
            foreach (string? second in texts)
            {
                GroupingKey key = new(3, [first, second]);
                Assert.True(ids.TryAdd(key.Id, key), "two keys with one id");
                Assert.Equal(key.Values, GroupingKey.Parse(key.Id).Values);
                Assert.Equal(key, GroupingKey.Parse(key.Id));
            }
        }

        Assert.Equal("3\u001fx\u001f\u0001", new GroupingKey(3, ["x", null]).Id);
    }

    private static void Add(PartialTable table, int[] symbols, long timeMs, double value) =>
        table.Add(symbols, timeMs, [new MetricValue(1, value)], default);

    private static IReadOnlyList<Partial> PartialsOf(PartialTable table)
    {
        table.Flush();
        return CallBench.Own(table.Partials);
    }

    private static string Text(GroupingKey key) =>
        string.Join('|', key.Values.Prepend($"{key.Grouping}"));

    private PartialTable Table(string sets) =>
        new(GroupingSet.ParseAll(sets), dimensions, values, 1000, Limit(sets));

    private static KeyLimit Limit(string sets) =>
        new(new PipelineOptions { Keys = GroupingSet.ParseAll(sets) });

    private int[] Symbols(params string[] texts) => [.. texts.Select(values.Intern)];
}
