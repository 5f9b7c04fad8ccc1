namespace Earshot.Analytics.Quality;

/// <summary>How satisfied users are with a connection. Source: ITU-T G.109, table 1.</summary>
public enum UserSatisfaction
{
    /// <summary>R below 50: not recommended.</summary>
    NotRecommended,

    /// <summary>R from 50: poor, nearly all users dissatisfied.</summary>
    NearlyAllDissatisfied,

    /// <summary>R from 60: low, many users dissatisfied.</summary>
    ManyDissatisfied,

    /// <summary>R from 70: medium, some users dissatisfied.</summary>
    SomeDissatisfied,

    /// <summary>R from 80: high, users satisfied.</summary>
    Satisfied,

    /// <summary>R from 90: best, users very satisfied.</summary>
    VerySatisfied,
}

/// <summary>
/// What a transmission rating R means to people, and back. Source: ITU-T G.107 (06/2015), Annex B
/// and Appendix I; ITU-T G.109 for the categories.
/// </summary>
public static class RatingScale
{
    /// <summary>
    /// The R below which the mean opinion score is 1 throughout, 80 − √5400: there 1 + 0.035·R +
    /// 7e−6·R·(R − 60)·(100 − R) is 1 again, and below it dips under 1.
    /// </summary>
    public static readonly double RMin = 80 - Math.Sqrt(5400);

    /// <summary>
    /// The mean opinion score of a rating: 1 for R ≤ 0, 4.5 for R ≥ 100, else 1 + 0.035·R +
    /// R·(R − 60)·(100 − R)·7e−6, clamped to 1 to 4.5. (G.107 Annex B; the clamp is needed below
    /// an R of 6.5.)
    /// </summary>
    /// <param name="r">A rating; NaN is refused.</param>
    /// <returns>1 to 4.5, never falling with R.</returns>
    /// <exception cref="ArgumentOutOfRangeException">R is NaN.</exception>
    public static double MosOf(double r)
    {
        RequireNumber(r);
        if (r <= 0)
            return 1;
        if (r >= 100)
            return 4.5;
        return Math.Clamp(1 + (0.035 * r) + (r * (r - 60) * (100 - r) * 7e-6), 1, 4.5);
    }

    /// <summary>
    /// The rating of a mean opinion score, in closed form (Cardano): R = 20/3 · (8 − √226 ·
    /// cos(h + π/3)), h = 1/3 · atan2(15 · √(−903522 + 1113960·MOS − 202500·MOS²),
    /// 18566 − 6750·MOS). (G.107 Appendix I.)
    /// </summary>
    /// <param name="mos">1 to 4.5.</param>
    /// <returns>
    /// <see cref="RMin"/> (6.5) to 100, rising with the score. To 1 belongs every R up to 6.5; the
    /// largest is given.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The score is not 1 to 4.5.</exception>
    public static double ROf(double mos)
    {
        if (!(mos >= 1 && mos <= 4.5))
        {
            throw new ArgumentOutOfRangeException(
                nameof(mos), mos, "A mean opinion score of the E-model is 1 to 4.5.");
        }

        double y = 15 * Math.Sqrt(-903522 + (1113960 * mos) - (202500 * mos * mos));
        double h = Math.Atan2(y, 18566 - (6750 * mos)) / 3;
        double r = 20.0 / 3 * (8 - (Math.Sqrt(226) * Math.Cos(h + (Math.PI / 3))));
        return Math.Clamp(r, RMin, 100);
    }

    /// <summary>How satisfied users are at a rating. (G.109, table 1.)</summary>
    /// <exception cref="ArgumentOutOfRangeException">R is NaN.</exception>
    public static UserSatisfaction SatisfactionOf(double r)
    {
        RequireNumber(r);
        return r switch
        {
            >= 90 => UserSatisfaction.VerySatisfied,
            >= 80 => UserSatisfaction.Satisfied,
            >= 70 => UserSatisfaction.SomeDissatisfied,
            >= 60 => UserSatisfaction.ManyDissatisfied,
            >= 50 => UserSatisfaction.NearlyAllDissatisfied,
            _ => UserSatisfaction.NotRecommended,
        };
    }

    /// <summary>
    /// Share of users who find the connection good or better: 100 · E((R − 60) / 16), E the
    /// normal distribution function. (G.107 Annex B.)
    /// </summary>
    /// <returns>Percent, 0 to 100.</returns>
    /// <exception cref="ArgumentOutOfRangeException">R is NaN.</exception>
    public static double GoodOrBetterPercent(double r)
    {
        RequireNumber(r);
        return 100 * Normal((r - 60) / 16);
    }

    /// <summary>
    /// Share of users who find the connection poor or worse: 100 · E((45 − R) / 16), E the normal
    /// distribution function. (G.107 Annex B.)
    /// </summary>
    /// <returns>Percent, 0 to 100.</returns>
    /// <exception cref="ArgumentOutOfRangeException">R is NaN.</exception>
    public static double PoorOrWorsePercent(double r)
    {
        RequireNumber(r);
        return 100 * Normal((45 - r) / 16);
    }

    /// <summary>
    /// The standard normal distribution function, by its series 1/2 + φ(x) · (x + x³/3 + x⁵/15 +
    /// …), which has converged to the last bits for |x| up to 8, where the tails are below 1e−15.
    /// </summary>
    private static double Normal(double x)
    {
        if (Math.Abs(x) > 8)
            return x > 0 ? 1 : 0;
        double term = x;
        double sum = x;
        double last;
        int n = 1;
        do
        {
            last = sum;
            n += 2;
            term *= x * x / n;
            sum += term;
        }
        while (!sum.Equals(last));
        return Math.Clamp(0.5 + (sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI)), 0, 1);
    }

    private static void RequireNumber(double r)
    {
        if (double.IsNaN(r))
            throw new ArgumentOutOfRangeException(nameof(r), r, "A rating is a number.");
    }
}
