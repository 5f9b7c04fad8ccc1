using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using static Earshot.Tests.Unit.Actors.Inputs;
using Aggregate = Earshot.Schemas.V1.Aggregate;
using Bundle = Earshot.Actors.Wire.Bundle;

namespace Earshot.Tests.Unit.Actors;

public sealed class AggregatorStageTests
{
    private const long Minute = 60_000;

    private readonly SymbolTable names = Metrics.CreateTable();
    private readonly EpochOutputs outputs = new(Topics.Default, 0);
    private AggregatorStage stage;

    public AggregatorStageTests() => stage = new AggregatorStage(Options, names);

    [Fact]
    public void A_window_closes_when_the_watermark_reaches_its_end()
    {
        Merge(0, 1, T0 + Minute - 1, Partial(T0, 1, 2, 3));
        Assert.Empty(outputs.Take());
        Merge(1, 2, T0 + Minute);
        (List<Aggregate> rows, List<Insight> insights) = Rows();
        Aggregate row = Assert.Single(rows);
        Assert.Equal((3L, 1.0, 2.0, 3.0, true), (row.Count, row.Min, row.Mean, row.Max, row.Final));
        Assert.True(Assert.Single(insights).Final);
        Assert.Equal((0L, 1L), (stage.Progress.OpenWindows, stage.Progress.ClosedWindows));
    }

    [Fact]
    public void A_bundle_that_comes_again_is_dropped_and_a_gap_is_counted()
    {
        Merge(0, 5, 0, Partial(T0, 1));
        Merge(0, 5, 0, Partial(T0, 1));
        Merge(3, 8, 0, Partial(T0, 1));
        Merge(5, 8, 0, Partial(T0, 1));
        Merge(9, 12, 0, Partial(T0, 1));
        Merge(12, 12, long.MaxValue);
        Assert.Equal((2L, 1L), (stage.Progress.DuplicateBundles, stage.Progress.BundleGaps));
        Assert.Equal(3, Assert.Single(Rows().Aggregates).Count);
    }

    [Fact]
    public void Chunks_of_one_epoch_are_all_merged_and_only_the_last_one_marks()
    {
        Bundle epoch = Make(0, 5, T0 + Minute, Partial(T0, 1));
        stage.Merge(epoch with { Last = false }, 0, outputs);
        stage.Merge(epoch with { First = false, Last = false }, 1, outputs);
        Assert.Empty(outputs.Take());
        stage.Merge(epoch with { First = false }, 2, outputs);
        Assert.Equal((0L, 0L), (stage.Progress.DuplicateBundles, stage.Progress.BundleGaps));
        Assert.Equal(3, Assert.Single(Rows().Aggregates).Count);
    }

    [Fact]
    public void What_meets_a_closed_window_becomes_late_rows_with_all_statistics()
    {
        Merge(0, 1, T0 + Minute, Partial(T0, 1));
        outputs.Take();
        Partial late = Partial(T0, 5, 7);
        late.Cell.Add(Metrics.Mos, 4);
        late.Cell.Counts.Calls = 2;
        Merge(1, 2, T0 + Minute, late);
        List<LateRow> rows = Read(outputs.Take(), Topics.Default.Late, LateRow.Parser.ParseFrom);
        Assert.Equal(1, stage.Progress.LatePartials);
        Assert.Equal(3, rows.Count);
        Assert.All(rows, row => Assert.Equal("window_closed", row.Reason));
        Assert.All(rows, row => Assert.Equal(T0 + Minute, row.Watermark));
        Assert.Equal([2L, 1L], rows.Take(2).Select(row => row.Aggregate.Count));
        Assert.Equal(12, rows[0].Aggregate.Sum);
        Assert.Equal(2, rows[2].Insight.Calls);
        Assert.Equal(0, stage.Progress.OpenWindows);
    }

    [Fact]
    public void Late_for_the_short_window_is_still_in_time_for_the_long_one()
    {
        Start(Options with { Windows = [WindowSpec.Parse("1m"), WindowSpec.Parse("5m")] });
        Merge(0, 1, T0 + Minute, Partial(T0, 1));
        outputs.Take();
        Merge(1, 2, long.MaxValue, Partial(T0, 1));
        IReadOnlyList<RecordAppend> appends = outputs.Take();
        Assert.Equal(2, Read(appends, Topics.Default.Late, LateRow.Parser.ParseFrom).Count);
        Aggregate row = Assert.Single(
            Read(appends, Topics.Default.Aggregates, Aggregate.Parser.ParseFrom));
        Assert.Equal(("5m", 2L), (row.Key.Window, row.Count));
    }

    [Fact]
    public void Tumbling_and_sliding_windows_of_several_lengths_each_get_their_panes()
    {
        Start(Options with { Windows = [WindowSpec.Parse("1m"), WindowSpec.Parse("3m/1m")] });
        Merge(0, 1, long.MaxValue, Partial(T0, 1), Partial(T0 + Minute, 2));
        string[] rows = [.. Rows().Aggregates.Select(row =>
            $"{row.Key.Window} {(row.Key.WindowStart - T0) / Minute} {row.Count} {row.Sum}")];
        Assert.Equal(
            ["1m 0 1 1", "1m 1 1 2", "3m/1m -1 2 3", "3m/1m -2 1 1", "3m/1m 0 2 3", "3m/1m 1 1 2"],
            rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void In_update_mode_each_epoch_that_changed_a_window_gives_a_greater_revision()
    {
        Start(Options with { Mode = OutputMode.Update });
        Merge(0, 1, 0, Partial(T0, 1));
        stage.EndEpoch(0, 1, idle: false, outputs);
        Merge(1, 2, 0);
        stage.EndEpoch(1, 2, idle: false, outputs);
        Merge(2, 3, 0, Partial(T0, 3));
        Merge(3, 4, 0, Partial(T0, 5));
        stage.EndEpoch(2, 4, idle: false, outputs);
        Merge(4, 5, T0 + Minute, Partial(T0, 7));
        stage.EndEpoch(4, 5, idle: false, outputs);
        Assert.Equal(
            [(1L, 1L, false), (4L, 3L, false), (5L, 4L, true)],
            Rows().Aggregates.Select(row => (row.Revision, row.Count, row.Final)));
    }

    [Fact]
    public void A_record_of_the_bundles_topic_closes_with_a_revision_greater_than_any_update()
    {
        Start(Options with { Mode = OutputMode.Update });
        RecordBatch bundles = OnTheWire(
            Make(0, 1, 0, Partial(T0, 1)), Make(1, 2, T0 + Minute, Partial(T0, 2)));
        for (int i = 0; i < bundles.Count; i++)
        {
            stage.Apply(bundles, i, outputs);
            stage.EndEpoch(i, i + 1, idle: false, outputs);
        }

        List<Aggregate> rows = Rows().Aggregates;
        Assert.Equal([false, true], rows.Select(row => row.Final));
        Assert.True(rows[1].Revision > rows[0].Revision);
    }

    [Fact]
    public void The_stage_is_complete_when_every_source_has_ended()
    {
        Bundle end = Make(0, 0, long.MaxValue, Partial(T0, 1)) with
        {
            SourcePartitions = 2, Ended = true,
        };
        stage.Merge(end, 0, outputs);
        Assert.False(stage.Complete);
        stage.Merge(end with { SourcePartition = 1 }, 1, outputs);
        Assert.True(stage.Complete);
        Assert.Equal(2, Assert.Single(Rows().Aggregates).Count);
    }

    [Fact]
    public void A_damaged_bundle_parks_instead_of_being_left_out() =>
        Assert.Throws<Earshot.Actors.Ports.UnrecoverableException>(
            () => stage.Skip(Batch(0, [1]), 0, "boom", outputs));

    private static List<T> Read<T>(
        IReadOnlyList<RecordAppend> appends, string topic, Func<byte[], T> parse)
    {
        List<T> rows = [];
        foreach (RecordAppend append in appends)
        {
            for (int i = 0; append.Target.Topic == topic && i < append.Records.Count; i++)
                rows.Add(parse(append.Records[i].Value.ToArray()));
        }

        return rows;
    }

    private static Partial Partial(long pane, params double[] values)
    {
        Cell cell = new();
        foreach (double value in values)
            cell.Add(Metrics.Jitter, value);
        return new Partial(new GroupingKey(0, []), pane, cell);
    }

    private static RecordBatch OnTheWire(params Bundle[] bundles)
    {
        EpochOutputs wire = new(Topics.Default, 0);
        foreach (Bundle bundle in bundles)
            new BundleWriter(1).Write(bundle, wire);
        return wire.Take()[0].Records;
    }

    private void Start(PipelineOptions options) => stage = new AggregatorStage(options, names);

    private Bundle Make(long from, long to, long watermark, params Partial[] partials) =>
        new(0, 1, from, to, watermark, false, false, partials, names);

    private void Merge(long from, long to, long watermark, params Partial[] partials) =>
        stage.Merge(Make(from, to, watermark, partials), to - 1, outputs);

    private (List<Aggregate> Aggregates, List<Insight> Insights) Rows()
    {
        IReadOnlyList<RecordAppend> appends = outputs.Take();
        return (Read(appends, Topics.Default.Aggregates, Aggregate.Parser.ParseFrom),
            Read(appends, Topics.Default.Insights, Insight.Parser.ParseFrom));
    }
}
