using Earshot.Analytics.Quality;

namespace Earshot.Tests.Unit.Analytics.Quality;

/// <summary>R, MOS and what users think: G.107 Annex B and Appendix I, G.109.</summary>
public class RatingScaleTests
{
    /// <summary>
    /// G.107, table B.1 (lower limits of R: MOS, GoB and PoW in percent), which is rounded;
    /// Its 4.03 at R = 80 is 1 + 2.8 + 80·20·20·7e−6 = 4.024.
    /// </summary>
    [Theory]
    [InlineData(90, 4.34, 97, 0, UserSatisfaction.VerySatisfied)]
    [InlineData(80, 4.03, 89, 1, UserSatisfaction.Satisfied)]
    [InlineData(70, 3.60, 73, 6, UserSatisfaction.SomeDissatisfied)]
    [InlineData(60, 3.10, 50, 17, UserSatisfaction.ManyDissatisfied)]
    [InlineData(50, 2.58, 27, 38, UserSatisfaction.NearlyAllDissatisfied)]
    public void Table_B1_of_G107_and_categories_of_G109(
        double r, double mos, double gob, double pow, UserSatisfaction satisfaction)
    {
        Assert.Equal(mos, RatingScale.MosOf(r), 0.0065);
        Assert.Equal(gob, RatingScale.GoodOrBetterPercent(r), 0.6);
        Assert.Equal(pow, RatingScale.PoorOrWorsePercent(r), 0.6);
        Assert.Equal(satisfaction, RatingScale.SatisfactionOf(r));
        Assert.Equal(satisfaction - 1, RatingScale.SatisfactionOf(r - 1e-9));
    }

    /// <summary>By hand: 1 + 0.035·R + R·(R − 60)·(100 − R)·7e−6.</summary>
    [Theory]
    [InlineData(-20, 1)]
    [InlineData(0, 1)]
    [InlineData(3.2, 1)] // The polynomial alone: 0.9446.
    [InlineData(6.5, 1)]
    [InlineData(20, 1.252)] // 1.7 − 20·40·80·7e−6
    [InlineData(40, 2.064)] // 2.4 − 40·20·60·7e−6
    [InlineData(60, 3.1)]
    [InlineData(80, 4.024)]
    [InlineData(100, 4.5)]
    [InlineData(107, 4.5)]
    public void Mos_of_a_rating(double r, double mos) =>
        Assert.Equal(mos, RatingScale.MosOf(r), 1e-9);

    [Fact]
    public void There_and_back_over_the_whole_range()
    {
        double last = double.MinValue;
        for (int i = 0; i <= 350_00; i++)
        {
            double mos = Math.Min(4.5, 1 + (i / 10_000.0));
            double r = RatingScale.ROf(mos);
            Assert.InRange(r, RatingScale.RMin, 100);
            Assert.True(r > last, $"MOS {mos}");
            Assert.Equal(mos, RatingScale.MosOf(r), 1e-9);
            last = r;
        }

        for (double r = 6.6; r <= 100; r += 0.01)
            Assert.Equal(r, RatingScale.ROf(RatingScale.MosOf(r)), 1e-8);
        Assert.Equal(100, RatingScale.ROf(4.5), 1e-9);
        Assert.Equal(6.5153, RatingScale.ROf(1), 1e-4);
    }

    [Fact]
    public void Mos_never_falls_as_R_rises()
    {
        double last = 0;
        for (double r = -10; r <= 110; r += 0.01)
        {
            double mos = RatingScale.MosOf(r);
            Assert.True(mos >= last && mos is >= 1 and <= 4.5, $"R {r}");
            last = mos;
        }
    }

    /// <summary>Tables of the normal distribution: E(1) = 0.8413447, E(−1.5) = 0.0668072.</summary>
    [Fact]
    public void Shares_are_of_the_normal_distribution()
    {
        Assert.Equal(84.13447, RatingScale.GoodOrBetterPercent(76), 1e-5);
        Assert.Equal(6.68072, RatingScale.PoorOrWorsePercent(69), 1e-5);
        Assert.Equal(50, RatingScale.PoorOrWorsePercent(45), 1e-12);
        Assert.Equal(0, RatingScale.GoodOrBetterPercent(-1e9));
        Assert.Equal(100, RatingScale.PoorOrWorsePercent(-1e9));
        for (double r = -200; r < 300; r += 0.5)
        {
            double rise = RatingScale.GoodOrBetterPercent(r + 0.5)
                - RatingScale.GoodOrBetterPercent(r);
            Assert.True(rise >= -1e-10, $"R {r}");
        }
    }

    [Theory]
    [InlineData(0.999)]
    [InlineData(4.501)]
    [InlineData(double.NaN)]
    public void No_rating_of_what_is_no_score(double mos) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RatingScale.ROf(mos));

    [Fact]
    public void Nothing_of_NaN()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => RatingScale.MosOf(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => RatingScale.SatisfactionOf(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => RatingScale.GoodOrBetterPercent(double.NaN));
    }
}
