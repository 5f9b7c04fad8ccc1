using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Schemas;

namespace Earshot.Tests.Unit.Actors;

/// <summary>
/// A cell holds what plain aggregates and counts of the same events hold, however the events are
/// spread over cells that are merged, read in between, written and read back, and used again.
/// </summary>
public sealed class CellTests
{
    private const int Seeds = 60;

    /// <summary>Some of them beyond those that are buffered.</summary>
    private static readonly int[] metrics = [1, 2, 7, 14, 21, 63, 64, 70];

    [Fact]
    public void Cells_hold_what_plain_aggregates_hold()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            Cell used = new();
            for (int round = 0; round < 3; round++)
            {
                PlainCell plain = new();
                Fill(used, plain, random, events: random.Next(1, 400));
                plain.AssertSame(used);
                used.Reset();
                new PlainCell().AssertSame(used);
            }
        }
    }

    [Fact]
    public void Merged_cells_hold_the_events_of_both()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            PlainCell plain = new();
            Cell merged = new();
            for (int part = random.Next(1, 6); part > 0; part--)
            {
                Cell cell = new();
                Fill(cell, plain, random, events: random.Next(0, 150));
                if (random.Next(2) == 0)
                    merged.Merge(cell);
                else
                    (merged, cell) = (MergedInto(cell, merged), merged);
            }

            plain.AssertSame(merged);
        }
    }

    [Fact]
    public void A_cell_comes_back_from_a_snapshot()
    {
        SymbolTable names = Metrics.CreateTable();
        while (names.Count <= metrics[^1])
            names.Intern($"metric {names.Count}");
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            PlainCell plain = new();
            Cell cell = new();
            Fill(cell, plain, random, events: random.Next(0, 200));
            using MemoryStream stream = new();
            cell.Write(new BinaryWriter(stream), names);
            using PageReader reader = new(stream.ToArray());
            Cell copy = Cell.Read(reader, names);
            plain.AssertSame(copy);
            Assert.Throws<EndOfStreamException>(() => reader.ReadByte());
            Fill(copy, plain, random, events: 80);
            plain.AssertSame(copy);
        }
    }

    [Fact]
    public void What_is_not_finite_is_refused()
    {
        Cell cell = new();
        foreach (int metric in metrics)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => cell.Add(metric, double.NaN));
            Assert.Null(cell[metric]);
        }
    }

    private static Cell MergedInto(Cell into, Cell other)
    {
        into.Merge(other);
        return into;
    }

    private static void Fill(Cell cell, PlainCell plain, Random random, int events)
    {
        // Most cells have few metrics, and of those one or two many values.
        int kinds = random.Next(1, metrics.Length + 1);
        for (int i = 0; i < events; i++)
        {
            List<(int Metric, double Value)> values =
                [.. metrics.Take(kinds).Where(_ => random.Next(3) > 0).Select(metric =>
                    (metric, Math.Round((random.NextDouble() * 90) - 20, 2)))];
            CountStep step = CountStep.Of(new CallOutcome(
                random.Next(5) > 0, (CallEnd)random.Next(8), random.Next(-1, 90_000),
                random.Next(3) == 0 ? 200 : 486, (Tags)random.Next(16)));
            Give(cell, values, step);
            plain.Add(values, step);
            if (random.Next(40) == 0)
                _ = cell[metrics[random.Next(metrics.Length)]];
        }
    }

    private static void Give(Cell cell, List<(int Metric, double Value)> values, in CountStep step)
    {
        long[] row = new long[EventRow.LengthMax];
        bool all = EventRow.TryWrite(
            row, step, [.. values.Select(value => new MetricValue(value.Metric, value.Value))]);
        Assert.Equal(values.TrueForAll(value => value.Metric < EventRow.MetricsEnd), all);
        foreach ((int metric, double value) in values)
        {
            if (metric >= EventRow.MetricsEnd)
                cell.Add(metric, value);
        }

        cell.Add(row.AsSpan(0, EventRow.LengthOf(row[0])));
    }
}
