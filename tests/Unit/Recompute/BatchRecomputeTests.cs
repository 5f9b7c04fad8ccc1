extern alias batch;

using batch::Earshot.Batch;
using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using static Earshot.Tests.Unit.Actors.Inputs;
using AggregateRow = Earshot.Schemas.V1.Aggregate;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Recompute;

/// <summary>
/// Rows reckoned by hand: windows of a minute, one key for everything, lateness of a minute. T0 is
/// a full minute.
/// </summary>
public sealed class BatchRecomputeTests
{
    [Fact]
    public void One_call()
    {
        BatchRows rows = Rows(Summary("c", T0 + 30_000, pdd: 7, mos: 4));
        Insight insight = rows.Insights[Row(T0)];
        Assert.Equal((1, 1, 1), (insight.Calls, insight.Attempts, insight.Answered));
        Assert.Equal((100, 2), (insight.Asr, insight.Values));
        Assert.Equal("high_pdd", Assert.Single(insight.Tags).Tag);
        Assert.True(insight.Final);
        AggregateRow pdd = rows.Aggregates[Row(T0, "pdd")];
        Assert.Equal((1, 7.0, 7.0, 7.0), (pdd.Count, pdd.Min, pdd.Mean, pdd.P99));
        Assert.False(pdd.HasStddev);
        Assert.Equal(1, Assert.Single(pdd.Buckets).Count);
        Assert.Equal(2, rows.Aggregates.Count);
        Assert.Equal(7, rows.Predictions[Row(T0, "pdd")].Observed);
        Assert.Equal((1, 1), (rows.Books[0].Read, rows.Books[0].Aggregated));
    }

    [Fact]
    public void Statistics_of_several_values()
    {
        BatchRows rows = Rows(
            Metric(T0, 1), Metric(T0 + 59_999, 4), Metric(T0 + 1, 2), Metric(T0 + 60_000, 100));
        AggregateRow row = rows.Aggregates[Row(T0, "depth")];
        Assert.Equal((3, 7.0, 1.0, 4.0), (row.Count, row.Sum, row.Min, row.Max));
        Assert.Equal(7.0 / 3, row.Mean, 1e-15);
        // Deviations -4/3, -1/3 and 5/3: 42/9 of squares over 2.
        Assert.Equal(Math.Sqrt(42.0 / 18), row.Stddev, 1e-15);
        Assert.Equal((1.0, 2.0, 4.0, 4.0), (row.P25, row.P50, row.P75, row.P95));
        Assert.Equal(1, rows.Aggregates[Row(T0 + 60_000, "depth")].Count);
    }

    [Fact]
    public void Late_is_what_happened_before_the_watermark()
    {
        BatchRows rows = Rows(
            Metric(T0 + 200_000), Metric(T0 + 140_000), Metric(T0 + 139_999),
            Metric(T0 + 200_001), Metric(T0 + 140_000));
        Assert.Equal(
            [
                new SideRecord(0, 2, "late", T0 + 139_999, T0 + 140_000),
                new SideRecord(0, 4, "late", T0 + 140_000, T0 + 140_001),
            ],
            rows.Late);
        Assert.Equal((5, 3, 2), (rows.Books[0].Read, rows.Books[0].Aggregated, rows.Books[0].Late));
    }

    [Fact]
    public void An_event_id_is_known_until_the_tenth_of_the_lateness_it_happened_in_is_over()
    {
        // A tenth is 6 s, and T0 is a multiple of that.
        BatchRows rows = Rows(
            Metric(T0, id: "a"), Metric(T0, id: "a"), Metric(T0 + 65_999),
            Metric(T0 + 9000, id: "a"), Metric(T0 + 66_000), Metric(T0 + 9000, id: "a"));
        Assert.Equal((2, 4), (rows.Books[0].Duplicate, rows.Books[0].Aggregated));
        Assert.Empty(rows.Late);
    }

    [Fact]
    public void A_complete_summary_replaces_the_partial_one_until_the_watermark_has_passed_that()
    {
        byte[] partial = Summary("c", T0, partial: true, mos: 2);
        byte[] complete = Summary("c", T0 + 1, mos: 4);
        BatchRows inTime = Rows(partial, Metric(T0 + 60_000), complete);
        Assert.Equal(4, inTime.Aggregates[Row(T0, "mos")].Mean);
        Assert.Equal(1, inTime.Insights[Row(T0)].Calls);
        BatchRows after = Rows(partial, Metric(T0 + 60_001), complete);
        Assert.Equal(2, after.Aggregates[Row(T0, "mos")].Mean);
        Assert.Equal(1, after.Insights[Row(T0)].Calls);
        Assert.Equal("call_counted", Assert.Single(after.Late).Reason);
    }

    [Fact]
    public void A_second_complete_summary_is_a_duplicate_for_as_long_as_the_lateness()
    {
        BatchRows rows = Rows(
            Summary("c", T0), Summary("c", T0 + 59_999), Summary("c", T0 + 60_000));
        Assert.Equal((1, 2), (rows.Books[0].Duplicate, rows.Books[0].Aggregated));
        Assert.Equal(1, rows.Insights[Row(T0 + 60_000)].Calls);
    }

    [Fact]
    public void Signalling_gives_the_same_in_every_order()
    {
        byte[][] steps =
        [
            Step("c", State.Initialized, T0, sip: 100, carrier: "a"),
            Step("c", State.Ringing, T0 + 2000, sip: 180),
            Step("c", State.Answered, T0 + 5000, sip: 200),
            Step("c", State.Completed, T0 + 20_000, sip: 200),
        ];
        PipelineOptions options = Options with { Keys = GroupingSet.ParseAll("carrier") };
        foreach (byte[][] order in Orders(steps))
        {
            BatchRows rows = Rows(options, order);
            RowId row = Row(T0) with { Grouping = "carrier", Dimensions = "carrier=a" };
            Insight insight = rows.Insights[row];
            Assert.Equal(
                (1, 1, 1), (insight.Calls, insight.Answered, insight.NormalSessions));
            Assert.Equal((15, 0.25), (insight.Aloc, insight.ConnectedMinutes));
            Assert.Equal(2, rows.Aggregates[row with { Metric = "pdd" }].Sum);
            Assert.Equal(15, rows.Aggregates[row with { Metric = "connect_duration" }].Sum);
            Assert.Equal(2, rows.Aggregates.Count);
        }
    }

    [Fact]
    public void A_call_without_an_end_is_given_up_past_the_limit()
    {
        byte[] begin = Step("c", State.Initialized, T0);
        BatchRows atLimit = Rows(begin, Step("c", State.Completed, T0 + 600_000));
        Assert.Equal((1, 0), (atLimit.Insights.Values.Sum(i => i.Calls), Unresolved(atLimit)));
        BatchRows past = Rows(begin, Step("c", State.Completed, T0 + 600_001));
        Assert.Equal((1, 1), (past.Insights.Values.Sum(i => i.Calls), Unresolved(past)));
        BatchRows alone = Rows(begin);
        Assert.Equal((0, 1), (alone.Insights.Count, Unresolved(alone)));
    }

    [Fact]
    public void A_post_dial_delay_that_a_step_told_counts_once_and_makes_the_tag()
    {
        foreach (byte[][] order in Orders([Pdd("c", T0, 7), Summary("c", T0 + 9, pdd: 7)]))
        {
            BatchRows rows = Rows(order);
            Assert.Equal(1, rows.Aggregates[Row(T0, "pdd")].Count);
            Assert.Equal(1, Assert.Single(rows.Insights[Row(T0)].Tags).Calls);
        }
    }

    [Fact]
    public void Loss_of_an_interval_follows_from_the_counters()
    {
        // 10 of 100 first; then 5 of 50 more; then nothing new.
        BatchRows rows = Rows(
            Report("s", T0, 90, 10), Report("s", T0 + 10_000, 135, 15),
            Report("s", T0 + 20_000, 135, 15));
        AggregateRow loss = rows.Aggregates[Row(T0, "packet_loss")];
        Assert.Equal((2, 10.0, 10.0), (loss.Count, loss.Min, loss.Max));
        Assert.Equal(3, rows.Insights[Row(T0)].Reports);
    }

    [Fact]
    public void A_value_is_in_every_sliding_window_over_its_time()
    {
        PipelineOptions options = Options with { Windows = [WindowSpec.Parse("3m/1m")] };
        BatchRows rows = Rows(options, Metric(T0 + 180_000));
        Assert.Equal(
            [T0 + 60_000, T0 + 120_000, T0 + 180_000],
            rows.Aggregates.Keys.Select(id => id.WindowStartMs).Order());
    }

    [Fact]
    public void A_prediction_rests_on_the_windows_before()
    {
        BatchRows rows = Rows(Metric(T0, 1), Metric(T0 + 60_000, 2), Metric(T0 + 180_000, 3));
        Prediction first = rows.Predictions[Row(T0, "depth")];
        Assert.Equal((0, false, false), (first.History, first.HasExpected, first.HasNextExpected));
        Prediction second = rows.Predictions[Row(T0 + 60_000, "depth")];
        Assert.Equal((1, false, 1.5), (second.History, second.HasExpected, second.NextExpected));
        Prediction third = rows.Predictions[Row(T0 + 180_000, "depth")];
        Assert.Equal((2, 1.5, 3.0), (third.History, third.Expected, third.Observed));
        // Variance 1/2 of two values, uncertainty of their mean 1/4.
        double half = 1.96 * Math.Sqrt(0.75);
        Assert.Equal(1.5 - half, third.Low, 1e-12);
        Assert.Equal(1.5 + half, third.High, 1e-12);
    }

    [Fact]
    public void Of_an_open_input_only_windows_up_to_the_watermark_are_final()
    {
        BatchRecompute recompute = new(Options, () => new EnvelopeDecoder());
        recompute.Add(0, Batch(
            0, Metric(T0), Summary("c", T0 + 70_000, partial: true), Metric(T0 + 130_000)));
        Assert.Equal(T0 + 70_000, recompute.WatermarkMs);
        BatchRows rows = recompute.Finish(ended: false);
        Assert.True(rows.Aggregates[Row(T0, "depth")].Final);
        Assert.False(rows.Aggregates[Row(T0 + 120_000, "depth")].Final);
        Assert.Equal([Row(T0, "depth")], rows.Predictions.Keys);
        // At the deadline itself the call's complete summary would be in time.
        Assert.DoesNotContain(Row(T0 + 60_000), rows.Insights.Keys);
    }

    [Fact]
    public void Each_partition_is_judged_alone_and_the_slowest_closes_the_windows()
    {
        BatchRecompute recompute =
            new(Options with { Partitions = 2 }, () => new EnvelopeDecoder());
        recompute.Add(0, Batch(0, Metric(T0 + 300_000)));
        Assert.Equal(long.MinValue, recompute.WatermarkMs);
        recompute.Add(1, Batch(0, Metric(T0), Metric(T0 + 90_000)));
        Assert.Equal(T0 + 30_000, recompute.WatermarkMs);
        BatchRows rows = recompute.Finish(ended: false);
        Assert.Empty(rows.Late);
        Assert.All(rows.Aggregates.Values, row => Assert.False(row.Final));
        Assert.Equal(3, rows.Aggregates.Count);
    }

    [Fact]
    public void Dead_records_are_kept_with_their_reason()
    {
        BatchRecompute recompute = new(Options, () => new EnvelopeDecoder());
        recompute.AddFailed(0, 4);
        recompute.Add(0, Batch(
            0, [0xff], Metric(0), Metric(AppendTimeMs + 3_600_001), Metric(T0, -1, metric: "mos"),
            Metric(T0), Metric(AppendTimeMs + 3_600_000)));
        BatchRows rows = recompute.Finish(ended: true);
        Assert.Equal(
            ["malformed", "invalid", "future", "invalid", "failed"],
            rows.Dead.Select(record => record.Reason));
        Assert.Equal([0, 1, 2, 3, 4], rows.Dead.Select(record => record.SourceOffset));
        Assert.Equal((6, 5, 1), (rows.Books[0].Read, rows.Books[0].Dead, rows.Books[0].Aggregated));
    }

    [Fact]
    public void Records_must_come_in_offset_order_and_end_where_is_said()
    {
        BatchRecompute recompute = new(Options, () => new EnvelopeDecoder());
        recompute.Add(0, Batch(5, Metric(T0), Metric(T0), Metric(T0)), end: 7);
        Assert.Throws<ArgumentException>(() => recompute.Add(0, Batch(6, Metric(T0))));
        Assert.Equal(2, recompute.Finish(ended: true).Books[0].Read);
    }

    [Fact]
    public void Keys_whose_values_hold_the_separators_stay_apart()
    {
        PipelineOptions options = Options with { Keys = GroupingSet.ParseAll("carrier") };
        BatchRows rows = Rows(
            options, Metric(T0, carrier: "a"), Metric(T0, carrier: "a\\"), Metric(T0),
            Metric(T0, carrier: "a, country=b"));
        Assert.Equal(
            ["", "carrier=a", @"carrier=a\, country\=b", @"carrier=a\\"],
            rows.Insights.Keys.Select(id => id.Dimensions).Order(StringComparer.Ordinal));
    }

    private static RowId Row(long startMs, string metric = "") =>
        new("1m", startMs, "()", "", metric);

    private static long Unresolved(BatchRows rows) => 
        rows.Books[0].UnresolvedCalls.Values.Sum();

    private static BatchRows Rows(params byte[][] records) => Rows(Options, records);

    private static BatchRows Rows(PipelineOptions options, params byte[][] records)
    {
        BatchRecompute recompute = new(options, () => new EnvelopeDecoder());
        RecordBatch batch = Batch(0, records);
        recompute.Add(0, batch);
        return recompute.Finish(ended: true);
    }

    private static IEnumerable<byte[][]> Orders(byte[][] items)
    {
        if (items.Length <= 1)
            return [items];
        return items.SelectMany((item, i) =>
            Orders([.. items[..i], .. items[(i + 1)..]])
                .Select(rest => (byte[][])[item, .. rest]));
    }
}
