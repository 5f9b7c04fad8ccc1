using Earshot.Analytics.Quality;

namespace Earshot.Tests.Unit.Analytics.Quality;

public class MosEstimatorTests
{
    private static readonly MosEstimator Estimator = new();

    [Fact] // rtt + 2 · jitter + 10 ms, VOICE.md section 5.
    public void Effective_latency()
    {
        Assert.Equal(100 + 30 + 10, EffectiveLatency.OfRoundTrip(100, 15));
        Assert.Equal(50 + 30 + 10, EffectiveLatency.OfRoundTrip(100, 15, 0.5));
        Assert.Equal(70 + 30 + 10, EffectiveLatency.OfOneWay(70, 15));
        Assert.Throws<ArgumentOutOfRangeException>(() => EffectiveLatency.OfRoundTrip(-1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => EffectiveLatency.OfOneWay(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => EffectiveLatency.OfRoundTrip(double.NaN, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => EffectiveLatency.OfRoundTrip(1, 0, 0));
    }

    /// <summary>
    /// By hand: G.729A+VAD, 2 % loss: Ie,eff = 11 + 84·2 / 21 = 19. Delay 100 + 2·45 + 10 = 200 ms:
    /// Id = 3.5708 + 0.9353 + 3.0444 (see EModelTests). R = 94.7688 − 1.4136 − 7.5505 − 19 =
    /// 66.8047, MOS = 1 + 0.035·R + R·(R − 60)·(100 − R)·7e−6 = 3.4438.
    /// </summary>
    [Fact]
    public void All_known()
    {
        MosEstimate estimate = Estimator.Estimate(new StreamQuality(
            "G729", 2, BurstRatio: 1, RttMs: 100, JitterMs: 45))!;

        Assert.Equal(200, estimate.DelayMs);
        Assert.Equal(66.8047, estimate.R, 5e-4);
        Assert.Equal(3.4438, estimate.Mos, 5e-4);
        Assert.Equal("G.729A+VAD", estimate.Codec.Name);
        Assert.Equal(UserSatisfaction.ManyDissatisfied, estimate.Satisfaction);
        Assert.Empty(estimate.Assumed);
        Assert.Empty(estimate.Extrapolated);
    }

    [Fact]
    public void Without_codec_and_loss_there_is_no_estimate()
    {
        Assert.Null(Estimator.Estimate(default));
        Assert.Null(Estimator.Estimate(new StreamQuality(RttMs: 80, JitterMs: 3)));
        Assert.Null(Estimator.Estimate(new StreamQuality("opus", RttMs: 80)));
        Assert.Null(Estimator.Estimate(new StreamQuality(LossPercent: double.NaN)));
        Assert.Null(Estimator.Estimate(new StreamQuality(LossPercent: -0.1)));
        Assert.Null(Estimator.Estimate(new StreamQuality(LossPercent: 100.1)));
    }

    [Fact]
    public void Codec_alone()
    {
        MosEstimate estimate = Estimator.Estimate(new StreamQuality("PCMU"))!;
        Assert.Equal(93.2, Math.Round(estimate.R, 1));
        Assert.Equal(
            [Missing(EstimateInput.Loss, 0), Missing(EstimateInput.Delay, 0)],
            estimate.Assumed);
    }

    [Fact] // 95·1 / (1 + 4.3) = 17.9245, the defaults of G.107.
    public void Loss_alone()
    {
        MosEstimate estimate = Estimator.Estimate(new StreamQuality(LossPercent: 1))!;
        Assert.Equal(93.2062 - 17.9245, estimate.R, 1e-3);
        Assert.Equal(
            [
                Missing(EstimateInput.Codec, 0), Missing(EstimateInput.BurstRatio, 1),
                Missing(EstimateInput.Delay, 0),
            ],
            estimate.Assumed);
    }

    [Fact]
    public void A_codec_without_values_is_named_as_such()
    {
        MosEstimate opus = Estimator.Estimate(
            new StreamQuality("opus", 0, OneWayMs: 20, JitterMs: 1))!;
        Assert.Equal(
            [new AssumedInput(EstimateInput.Codec, AssumedWhy.Unknown, 0)], opus.Assumed);

        MosEstimate gsm = Estimator.Estimate(
            new StreamQuality("GSM", 1, 1, OneWayMs: 20, JitterMs: 1))!;
        Assert.Equal(
            [new AssumedInput(EstimateInput.Bpl, AssumedWhy.Unknown, 4.3)], gsm.Assumed);
        Assert.Equal(20 + (75 * 1 / 5.3), gsm.Rating.IeEff, 1e-9);

        MosEstimate lossless = Estimator.Estimate(
            new StreamQuality("GSM", 0, OneWayMs: 20, JitterMs: 1))!;
        Assert.Empty(lossless.Assumed);
    }

    [Fact]
    public void Delay_is_taken_from_the_best_that_is_known()
    {
        StreamQuality all = new("PCMU", 0, 1, MouthToEarMs: 170, OneWayMs: 60, RttMs: 90, 5);
        Assert.Equal(170, Estimator.Estimate(all)!.DelayMs);
        Assert.Equal(80, Estimator.Estimate(all with { MouthToEarMs = null })!.DelayMs);
        StreamQuality rtt = all with { MouthToEarMs = -1, OneWayMs = double.NaN };
        Assert.Equal(110, Estimator.Estimate(rtt)!.DelayMs);
        Assert.Equal(65, (Estimator with { RttShare = 0.5 }).Estimate(rtt)!.DelayMs);

        MosEstimate noJitter = Estimator.Estimate(rtt with { JitterMs = null })!;
        Assert.Equal(100, noJitter.DelayMs);
        Assert.Equal([Missing(EstimateInput.Jitter, 0)], noJitter.Assumed);

        MosEstimate none = Estimator.Estimate(rtt with { RttMs = null })!;
        Assert.Equal(0, none.DelayMs);
        Assert.Equal(
            [new AssumedInput(EstimateInput.Delay, AssumedWhy.Impossible, 0)], none.Assumed);
    }

    [Fact]
    public void What_cannot_be_counts_as_missing_and_is_named()
    {
        MosEstimate estimate = Estimator.Estimate(
            new StreamQuality("PCMU", -3, 1, OneWayMs: 10, JitterMs: double.NaN))!;
        Assert.Equal(
            [
                new AssumedInput(EstimateInput.Loss, AssumedWhy.Impossible, 0),
                new AssumedInput(EstimateInput.Jitter, AssumedWhy.Impossible, 0),
            ],
            estimate.Assumed);

        AssumedInput low = Assert.Single(Estimator.Estimate(
            new StreamQuality("PCMU", 3, 0.8, MouthToEarMs: 10))!.Assumed);
        Assert.Equal(
            new AssumedInput(EstimateInput.BurstRatio, AssumedWhy.BelowRange, 1), low);
        AssumedInput nan = Assert.Single(Estimator.Estimate(
            new StreamQuality("PCMU", 3, double.NaN, MouthToEarMs: 10))!.Assumed);
        Assert.Equal(AssumedWhy.Impossible, nan.Why);
    }

    [Fact] // 95·60 / (60 + 4.3) = 88.647: the formula goes on, and says that it does.
    public void Beyond_the_ranges_of_the_standard()
    {
        MosEstimate estimate = Estimator.Estimate(
            new StreamQuality("PCMU", 60, 1, MouthToEarMs: 2000))!;
        Assert.Equal(["T", "Tr", "Ta", "Ppl"], estimate.Extrapolated);
        Assert.Equal(88.647, estimate.Rating.IeEff, 1e-3);
        Assert.Equal(1, estimate.Mos);
        Assert.Empty(Estimator.Estimate(
            new StreamQuality("PCMU", 20, 8, MouthToEarMs: 500))!.Extrapolated);
    }

    [Fact]
    public void More_loss_delay_or_jitter_never_raises_the_score()
    {
        Random random = new(6076);
        string[] codecs = ["PCMU", "G729", "opus", "GSM", "G711PLC"];
        for (int i = 0; i < 3000; i++)
        {
            StreamQuality stream = new(
                codecs[random.Next(codecs.Length)],
                random.NextDouble() * 100,
                1 + random.NextDouble(),
                RttMs: random.NextDouble() * 900,
                JitterMs: random.NextDouble() * 80);
            double more = random.NextDouble();
            double mos = Estimator.Estimate(stream)!.Mos;
            StreamQuality lossier = stream with
            {
                LossPercent = stream.LossPercent + (more * (100 - stream.LossPercent)),
            };
            StreamQuality slower = stream with { RttMs = stream.RttMs + (100 * more) };
            StreamQuality shakier = stream with { JitterMs = stream.JitterMs + (50 * more) };

            Assert.InRange(mos, 1, 4.5);
            foreach (StreamQuality worse in new[] { lossier, slower, shakier })
                Assert.True(Estimator.Estimate(worse)!.Mos <= mos + 1e-9, $"{worse}");
        }
    }

    [Fact]
    public void Settings_are_checked()
    {
        Estimator.Validate();
        Assert.Throws<ArgumentOutOfRangeException>(
            (Estimator with { RttShare = 1.5 }).Validate);
        Assert.Throws<ArgumentOutOfRangeException>(
            (Estimator with { Connection = new EModelParameters { Slr = 99 } }).Validate);
    }

    private static AssumedInput Missing(EstimateInput input, double taken) =>
        new(input, AssumedWhy.Missing, taken);
}
