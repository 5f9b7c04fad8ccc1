using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

/// <summary>
/// Every limit: at it, the next number below and above, missing, and at every edge. Defaults are
/// those of Twilio's published rules (Voice Insights, "Call tags").
/// </summary>
public class TagRulesTests
{
    private static readonly TagRules Rules = new();

    public static TheoryData<Edge> AllEdges => [.. Enum.GetValues<Edge>()];

    [Theory]
    [MemberData(nameof(AllEdges))]
    public void What_is_missing_is_not_known(Edge edge)
    {
        Assert.Equal(default, Rules.OfCall(new CallFacts { Edge = edge }));
        Assert.Equal(default, Rules.OfReport(new ReportFacts { Edge = edge }));
    }

    [Theory]
    [MemberData(nameof(AllEdges))]
    public void Packet_loss_is_high_above_5_percent(Edge edge) => RaisedAbove(
        5, Tags.HighPacketLoss | Tags.BadNetwork,
        value => new CallFacts { Edge = edge, PacketLossPercent = value },
        value => new ReportFacts { Edge = edge, PacketLossPercent = value });

    [Theory]
    [MemberData(nameof(AllEdges))]
    public void Jitter_is_high_above_a_mean_of_5_ms_where_the_peak_is_high(Edge edge) =>
        RaisedAbove(
            5, Tags.HighJitter | Tags.BadNetwork,
            value => new CallFacts { Edge = edge, AvgJitterMs = value, MaxJitterMs = 31 },
            value => new ReportFacts { Edge = edge, JitterMs = value, MaxJitterMs = 31 });

    [Theory]
    [MemberData(nameof(AllEdges))]
    public void Jitter_is_high_above_a_peak_of_30_ms_where_the_mean_is_high(Edge edge) =>
        RaisedAbove(
            30, Tags.HighJitter | Tags.BadNetwork,
            value => new CallFacts { Edge = edge, AvgJitterMs = 6, MaxJitterMs = value },
            value => new ReportFacts { Edge = edge, JitterMs = 6, MaxJitterMs = value });

    [Theory]
    [MemberData(nameof(AllEdges))]
    public void Jitter_is_high_above_1_percent_of_packets_200_ms_late(Edge edge) => RaisedAbove(
        1, Tags.HighJitter | Tags.BadNetwork,
        value => new CallFacts { Edge = edge, DelayedPercent = value },
        value => new ReportFacts { Edge = edge, DelayedPercent = value });

    [Theory]
    [InlineData(null, null, null, null)]
    [InlineData(500.0, null, null, null)]
    [InlineData(null, 500.0, null, null)]
    [InlineData(5.0, null, null, false)]
    [InlineData(null, 30.0, null, false)]
    [InlineData(5.0, 500.0, null, false)]
    [InlineData(500.0, 30.0, null, false)]
    [InlineData(500.0, 500.0, null, true)]
    [InlineData(500.0, null, 1.0, false)]
    [InlineData(500.0, null, 2.0, true)]
    [InlineData(5.0, 30.0, 2.0, true)]
    [InlineData(500.0, 500.0, 0.0, true)]
    public void Jitter_is_judged_by_what_is_known(
        double? mean, double? peak, double? delayed, bool? expected)
    {
        CallFacts facts = new()
        {
            AvgJitterMs = mean,
            MaxJitterMs = peak,
            DelayedPercent = delayed,
        };
        Assert.Equal(expected, Answer(Rules.OfCall(facts), Tags.HighJitter));
        Assert.Equal(expected, Answer(Rules.OfCall(facts), Tags.BadNetwork));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(5.0, null, false)]
    [InlineData(6.0, null, true)]
    [InlineData(null, 1.0, false)]
    [InlineData(null, 2.0, true)]
    [InlineData(5.0, 2.0, true)]
    [InlineData(6.0, 1.0, true)]
    [InlineData(5.0, 1.0, false)]
    public void A_bad_network_is_one_of_loss_and_jitter(
        double? loss, double? delayed, bool? expected) => Assert.Equal(
            expected,
            Answer(
                Rules.OfCall(new CallFacts { PacketLossPercent = loss, DelayedPercent = delayed }),
                Tags.BadNetwork));

    [Theory]
    [InlineData(Edge.Unknown)]
    [InlineData(Edge.Carrier)]
    [InlineData(Edge.Sip)]
    public void Latency_of_a_gateway_is_high_above_150_ms(Edge edge)
    {
        RaisedAbove(
            150, Tags.HighLatency,
            value => new CallFacts { Edge = edge, AvgLatencyMs = value, RttMs = 9999 },
            value => new ReportFacts { Edge = edge, LatencyMs = value, RttMs = 9999 });
        Assert.Equal(default, Rules.OfCall(new CallFacts { Edge = edge, RttMs = 9999 }));
    }

    [Theory]
    [InlineData(Edge.Client)]
    [InlineData(Edge.Sdk)]
    public void Round_trip_of_a_client_is_high_above_400_ms(Edge edge)
    {
        RaisedAbove(
            400, Tags.HighLatency,
            value => new CallFacts { Edge = edge, RttMs = value, AvgLatencyMs = 9999 },
            value => new ReportFacts { Edge = edge, RttMs = value, LatencyMs = 9999 });
        Assert.Equal(default, Rules.OfCall(new CallFacts { Edge = edge, AvgLatencyMs = 9999 }));
    }

    [Theory]
    [MemberData(nameof(AllEdges))]
    public void Mos_is_low_below_3_5(Edge edge)
    {
        foreach ((double mos, bool? expected) in ((double, bool?)[])[
            (Math.BitDecrement(3.5), true), (3.5, false), (Math.BitIncrement(3.5), false),
            (double.NaN, null)])
        {
            TagResult call = Rules.OfCall(new CallFacts { Edge = edge, Mos = mos });
            TagResult report = Rules.OfReport(new ReportFacts { Edge = edge, Mos = mos });
            Assert.Equal(expected, Answer(call, Tags.LowMos));
            Assert.Equal(call, report);
        }
    }

    [Theory]
    [MemberData(nameof(AllEdges))]
    public void Pdd_is_high_above_6_s_or_above_what_is_learned(Edge edge)
    {
        foreach ((double limit, double? learned) in ((double, double?)[])[
            (6, null), (2.5, 2.5), (11, 11)])
        {
            CallFacts facts = new() { Edge = edge, PddLimitSeconds = learned };
            Assert.Equal(default, Rules.OfCall(facts));
            RaisedAbove(limit, Tags.HighPdd, value => facts with { PddSeconds = value });
        }
    }

    [Theory]
    [InlineData(Edge.Unknown, true, true)]
    [InlineData(Edge.Unknown, false, false)]
    [InlineData(Edge.Client, true, true)]
    [InlineData(Edge.Client, null, null)]
    [InlineData(Edge.Sdk, true, true)]
    [InlineData(Edge.Sdk, false, false)]
    [InlineData(Edge.Carrier, true, null)]
    [InlineData(Edge.Sip, true, null)]
    public void Ice_fails_where_there_is_ice(Edge edge, bool? failed, bool? expected)
    {
        CallFacts call = new() { Edge = edge, IceFailed = failed };
        ReportFacts report = new() { Edge = edge, IceFailed = failed };
        Assert.Equal(expected, Answer(Rules.OfCall(call), Tags.IceFailure));
        Assert.Equal(expected, Answer(Rules.OfReport(report), Tags.IceFailure));
    }

    [Fact]
    public void An_edge_has_the_common_limits_but_for_its_own()
    {
        TagLimit mos = TagLimit.All.Single(limit => limit.Name == "mos");
        TagRules rules = new TagRules().With(Edge.Sdk, mos, 3)
            .With(new TagLimits { MosMin = 4, PacketLossPercentMax = 1 });
        Assert.Equal((3, 1), (rules.Of(Edge.Sdk).MosMin, rules.Of(Edge.Sdk).PacketLossPercentMax));
        Assert.Equal(4, rules.Of(Edge.Client).MosMin);
        Assert.Equal(4, rules.Of(Edge.Unknown).MosMin);
        Assert.Equal((3.0, null), (rules.OwnLimit(Edge.Sdk, mos), rules.OwnLimit(Edge.Sip, mos)));
        Assert.Equal(4, rules.With(Edge.Sdk, mos, null).Of(Edge.Sdk).MosMin);
        CallFacts facts = new() { Mos = 3.2 };
        Assert.Equal(Tags.LowMos, rules.OfCall(facts).Raised);
        Assert.Equal(Tags.None, rules.OfCall(facts with { Edge = Edge.Sdk }).Raised);
    }

    [Fact]
    public void Errors_name_the_setting_the_value_and_the_range()
    {
        Assert.Equal(
            "tags.packet-loss-percent is 101; allowed is a number from 0 to 100.",
            Refused(new TagLimits { PacketLossPercentMax = 101 }));
        Assert.Equal(
            "tags.rtt-ms is -1; allowed is a number from 0 to 1000000000.",
            Refused(new TagLimits { RttMsMax = -1 }));
        Assert.Contains("NaN", Refused(new TagLimits { PddSecondsMax = double.NaN }));
        Assert.Equal(
            "tags.sdk_edge.mos is 0.5; allowed is a number from 1 to 5.",
            Assert.Throws<ArgumentException>(() => Rules.With(
                Edge.Sdk, TagLimit.All.Single(limit => limit.Name == "mos"), 0.5)).Message);
        foreach (TagLimit limit in TagLimit.All)
        {
            foreach (double value in (double[])[limit.Least, limit.Most])
                Assert.Equal(value, limit.Of(Rules.With(limit.With(new(), value)).Common));
            Refused(limit.With(new(), Math.BitDecrement(limit.Least)));
            Refused(limit.With(new(), Math.BitIncrement(limit.Most)));
        }

        static string Refused(TagLimits limits) =>
            Assert.Throws<ArgumentException>(() => new TagRules(limits)).Message;
    }

    [Fact]
    public void Edges_are_known_by_name()
    {
        foreach (Edge edge in Edges.Named)
            Assert.Equal(edge, Edges.Of(Edges.NameOf(edge)));
        Assert.Equal("sdk_edge", Edges.NameOf(Edge.Sdk));
        Assert.Equal(Edge.Unknown, Edges.Of(null));
        Assert.Equal(Edge.Unknown, Edges.Of(""));
        Assert.Equal(Edge.Unknown, Edges.Of("SDK"));
    }

    private static bool? Answer(TagResult result, Tags tag) =>
        (result.Known & tag) == 0 ? null : (result.Raised & tag) != 0;

    private static void RaisedAbove(
        double limit, Tags tags, Func<double, CallFacts> call,
        Func<double, ReportFacts>? report = null)
    {
        foreach ((double value, Tags raised, Tags known) in ((double, Tags, Tags)[])[
            (Math.BitDecrement(limit), Tags.None, tags), (limit, Tags.None, tags),
            (Math.BitIncrement(limit), tags, tags), (double.NaN, Tags.None, Tags.None)])
        {
            TagResult expected = new(raised, known);
            Assert.Equal(expected, Rules.OfCall(call(value)));
            if (report is not null)
                Assert.Equal(expected, Rules.OfReport(report(value)));
        }
    }
}
