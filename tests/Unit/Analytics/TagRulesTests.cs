using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

public class TagRulesTests
{
    private static readonly TagRules Rules = new();

    private static readonly CallFacts NoCall = new(null, null, null, null, null, null, null, false);

    private static readonly ReportFacts NoReport =
        new(null, null, null, null, null, null, null, null, null, false, false);

    [Fact]
    public void WhatIsMissingRaisesNothing()
    {
        Assert.Equal(Tags.None, Rules.OfCall(NoCall));
        Assert.Equal(Tags.None, Rules.OfCall(NoCall with { IsClientEdge = true }));
        Assert.Equal(Tags.None, Rules.OfReport(NoReport));
        Assert.Equal(Tags.None, Rules.OfReport(NoReport with { IsClientEdge = true }));
    }

    [Fact]
    public void PacketLossAboveItsLimit() => AboveLimit(
        5,
        Tags.HighPacketLoss | Tags.BadNetwork,
        value => NoCall with { PacketLossPercent = value },
        value => NoReport with { PacketLossPercent = value });

    [Fact]
    public void MeanJitterAboveItsLimitWithAHighPeak() => AboveLimit(
        5,
        Tags.HighJitter | Tags.BadNetwork,
        value => NoCall with { AvgJitterMs = value, MaxJitterMs = 31 },
        value => NoReport with { JitterMs = value, MaxJitterMs = 31 });

    [Fact]
    public void PeakJitterAboveItsLimitWithAHighMean() => AboveLimit(
        30,
        Tags.HighJitter | Tags.BadNetwork,
        value => NoCall with { AvgJitterMs = 6, MaxJitterMs = value },
        value => NoReport with { JitterMs = 6, MaxJitterMs = value });

    [Fact]
    public void OneOfTheTwoJittersIsNotEnough()
    {
        Assert.Equal(Tags.None, Rules.OfCall(NoCall with { AvgJitterMs = 500 }));
        Assert.Equal(Tags.None, Rules.OfCall(NoCall with { MaxJitterMs = 500 }));
        Assert.Equal(Tags.None, Rules.OfReport(NoReport with { JitterMs = 500 }));
    }

    [Fact]
    public void LatencyOfAGatewayAboveItsLimit() => AboveLimit(
        150,
        Tags.HighLatency,
        value => NoCall with { AvgLatencyMs = value, RttMs = 9999 },
        value => NoReport with { LatencyMs = value, RttMs = 9999 });

    [Fact]
    public void RoundTripOfAClientAboveItsLimit() => AboveLimit(
        400,
        Tags.HighLatency,
        value => NoCall with { RttMs = value, AvgLatencyMs = 9999, IsClientEdge = true },
        value => NoReport with { RttMs = value, LatencyMs = 9999, IsClientEdge = true });

    [Fact]
    public void MosBelowItsLimit()
    {
        foreach ((double mos, Tags expected) in new[]
        {
            (Math.BitDecrement(3.5), Tags.LowMos), (3.5, Tags.None),
            (Math.BitIncrement(3.5), Tags.None),
        })
        {
            Assert.Equal(expected, Rules.OfCall(NoCall with { Mos = mos }));
            Assert.Equal(expected, Rules.OfReport(NoReport with { Mos = mos }));
        }
    }

    [Fact]
    public void PddAboveItsLimit()
    {
        Assert.Equal(Tags.None, Rules.OfCall(NoCall with { PddSeconds = 6 }));
        Assert.Equal(
            Tags.HighPdd, Rules.OfCall(NoCall with { PddSeconds = Math.BitIncrement(6.0) }));
    }

    [Fact]
    public void IceFailure()
    {
        Assert.Equal(Tags.IceFailure, Rules.OfCall(NoCall with { IceFailed = true }));
        Assert.Equal(Tags.IceFailure, Rules.OfReport(NoReport with { IceFailed = true }));
    }

    [Theory]
    [InlineData(500L, 0.0, 0.0, Tags.Silent)]
    [InlineData(0L, null, null, Tags.Silent)]
    [InlineData(0L, null, 0.0, Tags.Silent)]
    [InlineData(0L, 0.3, 0.0, Tags.Silent)]
    [InlineData(0L, null, 0.2, Tags.OneWayAudio)]
    [InlineData(500L, 0.0, 0.2, Tags.OneWayAudio)]
    [InlineData(500L, 0.2, 0.0, Tags.OneWayAudio)]
    [InlineData(null, 0.2, 0.0, Tags.OneWayAudio)]
    [InlineData(null, 0.0, 0.0, Tags.Silent)]
    [InlineData(500L, 0.2, 0.1, Tags.None)]
    [InlineData(500L, 0.0, null, Tags.None)]
    [InlineData(500L, null, 0.0, Tags.None)]
    [InlineData(500L, null, null, Tags.None)]
    public void SilenceAndOneWayAudio(
        long? packets, double? levelIn, double? levelOut, Tags expected)
    {
        ReportFacts facts = NoReport with
        {
            PacketsReceived = packets,
            AudioLevelIn = levelIn,
            AudioLevelOut = levelOut,
        };
        Assert.Equal(expected, Rules.OfReport(facts));
    }

    [Fact]
    public void TheSilentLevelIsALimitToo()
    {
        TagRules rules = Rules with { SilentAudioLevelMax = 0.01 };
        ReportFacts facts = NoReport with { AudioLevelIn = 0.01, AudioLevelOut = 0.0 };
        Assert.Equal(Tags.Silent, rules.OfReport(facts));
        Assert.Equal(Tags.OneWayAudio, rules.OfReport(facts with { AudioLevelIn = 0.0101 }));
    }

    [Fact]
    public void TheDefaultsAreValidAndErrorsNameKeyValueAndRange()
    {
        Rules.Validate();
        Assert.Equal(
            "PacketLossPercentMax is 101; allowed is 0 to 100.",
            Refused(Rules with { PacketLossPercentMax = 101 }));
        Assert.Equal(
            "RttMsMax is -1; allowed is a finite number of at least 0.",
            Refused(Rules with { RttMsMax = -1 }));
        Assert.Equal("MosMin is 0.5; allowed is 1 to 5.", Refused(Rules with { MosMin = 0.5 }));
        Assert.Contains("NaN", Refused(Rules with { PddSecondsMax = double.NaN }));
        Refused(Rules with { LatencyMsMax = double.PositiveInfinity });
        Refused(Rules with { JitterMeanMsMax = -1 });
        Refused(Rules with { JitterPeakMsMax = -1 });
        Refused(Rules with { SilentAudioLevelMax = 2 });

        static string Refused(TagRules rules) =>
            Assert.Throws<ArgumentException>(rules.Validate).Message;
    }

    [Fact]
    public void NamesAreInBitOrderAndReadBack()
    {
        Assert.Equal(TagNames.Count, TagNames.All.Count);
        Assert.Equal(TagNames.Count, Enum.GetValues<Tags>().Length - 1);
        Assert.Equal("high_packet_loss", TagNames.All[0]);
        Assert.Equal("bad_network", TagNames.All[8]);
        for (int bit = 0; bit < TagNames.Count; bit++)
        {
            Tags tag = (Tags)(1 << bit);
            Assert.True(Enum.IsDefined(tag));
            Assert.Equal(tag, TagNames.Parse(TagNames.All[bit]));
            Assert.Equal(tag, TagNames.Parse(TagNames.All[bit].ToUpperInvariant()));
            string joined = TagNames.All[bit].Replace("_", "", StringComparison.Ordinal);
            Assert.Equal(tag.ToString(), joined, ignoreCase: true);
        }

        Assert.Equal("low_mos,silent", TagNames.Format(Tags.Silent | Tags.LowMos));
        Assert.Equal("", TagNames.Format(Tags.None));
        Assert.False(TagNames.TryParse(null, out _));
        string message = Assert.Throws<FormatException>(() => TagNames.Parse("loud")).Message;
        Assert.Contains("'loud' is not a tag", message);
        Assert.Contains("one_way_audio", message);
    }

    private static void AboveLimit(
        double limit, Tags tags, Func<double, CallFacts> call, Func<double, ReportFacts> report)
    {
        foreach ((double value, Tags expected) in new[]
        {
            (Math.BitDecrement(limit), Tags.None), (limit, Tags.None),
            (Math.BitIncrement(limit), tags), (double.NaN, Tags.None),
        })
        {
            Assert.Equal(expected, Rules.OfCall(call(value)));
            Assert.Equal(expected, Rules.OfReport(report(value)));
        }
    }
}
