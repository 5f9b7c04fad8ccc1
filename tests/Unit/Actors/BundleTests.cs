using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Google.Protobuf;
using V1 = Earshot.Schemas.V1;

namespace Earshot.Tests.Unit.Actors;

public sealed class BundleTests
{
    private readonly SymbolTable names = Metrics.CreateTable();

    [Fact]
    public void Raw_and_bucketed_aggregates_counts_and_missing_dimensions_come_back()
    {
        List<Partial> sent = [];
        foreach (int count in (int[])[1, 64, 65, 500])
        {
            Cell cell = new();
            for (int i = 0; i < count; i++)
                cell.Add(names.Intern("mood" + count), (i * 0.37) - 9);
            cell.Counts[count % CallCounts.Width] = 1L << 40;
            sent.Add(new Partial(new GroupingKey(2, ["dél\u00e9", null]), 60_000 * count, cell));
        }

        Bundle bundle = Make(sent) with { Idle = true, Ended = true };
        Bundle back = Assert.Single(Send(bundle, 1)[0]);
        Assert.Equal(
            (3, 4, 10L, 20L, 77L, true, true, true, true),
            (back.SourcePartition, back.SourcePartitions, back.From, back.To, back.WatermarkMs,
            back.Idle, back.Ended, back.First, back.Last));
        AssertSame(sent, back.Partials);
    }

    [Fact]
    public void Every_target_gets_a_mark_and_its_own_keys()
    {
        List<Partial> sent = [];
        for (int key = 0; key < 20; key++)
            sent.Add(new Partial(new GroupingKey(0, ["k" + key]), 0, CellOf(key, 1)));
        List<Bundle>[] targets = Send(Make(sent), 3);
        for (int target = 0; target < 3; target++)
        {
            Bundle bundle = Assert.Single(targets[target]);
            Assert.All(
                bundle.Partials, partial => Assert.Equal(target, partial.Key.PartitionOf(3)));
        }

        Assert.Equal(20, targets.Sum(target => target[0].Partials.Count()));
        Assert.All(Send(Make([]), 3), target => Assert.True(
            Assert.Single(target) is { First: true, Last: true } only && !only.Partials.Any()));
    }

    [Fact]
    public void A_large_epoch_is_cut_into_chunks_below_a_megabyte()
    {
        List<Partial> sent = [];
        for (int key = 0; key < 4000; key++)
            sent.Add(new Partial(new GroupingKey(0, ["key " + key]), 0, CellOf(key, 64)));
        List<Bundle> chunks = Send(Make(sent), 1)[0];
        Assert.InRange(chunks.Count, 3, 20);
        Assert.Equal(chunks.Select((_, i) => i == 0), chunks.Select(chunk => chunk.First));
        Assert.Equal(
            chunks.Select((_, i) => i == chunks.Count - 1), chunks.Select(chunk => chunk.Last));
        AssertSame(sent, [.. chunks.SelectMany(chunk => chunk.Partials)]);
    }

    [Fact]
    public void One_cell_of_very_many_metrics_is_cut_too()
    {
        Cell cell = CellOf(1, 1);
        cell.Counts.Calls = 5;
        for (int i = 0; i < 30_000; i++)
            cell.Add(names.Intern("a metric with a long n\u00e4me " + i), i);
        List<Bundle> chunks = Send(Make([new Partial(new GroupingKey(0, []), 0, cell)]), 1)[0];
        Assert.InRange(chunks.Count, 2, 20);
        Cell whole = new();
        foreach (Partial part in chunks.SelectMany(chunk => chunk.Partials))
            whole.Merge(part.Cell);
        AssertSame([new Partial(new GroupingKey(0, []), 0, cell)],
            [new Partial(new GroupingKey(0, []), 0, whole)]);
    }

    [Fact]
    public void Cells_of_few_events_travel_as_the_rows_they_came_in()
    {
        List<Partial> sent = [];
        foreach (int events in (int[])[1, 2, 64])
        {
            Cell cell = new();
            for (int i = 0; i < events; i++)
                Give(cell, i, metrics: [Metrics.Pdd, Metrics.MaxJitter, Metrics.SrdFailed]);
            sent.Add(new Partial(new GroupingKey(0, ["few", "" + events]), 60_000, cell));
        }

        V1.Bundle message = MessageOf(sent);
        Assert.Equal([0, 1, 2], message.RowKey);
        Assert.Empty(message.MetricKey);
        Assert.Empty(message.CallKey);
        AssertSame(sent, new BundleReader(names).Read(message.ToByteArray()).Partials);

        // One event more, or a metric that is not known everywhere: by metric.
        Cell many = new(), own = new();
        for (int i = 0; i < 65; i++)
            Give(many, i, metrics: [Metrics.Pdd]);
        Give(own, 1, metrics: [Metrics.Pdd, names.Intern("mood")]);
        sent = [new(new GroupingKey(0, ["many"]), 0, many), new(new GroupingKey(0, [""]), 0, own)];
        message = MessageOf(sent);
        Assert.Empty(message.RowKey);
        AssertSame(sent, new BundleReader(names).Read(message.ToByteArray()).Partials);
    }

    [Fact]
    public void What_says_nothing_is_not_sent()
    {
        Cell empty = new();
        Give(empty, 0, metrics: [], default);
        Assert.Empty(MessageOf([new Partial(new GroupingKey(0, []), 0, empty)]).KeyGrouping);
    }

    [Fact]
    public void A_reader_keeps_nothing_of_the_bundle_before()
    {
        Cell few = new(), many = new();
        Give(few, 1, metrics: [Metrics.Mos]);
        for (int i = 0; i < 100; i++)
            Give(many, i, metrics: [Metrics.Pdd, Metrics.Mos]);
        List<Partial> first = [new(new GroupingKey(1, ["b", null]), 2, many),
            new(new GroupingKey(0, ["a"]), 1, few)];
        List<Partial> second = [new(new GroupingKey(1, ["b", "c"]), 3, many),
            new(new GroupingKey(0, ["d"]), 1, few)];
        BundleReader reader = new(names);
        foreach (List<Partial> sent in (List<Partial>[])[first, second, [], first])
            AssertSame(sent, reader.Read(MessageOf(sent).ToByteArray()).Partials);
        Assert.Throws<InvalidDataException>(() => reader.Read("\xff"u8));
        V1.Bundle damaged = MessageOf(first);
        damaged.MetricCount[1] = 3;
        damaged.MetricCount[0] = 64;
        damaged.Raw.AddRange(Enumerable.Repeat(1.5, 64));
        Assert.Throws<InvalidDataException>(() => reader.Read(damaged.ToByteArray()));
        AssertSame(second, reader.Read(MessageOf(second).ToByteArray()).Partials);

        // What the one before called by a number is nothing in this one.
        foreach (Action<V1.Bundle> damage in (Action<V1.Bundle>[])
            [bundle => bundle.KeyDimensions[0] = 4, bundle => bundle.MetricName[0] = 4])
        {
            V1.Bundle shorter = MessageOf([new(new GroupingKey(1, ["b", "c"]), 3, many)]);
            Assert.Equal(4, shorter.Symbols.Count);
            shorter.Symbols.RemoveAt(3);
            damage(shorter);
            AssertSame(second, reader.Read(MessageOf(second).ToByteArray()).Partials);
            Assert.Throws<InvalidDataException>(() => reader.Read(shorter.ToByteArray()));
        }
    }

    [Fact]
    public void Keys_are_the_same_objects_until_they_may_have_left_memory()
    {
        BundleReader reader = new(names, keyIdleMs: 1000);
        GroupingKey KeyAt(long watermarkMs) => reader.Read(MessageOf(
            [new Partial(new GroupingKey(0, ["x"]), 0, CellOf(1, 1))], watermarkMs).ToByteArray())
            .Partials.Single().Key;

        GroupingKey first = KeyAt(5000);
        Assert.Same(first, KeyAt(5999));
        GroupingKey next = KeyAt(6000);
        Assert.NotSame(first, next);
        Assert.Equal(first, next);
        Assert.Same(next, KeyAt(4000));
    }

    [Fact]
    public void Damaged_rows_are_refused_as_such()
    {
        Action<V1.Bundle>[] damages =
        [
            bundle => bundle.RowKey[0] = 1,
            bundle => bundle.RowNumbers[0] = 6,
            bundle => bundle.RowNumbers[0] = 4,
            bundle => bundle.RowNumbers[0] = -5,
            bundle => bundle.Rows.Add(0),
            bundle => bundle.Format = 1,
            bundle => bundle.Rows[0] |= 1UL << Metrics.End,
            bundle => bundle.Rows[0] |= 1UL << 63,
            bundle => bundle.Rows[2] = ulong.MaxValue,
            bundle => bundle.Rows[4] = (ulong)BitConverter.DoubleToInt64Bits(double.NaN),
            bundle => bundle.Format = 3,
        ];
        Cell cell = new();
        Give(cell, 3, metrics: [Metrics.Pdd, Metrics.Mos]);
        AssertRefused(cell, numbers: 5, damages);
    }

    [Fact]
    public void Damaged_short_rows_are_refused_as_such()
    {
        Action<V1.Bundle>[] damages =
        [
            bundle => bundle.RowNumbers[0] = 2,
            bundle => bundle.Rows[0] |= 1,
            bundle => bundle.Rows[0] |= 1UL << 63,
            bundle => bundle.Rows[1] = (ulong)BitConverter.DoubleToInt64Bits(double.NaN),
        ];
        Cell cell = new();
        Give(cell, 3, metrics: [Metrics.Pdd, Metrics.Mos], CountStep.Of(Tags.LowMos));
        AssertRefused(cell, numbers: 3, damages);
    }

    [Fact]
    public void Rows_of_the_format_before_are_read()
    {
        CountStep step = CountStep.Of(
            new CallOutcome(true, CallEnd.Answered, 90_000, 200, Tags.LowMos));
        V1.Bundle message = new()
        {
            Chunks = 1, Format = 1, Symbols = { "x" }, KeyGrouping = { 0 }, KeyWidth = { 1 },
            KeyDimensions = { 1 }, RowKey = { 0 }, RowPane = { 7 }, RowNumbers = { 8 },
        };
        ulong[] values = [.. ((double[])[2.5, 4.1]).Select(BitConverter.DoubleToUInt64Bits)];
        message.Rows.AddRange(
            [(1UL << Metrics.Pdd) | (1UL << Metrics.Mos), step.Ones, (90_000 << 8) | 2,
            .. values, 0, 0, 0]);
        Cell cell = new();
        cell.Add(Metrics.Pdd, 2.5);
        cell.Add(Metrics.Mos, 4.1);
        cell.Counts.Add(step);
        cell.Counts.AddValues(2);
        AssertSame(
            [new Partial(new GroupingKey(0, ["x"]), 7, cell)],
            new BundleReader(names).Read(message.ToByteArray()).Partials);
    }

    [Fact]
    public void A_newer_senders_further_counts_are_left_out()
    {
        Earshot.Schemas.V1.Bundle message = new()
        {
            Chunks = 1, KeyGrouping = { 0 }, KeyWidth = { 0 }, CallKey = { 0, 0 },
            CallPane = { 0, 1000 }, CallWidth = CallCounts.Width + 2,
        };
        for (int i = 0; i < 2 * message.CallWidth; i++)
            message.CallCounts.Add(i);
        Bundle back = new BundleReader(names).Read(message.ToByteArray());
        Assert.Equal(1, back.Partials.First().Cell.Counts.Attempts);
        Assert.Equal(message.CallWidth, back.Partials.Last().Cell.Counts.Calls);
    }

    [Fact]
    public void Damaged_columns_are_refused_as_such()
    {
        Action<Earshot.Schemas.V1.Bundle>[] damages =
        [
            bundle => bundle.KeyWidth[0] = -1,
            bundle => bundle.KeyWidth[0] = 9,
            bundle =>
            {
                bundle.KeyWidth[0] = 17;
                bundle.KeyDimensions.AddRange(Enumerable.Repeat(1, 16));
            },
            bundle => bundle.Symbols[1] = "",
            bundle => bundle.MetricKey[0] = 7,
            bundle => bundle.MetricName[0] = 0,
            bundle => bundle.MetricCount[0] = 2,
            bundle => bundle.Raw[0] = double.NaN,
            bundle => bundle.MetricCount[0] = 65,
        ];
        foreach (Action<Earshot.Schemas.V1.Bundle> damage in damages)
        {
            Earshot.Schemas.V1.Bundle message = new()
            {
                Chunks = 1, Symbols = { "x", "mos" }, KeyGrouping = { 0 }, KeyWidth = { 1 },
                KeyDimensions = { 1 }, MetricKey = { 0 }, MetricPane = { 0 }, MetricName = { 2 },
                MetricCount = { 1 }, Raw = { 4 },
            };
            Assert.Single(new BundleReader(names).Read(message.ToByteArray()).Partials);
            damage(message);
            Assert.Throws<InvalidDataException>(
                () => new BundleReader(names).Read(message.ToByteArray()));
        }

        Assert.Throws<InvalidDataException>(() => new BundleReader(names).Read("\xff"u8));
    }

    private static void Give(Cell cell, int seed, int[] metrics) => Give(
        cell, seed, metrics, CountStep.Of(new CallOutcome(
            Attempt: true, CallEnd.Answered, 1000 * seed, 200, (Tags)(seed % 8))));

    private static void Give(Cell cell, int seed, int[] metrics, in CountStep step)
    {
        long[] row = new long[EventRow.LengthMax];
        Assert.True(EventRow.TryWrite(row, step, [.. metrics.Select(
            metric => new MetricValue(metric, seed + (0.5 * metric)))]));
        cell.Add(row.AsSpan(0, EventRow.LengthOf(row[0])));
    }

    // A bundle of one row of so many numbers, after each damage.
    private void AssertRefused(Cell cell, int numbers, Action<V1.Bundle>[] damages)
    {
        foreach (Action<V1.Bundle> damage in damages)
        {
            V1.Bundle message = MessageOf([new Partial(new GroupingKey(0, ["x"]), 0, cell)]);
            Assert.Equal(numbers, message.Rows.Count);
            damage(message);
            Assert.Throws<InvalidDataException>(
                () => new BundleReader(names).Read(message.ToByteArray()));
        }
    }

    private V1.Bundle MessageOf(IReadOnlyList<Partial> partials, long watermarkMs = 77)
    {
        EpochOutputs outputs = new(Topics.Default, 3);
        new BundleWriter(1).Write(Make(partials) with { WatermarkMs = watermarkMs }, outputs);
        return V1.Bundle.Parser.ParseFrom(Assert.Single(outputs.Take()).Records[0].Value);
    }

    private static Cell CellOf(int seed, int values)
    {
        Cell cell = new();
        for (int i = 0; i < values; i++)
            cell.Add(Metrics.Jitter, seed + i);
        return cell;
    }

    private static void AssertSame(List<Partial> sent, IEnumerable<Partial> back)
    {
        Assert.Equal(sent.Count, back.Count());
        foreach ((Partial a, Partial b) in sent.Zip(back))
        {
            Assert.Equal((a.Key, a.PaneMs), (b.Key, b.PaneMs));
            Assert.Equal(a.Cell.Counts.Fields.ToArray(), b.Cell.Counts.Fields.ToArray());
            for (int metric = 1; metric < Math.Max(a.Cell.MetricEnd, b.Cell.MetricEnd); metric++)
                Assert.Equal(BytesOf(a.Cell[metric]), BytesOf(b.Cell[metric]));
        }
    }

    private static byte[] BytesOf(Aggregate? aggregate)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        aggregate?.Write(writer);
        return stream.ToArray();
    }

    private Bundle Make(IReadOnlyList<Partial> partials) =>
        new(3, 4, 10, 20, 77, false, false, partials, names);

    private List<Bundle>[] Send(Bundle bundle, int targets)
    {
        EpochOutputs outputs = new(Topics.Default, 3);
        new BundleWriter(targets).Write(bundle, outputs);
        List<Bundle>[] all = new List<Bundle>[targets];
        foreach (RecordAppend append in outputs.Take())
        {
            List<Bundle> chunks = all[append.Target.Partition] = [];
            for (int i = 0; i < append.Records.Count; i++)
            {
                Assert.InRange(append.Records[i].Value.Length, 1, 1_000_000);
                chunks.Add(new BundleReader(names).Read(append.Records[i].Value));
            }
        }

        return all;
    }
}
