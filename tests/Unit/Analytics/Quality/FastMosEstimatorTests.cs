using Earshot.Analytics.Quality;

namespace Earshot.Tests.Unit.Analytics.Quality;

/// <summary>The estimator of the hot path against the one that explains itself.</summary>
public sealed class FastMosEstimatorTests
{
    private static readonly string?[] Codecs =
        [null, "", "PCMU", "G729", "G.728", "GSM", "opus", "mine"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void It_gives_the_same_score_to_the_last_bit_and_names_the_same_inputs(int seed)
    {
        Random random = new(seed);
        int estimates = 0;
        for (int setting = 0; setting < 20; setting++)
        {
            MosEstimator full = Setting(random, isDefault: setting == 0);
            FastMosEstimator fast = new(full);
            for (int i = 0; i < 200; i++)
            {
                StreamQuality stream = Stream(random);
                FastMos? found = fast.Estimate(fast.FactorsOf(stream.Codec), stream);
                MosEstimate? expected = full.Estimate(stream);
                Assert.Equal(expected is null, found is null);
                if (expected is null)
                    continue;
                estimates++;
                Assert.Equal(expected.Mos, found!.Value.Mos);
                Assert.Equal(expected.AssumedInputs, found.Value.Assumed);
            }
        }

        Assert.InRange(estimates, 2000, 4000);
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        FastMosEstimator fast = new(new MosEstimator());
        CodecFactors codec = fast.FactorsOf("PCMU");
        StreamQuality stream = new(LossPercent: 2, RttMs: 120, JitterMs: 9, BurstRatio: 1.5);
        double sum = fast.Estimate(codec, stream)!.Value.Mos;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            sum += fast.Estimate(codec, stream)!.Value.Mos;
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.InRange(sum, 1001, 1001 * 4.5);
    }

    [Fact]
    public void Settings_out_of_range_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new FastMosEstimator(new MosEstimator { RttShare = 0 }));

    private static MosEstimator Setting(Random random, bool isDefault)
    {
        if (isDefault)
            return new MosEstimator();
        EModelParameters connection = EModelParameters.Default;
        foreach (EModelParameter parameter in EModelParameters.All)
        {
            bool isBounded = parameter.Max < double.MaxValue;
            if (isBounded && random.Next(2) == 0)
            {
                connection = parameter.Set(connection, parameter.Min
                    + (random.NextDouble() * (parameter.Max - parameter.Min)));
            }
        }

        return new MosEstimator
        {
            Codecs = CodecTable.Standard.With(new Codec("mine", 3, 12, "a test")),
            DefaultCodec = CodecTable.Standard.Find(random.Next(2) == 0 ? "PCMU" : "GSM")!,
            Connection = connection,
            RttShare = 1 - (random.NextDouble() * 0.9),
        };
    }

    private static StreamQuality Stream(Random random)
    {
        double? Maybe(double most) => random.Next(6) switch
        {
            0 or 1 => null,
            2 => 0,
            3 when random.Next(4) == 0 => new[] { double.NaN, -1, double.PositiveInfinity }
                [random.Next(3)],
            _ => random.NextDouble() * most,
        };
        return new StreamQuality(
            Codecs[random.Next(Codecs.Length)], Maybe(random.Next(2) == 0 ? 5 : 110), Maybe(4),
            random.Next(4) == 0 ? Maybe(600) : null, Maybe(600), Maybe(900), Maybe(50));
    }
}
