using Earshot.Analytics.Quality;

namespace Earshot.Tests.Unit.Analytics.Quality;

/// <summary>The E-model against ITU-T G.107 (06/2015).</summary>
public class EModelTests
{
    /// <summary>
    /// G.107, clause 7.7: "the calculation results in a very high quality with a rating factor of
    /// R = 93.2". By hand from the formulas of clause 7:
    /// OLR = 8 + 2 = 10.
    /// Nos = 35 − 8 − 3 − 100 + 0.004·(35 − 10 − 3 − 14)² = −76 + 0.256 = −75.744.
    /// Pre = 35 + 10·lg(1 + 10^−0.8) = 35.6389, Nor = 2 − 121 + 35.6389 + 0.008·0.6389² = −83.3578.
    /// Nfo = −64 + 2 = −62. No = 10·lg(10^−7 + 10^−7.5744 + 10^−8.33578 + 10^−6.2) = −61.1792.
    /// Ro = 15 − 1.5·(8 − 61.1792) = 94.7688.
    /// Xolr = 10 + 0.2·(64 − 61.1792 − 2) = 10.1642, Iolr = 20·((1 + 1.2705^8)^(1/8) − 1.2705).
    /// Q = 37, G = 1.07 + 9.546 + 82.4138 = 93.0298, Y = −0.3487 + 5.4762 − 10.3366 = −5.2092,
    /// Z = 1.5333 − 2.3257 = −0.7924, Iq = 15·lg(1 + 10^−5.2092 + 10^−0.7924) = 0.9741.
    /// Rle = 10.5·117 = 1228.5, half = (94.7688 − 1228.5) / 2 = −566.8656,
    /// Idle = −566.8656 + √(566.8656² + 169) = 0.1490.
    /// R = 94.7688 − (0.4402 − 0.0007 + 0.9741) − 0.1490 = 93.2062.
    /// </summary>
    [Fact]
    public void Defaults_of_G107_give_R_93_2_and_MOS_4_41()
    {
        EModel result = EModel.Rate(EModelParameters.Default);

        Assert.Equal(93.2, Math.Round(result.R, 1));
        Assert.Equal(93.2062, result.R, 4e-5);
        Assert.Equal(4.41, Math.Round(result.Mos, 2));
        Assert.Equal(-75.744, result.Nos, 1e-9);
        Assert.Equal(-83.3578, result.Nor, 5e-5);
        Assert.Equal(-62, result.Nfo, 1e-9);
        Assert.Equal(-61.1792, result.No, 5e-5);
        Assert.Equal(94.7688, result.Ro, 5e-5);
        Assert.Equal(0.4402, result.Iolr, 5e-5);
        Assert.Equal(-0.0007, result.Ist, 5e-5);
        Assert.Equal(0.9741, result.Iq, 5e-5);
        Assert.Equal(0, result.Idte);
        Assert.Equal(0.1490, result.Idle, 5e-5);
        Assert.Equal(0, result.Idd);
        Assert.Equal(0, result.IeEff);
        Assert.Equal(result.Ro - result.Is - result.Id - result.IeEff + result.A, result.R);
    }

    [Theory] // G.107, table of default values and permitted ranges (clause 7.7).
    [InlineData("SLR", 8, 0, 18)]
    [InlineData("RLR", 2, -5, 14)]
    [InlineData("STMR", 15, 10, 20)]
    [InlineData("LSTR", 18, 13, 23)]
    [InlineData("Ds", 3, -3, 3)]
    [InlineData("Dr", 3, -3, 3)]
    [InlineData("TELR", 65, 5, 65)]
    [InlineData("WEPL", 110, 5, 110)]
    [InlineData("T", 0, 0, 500)]
    [InlineData("Tr", 0, 0, 1000)]
    [InlineData("Ta", 0, 0, 500)]
    [InlineData("sT", 1, 0.4, 1)]
    [InlineData("mT", 100, 20, 150)]
    [InlineData("qdu", 1, 1, 14)]
    [InlineData("Ie", 0, 0, 40)]
    [InlineData("Bpl", 4.3, 4.3, 40)]
    [InlineData("Ppl", 0, 0, 20)]
    [InlineData("BurstR", 1, 1, 8)]
    [InlineData("Nc", -70, -80, -40)]
    [InlineData("Ps", 35, 35, 85)]
    [InlineData("Pr", 35, 35, 85)]
    [InlineData("A", 0, 0, 20)]
    public void Parameter(string symbol, double value, double min, double max)
    {
        EModelParameters defaults = EModelParameters.Default;
        EModelParameter parameter = EModelParameters.All.Single(p => p.Symbol == symbol);

        Assert.Equal(value, parameter.Default);
        Assert.Equal((min, max), (parameter.Min, parameter.Max));
        Assert.True(double.IsFinite(EModel.Rate(defaults.With(symbol, min)).R));
        Assert.True(double.IsFinite(EModel.Rate(defaults.With(symbol, max)).R));
        Assert.Equal(max, defaults.With(symbol.ToLowerInvariant(), max)[symbol]);
        foreach (double outside in new[] { min - 1e-6, max + 1e-6, double.NaN })
        {
            EModelParameters wrong = parameter.Set(defaults, outside);
            ArgumentOutOfRangeException refused =
                Assert.Throws<ArgumentOutOfRangeException>(() => EModel.Rate(wrong));
            Assert.Equal(symbol, refused.ParamName);
            Assert.Contains(symbol + " is ", refused.Message, StringComparison.Ordinal);
            Assert.Equal([symbol], wrong.OutOfRange());
            Assert.Throws<ArgumentOutOfRangeException>(() => defaults.With(symbol, outside));
        }
    }

    [Fact]
    public void The_noise_floor_is_free_but_finite()
    {
        Assert.Equal(23, EModelParameters.All.Count);
        Assert.Equal(-64, EModelParameters.Default.Nfor);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => EModelParameters.Default.With("Nfor", double.NegativeInfinity));
        Assert.Contains(
            "Bpl", Assert.Throws<ArgumentException>(() => EModelParameters.Default["bps"]).Message,
            StringComparison.Ordinal);
    }

    /// <summary>
    /// Idd of G.107 by hand, mT = 100 ms, sT = 1.
    /// 150: X = log2 1.5 = 0.584963, 25·(1.040066^(1/6) − 3·1.000055^(1/6) + 2) = 0.1635.
    /// 200: X = 1, 25·(2^(1/6) − 3·(1 + 3^−6)^(1/6) + 2) = 25·(1.122462 − 3.000685 + 2) = 3.0444.
    /// 400: X = 2, 25·(65^(1/6) − 3·(1 + (2/3)^6)^(1/6) + 2) = 25·(2.005175 − 3.042371 + 2)
    /// = 24.0701.
    /// </summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(99.9, 0)]
    [InlineData(100, 0)]
    [InlineData(150, 0.1635)]
    [InlineData(200, 3.0444)]
    [InlineData(400, 24.0701)]
    public void Delay_without_echo(double ta, double idd)
    {
        EModel result = EModel.Rate(EModelParameters.Default with { Ta = ta });
        Assert.Equal(idd, result.Idd, 5e-5);
        Assert.Equal(idd, 93.20621 - result.R, 1e-4);
    }

    /// <summary>
    /// G.107, table of delay sensitivity classes: less sensitive users lose less. By hand for
    /// sT = 0.4, mT = 150 at 300 ms: X = 1, n = 2.4, 25·(2^(1/2.4) − 3·(1 + 3^−2.4)^(1/2.4) + 2)
    /// = 25·(1.334840 − 3.087698 + 2) = 6.1786.
    /// </summary>
    [Fact]
    public void Delay_of_less_sensitive_users()
    {
        Assert.Equal(6.1786, EModel.DelayImpairment(300, 150, 0.4), 5e-5);
        Assert.True(EModel.DelayImpairment(300, 120, 0.55) < EModel.DelayImpairment(300));
        Assert.Equal(0, EModel.DelayImpairment(150, 150, 0.4));
    }

    /// <summary>
    /// Delay with the default echo (TELR 65, WEPL 110), Ta = T = Tr / 2. By hand for 100 ms:
    /// TERV = 65 − 40·lg(11 / 1.666667) + 0 = 65 − 32.7818 = 32.2182,
    /// Re = 80 + 2.5·18.2182 = 125.5455, Roe = −1.5·(−61.1792 − 2) = 94.7688,
    /// half = −15.3884, Idte = −15.3884 + √(15.3884² + 100) − 1 = 1.9638;
    /// Rle = 1228.5·201^−0.25 = 326.267, half = −115.749, Idle = 0.7277; Idd = 0.
    /// </summary>
    [Theory]
    [InlineData(100, 1.9638, 0.7277, 90.6637)]
    [InlineData(150, 2.8118, 0.8407, 89.5391)]
    [InlineData(200, 3.5708, 0.9353, 85.8047)]
    [InlineData(300, 4.8339, 1.0943, 72.6664)]
    [InlineData(400, 5.8082, 1.2301, 62.2468)]
    public void Delay_with_default_echo(double ms, double idte, double idle, double r)
    {
        EModel result = EModel.Rate(
            EModelParameters.Default with { T = ms, Ta = ms, Tr = 2 * ms });
        Assert.Equal(idte, result.Idte, 5e-5);
        Assert.Equal(idle, result.Idle, 5e-5);
        Assert.Equal(r, result.R, 5e-5);
    }

    /// <summary>
    /// Ie,eff of G.107 with Ie and Bpl of G.113 Appendix I, by hand:
    /// 11 + 84·2 / (2 + 19) = 19; 95·3 / (3 + 25.1) = 10.1423; 95·1 / (1 + 4.3) = 17.9245;
    /// 5 + 90·2 / (2 + 10) = 20; 15 + 80·1 / (1 + 16.1) = 19.6784;
    /// with bursts 11 + 84·2 / (2 / 2 + 19) = 19.4.
    /// </summary>
    [Theory]
    [InlineData(11, 19, 2, 1, 19)]
    [InlineData(0, 25.1, 3, 1, 10.1423)]
    [InlineData(0, 4.3, 1, 1, 17.9245)]
    [InlineData(5, 10, 2, 1, 20)]
    [InlineData(15, 16.1, 1, 1, 19.6784)]
    [InlineData(11, 19, 2, 2, 19.4)]
    [InlineData(11, 19, 0, 2, 11)]
    public void Codec_and_loss(double ie, double bpl, double ppl, double burstR, double ieEff)
    {
        EModel result = EModel.Rate(EModelParameters.Default with
        {
            Ie = ie,
            Bpl = bpl,
            Ppl = ppl,
            BurstR = burstR,
        });
        Assert.Equal(ieEff, result.IeEff, 5e-5);
        Assert.Equal(93.20621 - ieEff, result.R, 1e-4);
    }

    [Theory] // Computed a second time, in another language, from the formulas of G.107, clause 7.
    [InlineData("qdu", 4, 88.2031)]
    [InlineData("STMR", 20, 93.1128)]
    [InlineData("A", 10, 103.2062)]
    public void One_parameter(string symbol, double value, double r) =>
        Assert.Equal(r, EModel.Rate(EModelParameters.Default.With(symbol, value)).R, 5e-5);

    [Fact] // Idte of an uncancelled echo, Idle of a leaky hybrid; computed as above.
    public void Echo()
    {
        EModel talker = EModel.Rate(EModelParameters.Default with { Telr = 35, T = 100 });
        Assert.Equal(45.3793, talker.Idte, 5e-5);
        Assert.Equal(47.8269, talker.R, 5e-5);
        EModel listener = EModel.Rate(EModelParameters.Default with { Wepl = 20, Tr = 100 });
        Assert.Equal(15.9419, listener.Idle, 5e-5);
        EModel sidetone = EModel.Rate(EModelParameters.Default with { Telr = 35, T = 0.99 });
        Assert.Equal(0, sidetone.Idte);
    }

    [Fact]
    public void More_loss_or_delay_never_raises_R()
    {
        Random random = new(107);
        for (int i = 0; i < 2000; i++)
        {
            EModelParameters p = EModelParameters.Default;
            foreach (EModelParameter parameter in EModelParameters.All)
            {
                if (double.IsFinite(parameter.Max - parameter.Min))
                {
                    double share = random.NextDouble();
                    p = p.With(
                        parameter.Symbol,
                        parameter.Min + (share * (parameter.Max - parameter.Min)));
                }
            }

            double r = EModel.Rate(p).R;
            Assert.True(double.IsFinite(r));
            foreach (string symbol in new[] { "Ppl", "Ta", "Tr", "BurstR" })
            {
                EModelParameter worse = EModelParameters.All.Single(q => q.Symbol == symbol);
                double value = p[symbol] + (random.NextDouble() * (worse.Max - p[symbol]));
                Assert.True(EModel.Rate(p.With(symbol, value)).R <= r + 1e-9, symbol);
            }
        }
    }

    /// <summary>
    /// From 1 ms on: there talker echo sets in, and the standard's Idte is slightly negative
    /// (−0.1) for the weakest and earliest echoes.
    /// </summary>
    [Fact]
    public void More_delay_with_its_echo_never_raises_R()
    {
        double last = double.MaxValue;
        for (double ms = 1; ms <= 500; ms += 0.5)
        {
            double r = EModel.Rate(
                EModelParameters.Default with { T = ms, Ta = ms, Tr = 2 * ms }).R;
            Assert.True(r <= last + 1e-6, $"{ms} ms");
            last = r;
        }
    }
}
