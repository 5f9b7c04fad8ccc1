using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using static Earshot.Tests.Unit.Actors.Inputs;

namespace Earshot.Tests.Unit.Actors;

public sealed class CallStageTests
{
    [Fact]
    public void Every_way_a_record_can_take_is_in_the_books_once()
    {
        CallBench bench = new(decoder: new PickyDecoder());
        bench.Give(
            Metric(T0 + LatenessMs, id: "a"),
            [],
            "\xff"u8.ToArray(),
            Metric(0),
            Metric(AppendTimeMs + Options.FutureLimitMs + 1),
            Metric(T0 - 1),
            Metric(T0 + LatenessMs, id: "a"));
        StageProgress books = bench.Books;
        Assert.Equal(7, books.Read);
        Assert.Equal(1, books.Aggregated);
        Assert.Equal(1, books.Ignored);
        Assert.Equal(3, books.Dead);
        Assert.Equal(1, books.Late);
        Assert.Equal(1, books.Duplicate);
        Assert.Equal(["malformed", "invalid", "future"], bench.Dead.Select(row => row.Reason));
        Assert.Equal([2L, 3L, 4L], bench.Dead.Select(row => row.SourceOffset));
        LateRow late = Assert.Single(bench.Late);
        Assert.Equal(("late", T0 - 1, T0, 5L),
            (late.Reason, late.EventTime, late.Watermark, late.SourceOffset));
        Assert.Equal(T0, books.WatermarkMs);
    }

    [Fact]
    public void At_the_watermark_is_not_late_and_1_ms_before_is()
    {
        CallBench bench = new();
        bench.Give(Metric(T0 + LatenessMs), Metric(T0), Metric(T0 - 1));
        Assert.Equal((2L, 1L), (bench.Books.Aggregated, bench.Books.Late));
    }

    [Fact]
    public void At_the_limit_is_not_future_and_a_future_one_moves_no_watermark()
    {
        CallBench bench = new();
        bench.Give(Metric(AppendTimeMs + Options.FutureLimitMs + 1), Metric(long.MaxValue));
        Assert.Null(bench.Books.WatermarkMs);
        bench.Give(Metric(AppendTimeMs + Options.FutureLimitMs));
        Assert.Equal((1L, 2L), (bench.Books.Aggregated, bench.Books.Dead));
    }

    [Fact]
    public void Duplicates_are_found_within_the_horizon_and_are_late_beyond()
    {
        CallBench bench = new();
        bench.Give(Metric(T0, id: "a")).MoveWatermarkTo(T0).Give(Metric(T0, id: "a"));
        Assert.Equal((1L, 0L), (bench.Books.Duplicate, bench.Books.Late));
        bench.MoveWatermarkTo(T0 + 1).Give(Metric(T0, id: "a"));
        Assert.Equal((1L, 1L), (bench.Books.Duplicate, bench.Books.Late));
    }

    [Fact]
    public void Events_without_an_id_are_never_duplicates()
    {
        CallBench bench = new();
        bench.Give(Metric(T0), Metric(T0));
        Assert.Equal((2L, 0L), (bench.Books.Aggregated, bench.Books.Duplicate));
    }

    [Fact]
    public void Past_the_cap_the_oldest_ids_go_and_are_counted()
    {
        CallBench bench = new(Options with { SeenEventsMax = 2 });
        bench.Give(
            Metric(T0, id: "a"), Metric(T0 + 10_000, id: "b"), Metric(T0 + 20_000, id: "c"));
        Assert.Equal(1, bench.Books.ForgottenIds);
        bench.Give(Metric(T0 + 20_000, id: "c"), Metric(T0, id: "a"));
        Assert.Equal((4L, 1L), (bench.Books.Aggregated, bench.Books.Duplicate));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-0.001)]
    [InlineData(1_992_864)]
    public void An_absurd_metric_is_invalid(double pdd)
    {
        CallBench bench = new();
        bench.Give(Metric(T0, pdd, metric: "pdd"));
        Assert.Equal("invalid", Assert.Single(bench.Dead).Reason);
        Assert.Empty(bench.Partials);
    }

    [Fact]
    public void An_absurd_value_in_a_summary_is_set_aside_and_the_rest_counts()
    {
        CallBench bench = new();
        bench.Give(Summary("c", T0, pdd: -3, mos: 4));
        Assert.Equal((1L, 1L), (bench.Books.Aggregated, bench.Books.SetAside));
        Assert.Null(bench.Total[Metrics.Pdd]);
        Assert.Equal(4, bench.Total[Metrics.Mos]!.Mean);
        Assert.Equal(1, bench.Total.Counts.Calls);
    }

    [Fact]
    public void Unknown_metrics_pass_with_any_finite_value()
    {
        CallBench bench = new();
        bench.Give(Metric(T0, -1e12, metric: "mood"), Metric(T0, double.NaN, metric: "mood"));
        Assert.Equal((1L, 1L), (bench.Books.Aggregated, bench.Books.Dead));
        Assert.Equal(-1e12, bench.Total[Metrics.End]!.Sum);
    }

    [Fact]
    public void A_skipped_record_becomes_a_dead_letter()
    {
        CallBench bench = new();
        EpochOutputs outputs = new(Topics.Default, 0);
        bench.Stage.Skip(Batch(7, Metric(T0)), 0, "boom", outputs);
        DeadLetter row = SideRecords.ReadDead(outputs.Take()[0].Records[0]);
        Assert.Equal(("failed", "boom", 7L), (row.Reason, row.Detail, row.SourceOffset));
        Assert.True(bench.Books is { Read: 1, Dead: 1, Balanced: true });
    }

    [Fact]
    public void Nothing_is_given_out_while_suppressed_but_everything_is_counted()
    {
        CallBench bench = new();
        EpochOutputs outputs = new(Topics.Default, 0) { Suppressed = true };
        bench.Stage.Apply(Batch(0, Metric(0)), 0, outputs);
        bench.Stage.EndEpoch(0, 1, idle: false, outputs);
        Assert.Empty(outputs.Take());
        Assert.Equal(1, bench.Books.Dead);
    }

    /// <summary>Ignores empty records.</summary>
    private sealed class PickyDecoder : IRecordDecoder
    {
        private readonly EnvelopeDecoder inner = new();

        public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
        {
            if (!record.IsEmpty)
                return inner.Decode(record, into);
            into.Reset();
            return DecodeResult.Ignored;
        }

        public ulong RoutingHash(ReadOnlySpan<byte> record) => inner.RoutingHash(record);
    }
}
