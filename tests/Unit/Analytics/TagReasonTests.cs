using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

/// <summary>Why a tag is raised or not: the input that decided, its value, its limit.</summary>
public class TagReasonTests
{
    private static readonly TagRules Rules = new();

    [Fact]
    public void Of_a_value_and_its_limit()
    {
        CallFacts gateway = new()
        {
            PacketLossPercent = 6,
            AvgLatencyMs = 149,
            RttMs = 500,
            Mos = 2,
            PddSeconds = 7,
            IceFailed = true,
        };
        IsReason(gateway, Tags.HighPacketLoss, TagInput.PacketLoss, 6, 5);
        IsReason(gateway, Tags.HighLatency, TagInput.AvgLatency, 149, 150);
        IsReason(gateway, Tags.LowMos, TagInput.Mos, 2, 3.5);
        IsReason(gateway, Tags.HighPdd, TagInput.Pdd, 7, 6);
        IsReason(gateway with { PddLimitSeconds = 9 }, Tags.HighPdd, TagInput.Pdd, 7, 9);
        IsReason(gateway, Tags.IceFailure, TagInput.Ice, 1, 0);
        IsReason(gateway with { IceFailed = false }, Tags.IceFailure, TagInput.Ice, 0, 0);
        IsReason(gateway with { Edge = Edge.Sdk }, Tags.HighLatency, TagInput.Rtt, 500, 400);
    }

    [Theory]
    [InlineData(6.0, 31.0, null, TagInput.AvgJitter, 6, 5)]
    [InlineData(6.0, 31.0, 2.0, TagInput.AvgJitter, 6, 5)]
    [InlineData(4.0, 31.0, null, TagInput.AvgJitter, 4, 5)]
    [InlineData(6.0, 29.0, null, TagInput.MaxJitter, 29, 30)]
    [InlineData(4.0, 29.0, 2.0, TagInput.DelayedPackets, 2, 1)]
    [InlineData(4.0, 29.0, 0.5, TagInput.AvgJitter, 4, 5)]
    [InlineData(6.0, null, 0.5, TagInput.DelayedPackets, 0.5, 1)]
    public void Of_jitter(
        double? mean, double? peak, double? delayed, TagInput input, double value, double limit)
    {
        CallFacts facts = new()
        {
            AvgJitterMs = mean,
            MaxJitterMs = peak,
            DelayedPercent = delayed,
        };
        IsReason(facts, Tags.HighJitter, input, value, limit);
        IsReason(facts, Tags.BadNetwork, input, value, limit);
    }

    [Theory]
    [InlineData(6.0, 2.0, TagInput.PacketLoss)]
    [InlineData(4.0, 2.0, TagInput.DelayedPackets)]
    [InlineData(4.0, 0.5, TagInput.PacketLoss)]
    [InlineData(null, 0.5, TagInput.DelayedPackets)]
    public void Of_a_bad_network(double? loss, double? delayed, TagInput input)
    {
        CallFacts facts = new() { PacketLossPercent = loss, DelayedPercent = delayed };
        Assert.Equal(input, Rules.Explain(facts, Tags.BadNetwork)!.Value.Input);
    }

    [Fact]
    public void Of_silence_is_the_direction_that_decides()
    {
        CallFacts oneWay = new()
        {
            In = new MediaDirection(400, 0.3),
            Out = new MediaDirection(0, null),
        };
        IsReason(oneWay, Tags.OneWayAudio, TagInput.PacketsOut, 0, 0);
        IsReason(oneWay, Tags.Silent, TagInput.AudioLevelIn, 0.3, 0);
        CallFacts silent = new() { In = new MediaDirection(400, 0) };
        IsReason(silent, Tags.Silent, TagInput.AudioLevelIn, 0, 0);
        ReportFacts report = new() { PacketsReceived = 0, PacketsSent = 7 };
        Assert.Equal(
            new TagReason(Tags.OneWayAudio, TagInput.PacketsIn, 0, 0),
            Rules.Explain(report, Tags.OneWayAudio));
    }

    [Fact]
    public void Of_what_is_not_known_is_none()
    {
        foreach (Tags tag in Enum.GetValues<Tags>())
            Assert.Null(Rules.Explain(default(CallFacts), tag));
    }

    [Fact]
    public void Every_known_tag_has_one()
    {
        double?[] values = [null, 0.0, 3.0, 8.0, 700.0, double.NaN];
        Random random = new(11);
        double? Any() => values[random.Next(values.Length)];
        for (int i = 0; i < 3000; i++)
        {
            CallFacts facts = new()
            {
                Edge = (Edge)random.Next(Edges.Count),
                PddSeconds = Any(),
                PacketLossPercent = Any(),
                AvgJitterMs = Any(),
                MaxJitterMs = Any(),
                DelayedPercent = Any(),
                AvgLatencyMs = Any(),
                RttMs = Any(),
                Mos = Any(),
                In = new MediaDirection((long?)Whole(Any()), Any()),
                Out = new MediaDirection((long?)Whole(Any()), Any()),
                IceFailed = random.Next(2) == 0 ? null : random.Next(2) == 0,
            };
            TagResult result = Rules.OfCall(facts);
            Assert.Equal(result.Raised, result.Raised & result.Known);
            for (int bit = 0; bit < TagNames.Count; bit++)
            {
                Tags tag = (Tags)(1 << bit);
                TagReason? reason = Rules.Explain(facts, tag);
                Assert.Equal((result.Known & tag) != 0, reason is not null);
                Assert.False(reason is { Value: double.NaN });
            }
        }

        static double? Whole(double? value) => value is double.NaN ? null : value;
    }

    private static void IsReason(
        in CallFacts facts, Tags tag, TagInput input, double value, double limit) =>
        Assert.Equal(new TagReason(tag, input, value, limit), Rules.Explain(facts, tag));
}
