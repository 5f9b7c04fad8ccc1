using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

/// <summary>silent and one_way_audio from packets and levels of both directions.</summary>
public class TagSilenceTests
{
    private static readonly TagRules Rules = new();

    // Packets and level in, packets and level out; whether silent, whether one-way.
    [Theory]
    [InlineData(null, null, null, null, null, null)]
    // One direction alone decides silent, never one-way.
    [InlineData(0L, null, null, null, true, null)]
    [InlineData(500L, 0.0, null, null, true, null)]
    [InlineData(null, 0.0, null, null, true, null)]
    [InlineData(500L, 0.2, null, null, false, null)]
    [InlineData(500L, null, null, null, false, null)]
    [InlineData(null, null, 0L, null, true, null)]
    [InlineData(null, null, null, 0.2, false, null)]
    // Both are quiet: no packets, or no sound.
    [InlineData(0L, null, 0L, null, true, false)]
    [InlineData(0L, null, 500L, 0.0, true, false)]
    [InlineData(500L, 0.0, 500L, 0.0, true, false)]
    // No packets come: the level is an old one.
    [InlineData(0L, 0.3, null, 0.0, true, false)]
    // One is without packets, the other has some.
    [InlineData(0L, null, 500L, null, false, true)]
    [InlineData(500L, null, 0L, null, false, true)]
    [InlineData(0L, null, null, 0.2, false, true)]
    [InlineData(0L, 0.3, 500L, 0.2, false, true)]
    // One is silent, the other is heard.
    [InlineData(500L, 0.0, 500L, 0.2, false, true)]
    [InlineData(null, 0.2, null, 0.0, false, true)]
    // One is silent, the other has packets: whether it is heard is not known.
    [InlineData(500L, 0.0, 500L, null, false, null)]
    [InlineData(500L, null, null, 0.0, false, null)]
    // Both flow.
    [InlineData(500L, 0.2, 500L, 0.1, false, false)]
    [InlineData(500L, null, 500L, null, false, false)]
    [InlineData(500L, 0.2, 500L, null, false, false)]
    // A level that is no number is missing.
    [InlineData(null, double.NaN, 0L, null, true, null)]
    public void By_packets_and_levels_of_both_directions(
        long? packetsIn, double? levelIn, long? packetsOut, double? levelOut, bool? silent,
        bool? oneWay)
    {
        TagResult report = Rules.OfReport(new ReportFacts
        {
            PacketsReceived = packetsIn,
            AudioLevelIn = levelIn,
            PacketsSent = packetsOut,
            AudioLevelOut = levelOut,
        });
        TagResult call = Rules.OfCall(new CallFacts
        {
            In = new MediaDirection(packetsIn, levelIn),
            Out = new MediaDirection(packetsOut, levelOut),
        });
        Assert.Equal(call, report);
        Assert.Equal(silent, Answer(call, Tags.Silent));
        Assert.Equal(oneWay, Answer(call, Tags.OneWayAudio));
    }

    [Fact]
    public void A_level_above_the_limit_is_heard()
    {
        TagRules rules = new(new TagLimits { SilentAudioLevelMax = 0.01 });
        ReportFacts facts = new() { AudioLevelIn = 0.01, AudioLevelOut = 0.0 };
        Assert.Equal(Tags.Silent, rules.OfReport(facts).Raised);
        ReportFacts below = facts with { AudioLevelIn = Math.BitDecrement(0.01) };
        Assert.Equal(Tags.Silent, rules.OfReport(below).Raised);
        ReportFacts above = facts with { AudioLevelIn = Math.BitIncrement(0.01) };
        Assert.Equal(Tags.OneWayAudio, rules.OfReport(above).Raised);
    }

    private static bool? Answer(TagResult result, Tags tag) =>
        (result.Known & tag) == 0 ? null : (result.Raised & tag) != 0;
}
