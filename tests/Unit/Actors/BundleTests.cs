using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Google.Protobuf;

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

        Assert.Equal(20, targets.Sum(target => target[0].Partials.Count));
        Assert.All(Send(Make([]), 3), target => Assert.True(
            Assert.Single(target) is { First: true, Last: true, Partials.Count: 0 }));
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
        Assert.Equal(1, back.Partials[0].Cell.Counts.Attempts);
        Assert.Equal(message.CallWidth, back.Partials[1].Cell.Counts.Calls);
    }

    [Fact]
    public void Damaged_columns_are_refused_as_such()
    {
        Action<Earshot.Schemas.V1.Bundle>[] damages =
        [
            bundle => bundle.KeyWidth[0] = -1,
            bundle => bundle.KeyWidth[0] = 9,
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

    private static Cell CellOf(int seed, int values)
    {
        Cell cell = new();
        for (int i = 0; i < values; i++)
            cell.Add(Metrics.Jitter, seed + i);
        return cell;
    }

    private static void AssertSame(List<Partial> sent, IReadOnlyList<Partial> back)
    {
        Assert.Equal(sent.Count, back.Count);
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
