using System.Text;
using Earshot.Actors;
using Earshot.Analytics.Warnings;
using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;
using static Earshot.Tests.Unit.Actors.Inputs;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

public sealed class LiveWarningTests
{
    private const double Bad = 5.1, Good = 5;
    private const long EveryMs = 10_000;
    private const long KeepMs = 60_000;
    private const long RaisedMs = T0 + (2 * EveryMs);

    // An estimated MOS would raise a warning of its own.
    private static readonly PipelineOptions Given = Options with
    {
        Mos = new MosOptions { Estimate = false },
    };

    [Fact]
    public void The_third_bad_report_of_a_stream_raises_its_warning()
    {
        CallBench bench = new(Given);
        bench.Give(
            Loss(T0, Bad, "s", "c", carrier: "a"), Loss(T0 + EveryMs, Bad, "s", "c"),
            Loss(RaisedMs, 7.5, "s", "c", carrier: "b"));
        Assert.Equal(
            new Warning
            {
                Key = new RowKey { Grouping = "stream", Dimensions = { ["carrier"] = "b" } },
                CallId = "c", StreamId = "s", Warning_ = "high_packet_loss", Raised = true,
                EventTime = RaisedMs, Value = 7.5, Limit = 5, RaisedAt = RaisedMs,
                Cause = "samples", SamplesCrossed = 3, SamplesKnown = 3, SourceOffset = 2,
                Input = "packet_loss",
            },
            Assert.Single(bench.Warnings));
        Assert.Equal((1L, 0L, 1L), CountsOf(bench));
    }

    [Fact]
    public void Five_good_reports_clear_it_and_repeat_what_it_was_raised_with()
    {
        CallBench bench = Raised();
        Give(bench, RaisedMs + EveryMs, Good, Good, Good, Good, 0.5);
        Assert.Equal(
            new Warning
            {
                Key = new RowKey { Grouping = "stream", Dimensions = { ["carrier"] = "a" } },
                CallId = "c", StreamId = "s", Warning_ = "high_packet_loss",
                EventTime = RaisedMs + 50_000, Value = 0.5, Limit = 5, RaisedAt = RaisedMs,
                DurationS = 50, Cause = "samples", SamplesKnown = 5, SourceOffset = 7,
                Input = "packet_loss",
            },
            bench.Warnings.Last());
        Assert.Equal((1L, 1L, 0L), CountsOf(bench));
    }

    [Fact]
    public void A_report_that_does_not_say_is_no_sample()
    {
        CallBench bench = new(Given);
        bench.Give(
            Loss(T0, Bad), Loss(T0 + 1000, Bad), Media("", T0 + 2000, r => r.Rtt = 1, "s"),
            Media("", T0 + 3000, r => r.Rtt = 1, "s"), Media("", T0 + 4000, r => r.Rtt = 1, "s"));
        Assert.Empty(bench.Warnings);
        bench.Give(Loss(T0 + 5000, Bad));
        Assert.Equal(3, Assert.Single(bench.Warnings).SamplesKnown);
    }

    [Fact]
    public void A_report_older_than_the_newest_is_counted_and_no_sample()
    {
        CallBench bench = new(Given);
        bench.Give(Loss(T0 + 2000, Bad), Loss(T0 + 1000, Bad), Loss(T0 + 1999, Bad));
        Assert.Empty(bench.Warnings);
        Assert.Equal(2, bench.Books.SamplesOutOfOrder);

        // Two reports of one time are both real.
        bench.Give(Loss(T0 + 2000, Bad), Loss(T0 + 2000, Bad));
        Assert.Single(bench.Warnings);
    }

    [Fact]
    public void Streams_do_not_mix_and_reports_without_one_have_no_warnings()
    {
        CallBench bench = new(Given);
        for (int i = 0; i < 2; i++)
            bench.Give(Loss(T0 + i, Bad, "a"), Loss(T0 + i, Bad, "b"));
        for (int i = 0; i < 9; i++)
            bench.Give(Loss(T0 + i, Bad, stream: ""));
        Assert.Empty(bench.Warnings);
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(3_000_000, true)]
    public void Without_reports_for_the_keep_time_it_is_cleared_at_that_time(
        long watermarkPastMs, bool isCleared)
    {
        CallBench bench = Raised();
        bench.Give(Loss(RaisedMs + 7000, Good, "s", "c"));
        long endMs = RaisedMs + 7000 + KeepMs;
        bench.MoveWatermarkTo(endMs + watermarkPastMs);
        Warning[] expected = isCleared ? [Ended(endMs)] : [];
        Assert.Equal(expected, bench.Warnings.Skip(1));
    }

    [Fact]
    public void A_report_after_the_keep_time_ends_the_stream_and_begins_it_anew()
    {
        CallBench bench = Raised();
        long nextMs = RaisedMs + KeepMs;
        bench.Give(Loss(nextMs, Bad, "s", "c"), Loss(nextMs + 1, Bad, "s", "c"));
        Warning ended = Ended(nextMs);
        (ended.SamplesCrossed, ended.SamplesKnown) = (3, 3);
        Assert.Equal([ended], bench.Warnings.Skip(1));
        bench.Give(Loss(nextMs + 2, Bad, "s", "c"));
        Assert.Equal(nextMs + 2, bench.Warnings.Last().RaisedAt);
    }

    [Fact]
    public void Just_before_the_keep_time_is_over_the_stream_goes_on()
    {
        CallBench bench = Raised();
        bench.Give(Loss(RaisedMs + KeepMs - 1, Bad, "s", "c"));
        Assert.Single(bench.Warnings);
    }

    [Fact]
    public void A_stream_that_goes_on_is_not_over_when_its_first_timer_is_due()
    {
        CallBench bench = Raised();
        for (int i = 1; i <= 20; i++)
            bench.Give(Loss(RaisedMs + (i * EveryMs), Bad, "s", "c"));
        bench.MoveWatermarkTo(RaisedMs + (20 * EveryMs) + KeepMs - 1);
        Assert.Single(bench.Warnings);
        bench.MoveWatermarkTo(RaisedMs + (20 * EveryMs) + KeepMs);
        Assert.Equal("stream_ended", bench.Warnings.Last().Cause);
    }

    [Fact]
    public void The_end_of_the_input_ends_every_stream()
    {
        CallBench bench = Raised();
        bench.End();
        Warning ended = Ended(RaisedMs + KeepMs);
        (ended.SamplesCrossed, ended.SamplesKnown) = (3, 3);
        Assert.Equal(ended, bench.Warnings.Last());
        Assert.Equal((1L, 1L, 0L), CountsOf(bench));
    }

    [Fact]
    public void Each_condition_of_a_stream_has_a_warning_of_its_own()
    {
        CallBench bench = new(Given);
        for (int i = 0; i < 3; i++)
        {
            StreamReport report = new()
            {
                EventTime = T0 + i, StreamId = "s", PacketLossPercentage = 9, Jitter = 6,
                MaxJitter = 31, Mos = 3.4, Latency = 151, AudioLevelIn = 0, AudioLevelOut = 1,
            };
            bench.Give(new Envelope { StreamReport = report }.ToByteArray());
        }

        Assert.Equal(
            ["high_packet_loss", "high_jitter", "high_latency", "low_mos", "one_way_audio"],
            bench.Warnings.Select(w => w.Warning_));
    }

    [Fact]
    public void An_estimated_mos_is_a_sample_too()
    {
        CallBench bench = new(Options);
        Give(bench, T0, 20, 20, 20);
        Assert.Equal(
            ["high_packet_loss", "low_mos"], bench.Warnings.Select(w => w.Warning_));
    }

    [Fact]
    public void Switched_off_there_are_none()
    {
        CallBench bench = new(Options with { Warnings = new WarningRule { IsOn = false } });
        Give(bench, T0, Bad, Bad, Bad, Bad);
        bench.End();
        Assert.Empty(bench.Warnings);
    }

    [Fact]
    public void Rows_are_keyed_by_call_else_stream_and_have_an_id_of_their_own()
    {
        CallBench bench = Raised();
        for (int i = 0; i < 3; i++)
            bench.Give(Loss(RaisedMs + i, Bad, "lone"));
        bench.End();
        string topic = Topics.Default.Warnings;
        Assert.Equal(
            ["c", "lone", "c", "lone"],
            bench.Of(topic, record => Encoding.UTF8.GetString(record.Key)));
        Assert.Equal(
            [
                "earshot.calls.v1-0-2/high_packet_loss/raised",
                "earshot.calls.v1-0-5/high_packet_loss/raised",
                "earshot.calls.v1-0-2/high_packet_loss/stream_ended",
                "earshot.calls.v1-0-5/high_packet_loss/stream_ended",
            ],
            bench.Of(topic, record => IdOf(record)));
    }

    [Fact]
    public void A_steps_event_of_the_same_call_is_no_sample()
    {
        CallBench bench = Raised();
        for (int i = 1; i < 9; i++)
            bench.Give(Step("c", State.Ringing, RaisedMs + (i * 1000)));
        Assert.Single(bench.Warnings);
    }

    /// <summary>Three bad reports of stream s in call c, at T0, T0 + 10 s and RaisedMs.</summary>
    private static CallBench Raised()
    {
        CallBench bench = new(Given);
        Give(bench, T0, Bad, Bad, Bad);
        Assert.True(Assert.Single(bench.Warnings).Raised);
        return bench;
    }

    private static void Give(CallBench bench, long fromMs, params double[] losses)
    {
        for (int i = 0; i < losses.Length; i++)
            bench.Give(Loss(fromMs + (i * EveryMs), losses[i], "s", "c", carrier: "a"));
    }

    private static Warning Ended(long endMs) => new()
    {
        Key = new RowKey { Grouping = "stream", Dimensions = { ["carrier"] = "a" } },
        CallId = "c", StreamId = "s", Warning_ = "high_packet_loss", EventTime = endMs,
        RaisedAt = RaisedMs, DurationS = (endMs - RaisedMs) / 1000.0, Cause = "stream_ended",
        SamplesCrossed = 3, SamplesKnown = 4, SourceOffset = 2,
    };

    private static (long, long, long) CountsOf(CallBench bench) => (
        bench.Books.WarningsRaised, bench.Books.WarningsCleared, bench.Books.WarningsActive);

    private static string IdOf(LogRecord record) =>
        record.Headers.TryGet("earshot-id"u8, out ReadOnlySpan<byte> id)
            ? Encoding.UTF8.GetString(id) : "";
}
