using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Analytics.Quality;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;
using static Earshot.Tests.Unit.Actors.Inputs;

namespace Earshot.Tests.Unit.Actors;

/// <summary>Which stream reports get an estimated MOS, and what is counted of it.</summary>
public sealed class ReportEstimateTests
{
    [Fact]
    public void A_given_score_stays_and_is_counted_as_given()
    {
        Cell total = Total(
            new StreamReport { Mos = 2.5, Codec = "PCMU", PacketLossPercentage = 0 });
        Assert.Equal(2.5, total[Metrics.Mos]!.Mean);
        Assert.Equal((1, 0), (total.Counts.MosGiven, total.Counts.MosEstimated));
    }

    /// <summary>
    /// ITU-T G.107: with the defaults R = 93.2, MOS 4.41; here with a delay of 0 + 2 · 0 + 10 ms,
    /// which costs less than a tenth of R.
    /// </summary>
    [Fact]
    public void With_everything_known_nothing_is_assumed()
    {
        Cell total = Total(new StreamReport
        {
            Codec = "PCMU",
            PacketLossPercentage = 0,
            Latency = 0,
            Jitter = 0,
        });
        Assert.Equal(4.41, total[Metrics.Mos]!.Mean, 0.01);
        Assert.Equal(1, total.Counts.MosEstimated);
        Assert.Equal(AssumedInputs.None, AssumedOf(total.Counts));
        Assert.Equal(4, total.Counts.Values);
    }

    public static TheoryData<StreamReport, AssumedInputs> Missing() => new()
    {
        { new StreamReport { PacketLossPercentage = 2, BurstRatio = 1, Rtt = 9, Jitter = 1 },
            AssumedInputs.CodecMissing },
        { new StreamReport { Codec = "mystery", PacketLossPercentage = 0, Rtt = 9, Jitter = 1 },
            AssumedInputs.CodecUnknown },
        { new StreamReport { Codec = "G728", PacketLossPercentage = 2, BurstRatio = 1, Rtt = 9,
            Jitter = 1 }, AssumedInputs.BplUnknown },
        { new StreamReport { Codec = "PCMU", Rtt = 9, Jitter = 1 }, AssumedInputs.Loss },
        { new StreamReport { Codec = "PCMU", PacketLossPercentage = 2, Rtt = 9, Jitter = 1 },
            AssumedInputs.BurstRatio },
        { new StreamReport { Codec = "PCMU", PacketLossPercentage = 0, Jitter = 1 },
            AssumedInputs.Delay },
        { new StreamReport { Codec = "PCMU", PacketLossPercentage = 0, Rtt = 9 },
            AssumedInputs.Jitter },
        { new StreamReport { Codec = "PCMU", Mos = 17 },
            AssumedInputs.Loss | AssumedInputs.Delay },
    };

    [Theory]
    [MemberData(nameof(Missing))]
    public void What_is_not_known_is_counted(StreamReport report, AssumedInputs assumed)
    {
        Cell total = Total(report);
        Assert.Equal(1, total[Metrics.Mos]!.Count);
        Assert.Equal((0, 1), (total.Counts.MosGiven, total.Counts.MosEstimated));
        Assert.Equal(assumed, AssumedOf(total.Counts));
    }

    public static TheoryData<StreamReport> Unknown() =>
    [
        new StreamReport { Rtt = 9, Jitter = 1 },
        new StreamReport { Codec = "mystery", Rtt = 9, Jitter = 1 },
        new StreamReport { Codec = "PCMU", RemotePacketLossPercentage = 9, Rtt = 9 },
    ];

    [Theory]
    [MemberData(nameof(Unknown))]
    public void Nothing_is_invented_without_codec_and_loss_or_of_another_direction(
        StreamReport report)
    {
        Cell total = Total(report);
        Assert.Null(total[Metrics.Mos]);
        Assert.Equal((0, 0), (total.Counts.MosGiven, total.Counts.MosEstimated));
    }

    [Fact]
    public void An_estimate_can_be_low_mos()
    {
        int lowMos = TagNames.All.ToList().IndexOf("low_mos");
        Cell bad = Total(new StreamReport { Codec = "PCMU", PacketLossPercentage = 10 });
        Assert.Equal(1, bad.Counts.TagReports(lowMos));
        Cell good = Total(new StreamReport { Codec = "PCMU", PacketLossPercentage = 0 });
        Assert.Equal(0, good.Counts.TagReports(lowMos));
    }

    [Fact]
    public void Loss_of_counters_and_a_codec_of_ones_own_are_used()
    {
        StreamReport report = new()
        {
            Codec = "opus/48000",
            StreamId = "s",
            PacketsReceivedTotal = 95,
            PacketsLostTotal = 5,
        };
        MosOptions own = new()
        {
            Codecs = new MosOptions().Codecs.SetItem("Opus", new Codec("Opus", 10, 20, "a test")),
        };
        Cell total = Total(report, Options with { Mos = own });

        // Ie,eff = 10 + 85 * 5 / (5 / 1 + 20) = 27 off the 93.2 of the defaults.
        Assert.Equal(RatingScale.MosOf(93.2 - 27), total[Metrics.Mos]!.Mean, 0.01);
        Assert.Equal(AssumedInputs.BurstRatio | AssumedInputs.Delay, AssumedOf(total.Counts));
    }

    [Fact]
    public void Switched_off_nothing_is_estimated()
    {
        Cell total = Total(
            new StreamReport { Codec = "PCMU", PacketLossPercentage = 0 },
            Options with { Mos = new MosOptions { Estimate = false } });
        Assert.Null(total[Metrics.Mos]);
    }

    private static Cell Total(StreamReport report, PipelineOptions? options = null)
    {
        StreamReport timed = report.Clone();
        timed.EventTime = T0;
        CallBench bench = new(options);
        return bench.Give(new Envelope { StreamReport = timed }.ToByteArray()).Total;
    }

    private static AssumedInputs AssumedOf(CallCounts counts)
    {
        AssumedInputs all = AssumedInputs.None;
        foreach (AssumedInputs input in Enum.GetValues<AssumedInputs>())
        {
            if (input != AssumedInputs.None && counts.MosWithout(input) > 0)
                all |= input;
        }

        return all;
    }
}
