using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Schemas.V1;
using static Earshot.Tests.Unit.Actors.Inputs;
using PipelineOptions = Earshot.Actors.PipelineOptions;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

/// <summary>The row per call: what it says, and when there is one.</summary>
public sealed class FinishedRowsTests
{
    private static readonly PipelineOptions On = Options with { ArchiveCalls = true };

    [Fact]
    public void A_complete_summary_with_reports_says_where_each_value_is_from()
    {
        CallBench bench = new(On);
        bench.Give(
            Step("c", State.Initialized, T0), Media("c", T0 + 1000, Say),
            Summary("c", T0 + 9000, pdd: 7, score: 0.25, carrier: "a"));
        FinishedCall row = Assert.Single(Rows(bench));
        Assert.Equal(
            new FinishedCall
            {
                Key = new RowKey { Grouping = "call", Dimensions = { ["carrier"] = "a" } },
                CallId = "c", Started = T0, Ended = T0 + 9000, State = "answered",
                ClosedBy = "complete_summary", Pdd = 7, PddBasis = "summary", PddLimit = 6,
                Score = 0.25, PacketLoss = 10, Mos = 3, PacketsIn = 90, AudioLevelIn = 0,
                FromReports = { "packet_loss", "mos" }, Reports = 1, SourceOffset = 2,
                Tags =
                {
                    Decision("high_packet_loss", "packet_loss", 10, 5, "reports"),
                    Decision("high_pdd", "pdd", 7, 6, "summary"),
                    Decision("low_mos", "mos", 3, 3.5, "reports"),
                    Decision("silent", "audio_level_in", 0, 0, "reports"),
                    Decision("bad_network", "packet_loss", 10, 5, "reports"),
                },
            },
            row);

        static void Say(StreamReport report) => (report.PacketsReceived, report.PacketsLost,
            report.Mos, report.AudioLevelIn) = (90, 10, 3, 0);
    }

    [Fact]
    public void Signalling_says_when_it_began_and_how_long_it_took()
    {
        CallBench bench = new(On);
        bench.Give(
            Step("c", State.Initialized, T0, sip: 100), Step("c", State.Ringing, T0 + 2000),
            Step("c", State.Answered, T0 + 5000, sip: 200),
            Step("c", State.Failed, T0 + 20_000, sip: 408)).End();
        FinishedCall row = Assert.Single(Rows(bench));
        Assert.Equal(
            ("signalling", "dropped", T0, T0 + 20_000, 408),
            (row.ClosedBy, row.State, row.Started, row.Ended, row.SipResponse));
        Assert.Equal((2, "steps", 15), (row.Pdd, row.PddBasis, row.ConnectDuration));
        Assert.False(row.HasSourceOffset);
        Assert.Empty(row.Tags);
    }

    [Fact]
    public void A_partial_summary_counts_when_no_complete_one_comes()
    {
        CallBench bench = new(On);
        bench.Give(Pdd("c", T0, 7), Summary("c", T0 + 9000, partial: true, mos: 4)).End();
        FinishedCall row = Assert.Single(Rows(bench));
        Assert.Equal(
            ("partial_summary", 7, "event", 4),
            (row.ClosedBy, row.Pdd, row.PddBasis, row.Mos));
        Assert.Equal(Decision("high_pdd", "pdd", 7, 6, "event"), Assert.Single(row.Tags));
    }

    [Fact]
    public void A_call_given_up_says_why_and_what_was_known_until_then()
    {
        CallBench bench = new(On);
        bench.Give(
            Step("c", State.Initialized, T0), Step("c", State.Answered, T0 + 7000, sip: 200),
            Media("c", T0 + 9000, r => r.Mos = 1), Media("media", T0, r => r.Mos = 1)).End();
        FinishedCall row = Assert.Single(Rows(bench));
        Assert.Equal(
            new FinishedCall
            {
                Key = new RowKey { Grouping = "call" },
                CallId = "c", Started = T0, Ended = T0 + Options.CallLimitMs, State = "no_end",
                ClosedBy = "limit", SipResponse = 200, Pdd = 7, PddBasis = "steps", PddLimit = 6,
                Mos = 1, FromReports = { "mos" }, Reports = 1,
                Tags =
                {
                    Decision("high_pdd", "pdd", 7, 6, "steps"),
                    Decision("low_mos", "mos", 1, 3.5, "reports"),
                },
            },
            row);
        Assert.Equal(0, bench.Stage.Progress.SetAside);
    }

    // 9 s of c were told by an event, and the steps of d are two days apart: that cannot be.
    [Fact]
    public void The_delay_of_a_call_given_up_is_the_counted_one_and_no_absurd_one()
    {
        const long DayMs = 86_400_000;
        CallBench bench = new(On with { CallLimitMs = 3 * DayMs, LatenessMs = 3 * DayMs });
        bench.Give(
            Step("c", State.Initialized, T0), Pdd("c", T0 + 1000, 9),
            Step("d", State.Initialized, T0), Step("d", State.Answered, T0 + (2 * DayMs))).End();
        FinishedCall[] rows = [.. Rows(bench).OrderBy(row => row.CallId)];
        Assert.Equal(("event", 9.0), (rows[0].PddBasis, rows[0].Pdd));
        Assert.Equal(Decision("high_pdd", "pdd", 9, 6, "event"), Assert.Single(rows[0].Tags));
        Assert.Equal(("", false, 0), (rows[1].PddBasis, rows[1].HasPdd, rows[1].Tags.Count));
        Assert.Equal(0, bench.Stage.Progress.SetAside);
    }

    [Fact]
    public void A_learned_limit_is_named_with_its_hour_and_its_samples()
    {
        PipelineOptions options = On with { PddSamplesMin = 2, LatenessMs = LatenessMs };
        CallBench bench = new(options);
        long hour = PddHours.StartOf(T0);
        long later = hour + (3 * PddHours.HourMs);
        bench.Give(
            Call("x", hour + 1, 1), Call("y", hour + 2, 2), Call("c", later, 2.5),
            Call("d", later, 2));
        FinishedCall[] rows = [.. Rows(bench).Where(row => row.Ended == later)];
        foreach (FinishedCall row in rows)
        {
            Assert.Equal(
                (2.0, hour + (2 * PddHours.HourMs), 2L),
                (row.PddLimit, row.PddLimitHour, row.PddLimitSamples));
        }

        TagDecision decision = Assert.Single(rows[0].Tags);
        Assert.Equal(
            ("high_pdd", 2.5, 2.0, hour + (2 * PddHours.HourMs), 2L),
            (decision.Tag, decision.Value, decision.Limit, decision.BaselineHour,
                decision.Samples));
        Assert.Empty(rows[1].Tags);

        static byte[] Call(string id, long at, double pdd)
        {
            Envelope envelope = Envelope.Parser.ParseFrom(Summary(id, at, pdd: pdd));
            envelope.CallSummary.Dimensions.Add("country", "CH");
            return Google.Protobuf.MessageExtensions.ToByteArray(envelope);
        }
    }

    [Fact]
    public void A_row_has_an_id_of_its_own()
    {
        CallBench bench = new(On);
        bench.Give(
            Summary("c", T0), Summary("d", T0), Summary("c", T0 + LatenessMs), Summary("", T0),
            Summary("", T0)).End();
        string topic = On.Topics.Finished;
        List<string> ids = bench.Of(topic, record =>
            record.Headers.TryGet(RowIds.Name, out ReadOnlySpan<byte> id)
                ? System.Text.Encoding.UTF8.GetString(id) : "");
        Assert.Equal(5, ids.Distinct().Count());
        Assert.EndsWith($"/{T0}/complete_summary", ids[0], StringComparison.Ordinal);
        Assert.Equal($"{On.Topics.Calls}-0-3/call", ids[3]);
        Assert.Equal(["c", "d", "c", "", ""], Rows(bench).Select(row => row.CallId));
    }

    [Fact]
    public void Unless_asked_for_there_is_none()
    {
        CallBench bench = new();
        bench.Give(Summary("c", T0)).End();
        Assert.Empty(bench.Of(On.Topics.Finished, record => record.Value.Length));
        Assert.DoesNotContain(Options.Topics.Archived, t => t.Table == "calls");
        Assert.Contains((On.Topics.Finished, "calls"), On.Topics.Archived);
    }

    private static List<FinishedCall> Rows(CallBench bench) =>
        bench.Of(On.Topics.Finished, record => FinishedCall.Parser.ParseFrom(record.Value));

    private static TagDecision Decision(
        string tag, string input, double value, double limit, string basis) => new()
        {
            Tag = tag, Input = input, Value = value, Limit = limit, Basis = basis,
        };
}
