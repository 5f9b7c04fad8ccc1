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
        int[] one = Symbols("x", "y", "z"), other = Symbols("x", "", "z");
        for (int grouping = 0; grouping < table.Groupings; grouping++)
        {
            table.CellOf(grouping, one, 1).Add(1, 1);
            table.CellOf(grouping, other, 999).Add(1, 2);
        }

        Assert.Equal(
            ["0", "1|x", "2|z|x", "3|x|y|z", "3|x||z"],
            table.Partials.Select(partial => Text(partial.Key)));
        Assert.Equal([2, 2, 2, 1, 1], table.Partials.Select(partial => partial.Cell[1]!.Count));
    }

    [Fact]
    public void A_missing_value_is_a_group_of_its_own()
    {
        PartialTable table = Table("a");
        Cell missing = table.CellOf(0, Symbols("", "y", "z"), 0);
        Assert.NotSame(missing, table.CellOf(0, Symbols("x", "y", "z"), 0));
        Assert.Same(missing, table.CellOf(0, Symbols("", "other", ""), 0));
        Assert.Null(table.Partials[0].Key.Values[0]);
    }

    [Fact]
    public void Panes_are_kept_apart_also_when_they_alternate()
    {
        PartialTable table = Table("a");
        int[] symbols = Symbols("x", "", "");
        for (int epoch = 0; epoch < 2; epoch++)
        {
            foreach (long at in (long[])[0, 1000, 500, 1500, -1, 250, 1200, -500, 2500, 0])
                table.CellOf(0, symbols, at).Add(1, at);
            Assert.Equal(
                [0L, 1000L, -1000L, 2000L], table.Partials.Select(partial => partial.PaneMs));
            Assert.Equal([4, 3, 2, 1], table.Partials.Select(partial => partial.Cell[1]!.Count));
            table.Clear();
        }
    }

    [Fact]
    public void After_clear_cells_are_empty_and_keys_are_found_again()
    {
        PartialTable table = Table("a;a,b");
        int[] symbols = Symbols("x", "y", "");
        for (int i = 0; i < 100; i++)
            table.CellOf(0, symbols, 0).Add(1, i);
        table.CellOf(1, symbols, 0).Counts.Calls++;
        GroupingKey key = table.Partials[0].Key;
        table.Clear();
        Assert.Empty(table.Partials);
        Cell again = table.CellOf(0, symbols, 0);
        Assert.Null(again[1]);
        Assert.True(again.Counts.IsEmpty);
        Assert.True(table.CellOf(1, symbols, 0).Counts.IsEmpty);
        Assert.Same(key, table.Partials[0].Key);
        again.Add(1, 5);
        Assert.Equal((1L, 5.0, 5.0), (again[1]!.Count, again[1]!.Min, again[1]!.Max));
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

    private static string Text(GroupingKey key) =>
        string.Join('|', key.Values.Prepend($"{key.Grouping}"));

    private PartialTable Table(string sets) =>
        new(GroupingSet.ParseAll(sets), dimensions, values, 1000, Limit(sets));

    private static KeyLimit Limit(string sets) =>
        new(new PipelineOptions { Keys = GroupingSet.ParseAll(sets) });

    private int[] Symbols(params string[] texts) => [.. texts.Select(values.Intern)];
}
