namespace Earshot.Analytics.Quality;

/// <summary>
/// The E-model: from the properties of a telephone connection to the transmission rating R, with
/// every step of the way, so that a person can see why. Source: ITU-T G.107 (06/2015), clause 7;
/// equation numbers do not appear below, as they differ between editions.
/// </summary>
/// <param name="Parameters">What it was computed from.</param>
/// <param name="Nos">Noise of the room at the send side at the 0 dBr point, dBm0p.</param>
/// <param name="Nor">Noise of the room at the receive side at the 0 dBr point, dBm0p.</param>
/// <param name="Nfo">Noise floor at the receive side at the 0 dBr point, dBm0p.</param>
/// <param name="No">Sum of the powers of all noise, dBm0p.</param>
/// <param name="Ro">Basic signal-to-noise ratio as a rating.</param>
/// <param name="Iolr">Impairment by too low an overall loudness rating (too loud).</param>
/// <param name="Ist">Impairment by sidetone that is not optimum.</param>
/// <param name="Iq">Impairment by quantizing distortion.</param>
/// <param name="Idte">Impairment by talker echo.</param>
/// <param name="Idle">Impairment by listener echo.</param>
/// <param name="Idd">Impairment by delay as such, without echo.</param>
/// <param name="IeEff">Impairment by the codec and packet loss.</param>
/// <param name="A">Advantage factor.</param>
public sealed record EModel(
    EModelParameters Parameters,
    double Nos,
    double Nor,
    double Nfo,
    double No,
    double Ro,
    double Iolr,
    double Ist,
    double Iq,
    double Idte,
    double Idle,
    double Idd,
    double IeEff,
    double A)
{
    /// <summary>Impairments that come along with speech: Is = Iolr + Ist + Iq.</summary>
    public double Is => Iolr + Ist + Iq;

    /// <summary>Impairments by delay: Id = Idte + Idle + Idd.</summary>
    public double Id => Idte + Idle + Idd;

    /// <summary>
    /// The transmission rating, R = Ro − Is − Id − Ie,eff + A; mostly 0 to 100, below 0 for what
    /// is past hope.
    /// </summary>
    public double R => Ro - Is - Id - IeEff + A;

    /// <summary>R as a mean opinion score, 1 to 4.5.</summary>
    public double Mos => RatingScale.MosOf(R);

    /// <summary>Computes R and all its parts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A parameter is outside of its permitted range; the message names it.
    /// </exception>
    public static EModel Rate(EModelParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        parameters.Validate();
        return Extrapolate(parameters);
    }

    /// <summary>
    /// As <see cref="Rate"/>, but the formulas go on beyond the ranges for which the standard
    /// vouches. The caller says so: <see cref="EModelParameters.OutOfRange"/>.
    /// </summary>
    internal static EModel Extrapolate(EModelParameters p)
    {
        double nos = SendRoomNoise(p);
        double nor = ReceiveRoomNoise(p);
        double nfo = p.Nfor + p.Rlr;
        double no = 10 * Math.Log10(Power(p.Nc) + Power(nos) + Power(nor) + Power(nfo));
        double ro = 15 - (1.5 * (p.Slr + no));
        double ist = Sidetone(p, p.T);
        return new EModel(
            p, nos, nor, nfo, no, ro,
            Loudness(p, no),
            ist,
            Quantizing(p, ro),
            TalkerEcho(p, p.T, no, ist),
            ListenerEcho(p, p.Tr, ro),
            DelayImpairment(p.Ta, p.MT, p.ST),
            EquipmentImpairment(p.Ie, p.Bpl, p.Ppl, p.BurstR),
            p.A);
    }

    /// <summary>
    /// Ie,eff = Ie + (95 − Ie) · Ppl / (Ppl / BurstR + Bpl).
    /// </summary>
    /// <param name="ie">Equipment impairment factor without loss.</param>
    /// <param name="bpl">Packet-loss robustness factor, above 0.</param>
    /// <param name="lossPercent">Packet loss, percent (not a fraction).</param>
    /// <param name="burstR">Burst ratio, 1 for random loss.</param>
    public static double EquipmentImpairment(
        double ie, double bpl, double lossPercent, double burstR = 1) =>
        ie + ((95 - ie) * lossPercent / ((lossPercent / burstR) + bpl));

    /// <summary>
    /// Idd, 0 up to a delay of mT, beyond
    /// 25 · ((1 + X^(6 sT))^(1/(6 sT)) − 3 · (1 + (X/3)^(6 sT))^(1/(6 sT)) + 2),
    /// X = log2(Ta / mT).
    /// </summary>
    /// <param name="oneWayMs">Ta, mouth to ear, ms.</param>
    /// <param name="perceivableMs">mT, ms.</param>
    /// <param name="sensitivity">sT.</param>
    public static double DelayImpairment(
        double oneWayMs, double perceivableMs = 100, double sensitivity = 1)
    {
        if (oneWayMs <= perceivableMs)
            return 0;
        double x = Math.Log2(oneWayMs / perceivableMs);
        double n = 6 * sensitivity;
        return 25 * (Norm(x, n) - (3 * Norm(x / 3, n)) + 2);
    }

    /// <summary>Nos = Ps − SLR − Ds − 100 + 0.004 · (Ps − OLR − Ds − 14)².</summary>
    private static double SendRoomNoise(EModelParameters p) =>
        p.Ps - p.Slr - p.Ds - 100 + (0.004 * Square(p.Ps - (p.Slr + p.Rlr) - p.Ds - 14));

    /// <summary>
    /// Nor = RLR − 121 + Pre + 0.008 · (Pre − 35)², where Pre = Pr + 10 · lg(1 + 10^((10 − LSTR) /
    /// 10)) is the room noise that the listener's sidetone adds to.
    /// </summary>
    private static double ReceiveRoomNoise(EModelParameters p)
    {
        double pre = p.Pr + (10 * Math.Log10(1 + Power(10 - p.Lstr)));
        return p.Rlr - 121 + pre + (0.008 * Square(pre - 35));
    }

    /// <summary>
    /// Iolr = 20 · ((1 + (Xolr / 8)^8)^(1/8) − Xolr / 8), Xolr = OLR + 0.2 · (64 + No − RLR).
    /// </summary>
    private static double Loudness(EModelParameters p, double no)
    {
        double x = (p.Slr + p.Rlr + (0.2 * (64 + no - p.Rlr))) / 8;
        return 20 * (Norm(x, 8) - x);
    }

    /// <summary>
    /// Ist = 12 · (1 + ((STMRo − 13) / 6)^8)^(1/8) − 28 · (1 + ((STMRo + 1) / 19.4)^35)^(1/35)
    /// − 13 · (1 + ((STMRo − 3) / 33)^13)^(1/13) + 29, where
    /// STMRo = −10 · lg(10^(−STMR / 10) + e^(−T / 4) · 10^(−TELR / 10)): an early echo is sidetone.
    /// </summary>
    internal static double Sidetone(EModelParameters p, double t)
    {
        double stmro = -10 * Math.Log10(SidetonePower(p, t));
        return (12 * Norm((stmro - 13) / 6, 8))
            - (28 * Norm((stmro + 1) / 19.4, 35))
            - (13 * Norm((stmro - 3) / 33, 13))
            + 29;
    }

    /// <summary>10^(−STMR / 10) + e^(−T / 4) · 10^(−TELR / 10).</summary>
    internal static double SidetonePower(EModelParameters p, double t) =>
        Power(-p.Stmr) + (Math.Exp(-t / 4) * Power(-p.Telr));

    /// <summary>
    /// Iq = 15 · lg(1 + 10^Y + 10^Z), Y = (Ro − 100) / 15 + 46 / 8.4 − G / 9, Z = 46 / 30 − G / 40,
    /// G = 1.07 + 0.258 · Q + 0.0602 · Q², Q = 37 − 15 · lg(qdu).
    /// </summary>
    private static double Quantizing(EModelParameters p, double ro)
    {
        double q = 37 - (15 * Math.Log10(p.Qdu));
        double g = 1.07 + (0.258 * q) + (0.0602 * q * q);
        double y = ((ro - 100) / 15) + (46 / 8.4) - (g / 9);
        double z = (46.0 / 30) - (g / 40);
        return 15 * Math.Log10(1 + Math.Pow(10, y) + Math.Pow(10, z));
    }

    /// <summary>
    /// Idte = ((Roe − Re) / 2 + √((Roe − Re)² / 4 + 100) − 1) · (1 − e^(−T)), Roe = −1.5 · (No −
    /// RLR), Re = 80 + 2.5 · (TERV − 14), TERV = TELR − 40 · lg((1 + T / 10) / (1 + T / 150))
    /// + 6 · e^(−0.3 T²). Below 1 ms echo is sidetone: 0. Where STMR is below 9 dB sidetone masks
    /// echo: TERV + Ist / 2; where it is above 20 dB, √(Idte² + Ist²).
    /// </summary>
    internal static double TalkerEcho(EModelParameters p, double t, double no, double ist)
    {
        if (t < 1)
            return 0;
        double terv = p.Telr - (40 * Math.Log10((1 + (t / 10)) / (1 + (t / 150))))
            + (6 * Math.Exp(-0.3 * t * t));
        if (p.Stmr < 9)
            terv += ist / 2;
        double half = ((-1.5 * (no - p.Rlr)) - (80 + (2.5 * (terv - 14)))) / 2;
        double idte = (half + Math.Sqrt(Square(half) + 100) - 1) * (1 - Math.Exp(-t));
        return p.Stmr > 20 ? Math.Sqrt(Square(idte) + Square(ist)) : idte;
    }

    /// <summary>
    /// Idle = (Ro − Rle) / 2 + √((Ro − Rle)² / 4 + 169), Rle = 10.5 · (WEPL + 7) · (Tr + 1)^(−1/4).
    /// </summary>
    internal static double ListenerEcho(EModelParameters p, double tr, double ro)
    {
        double half = (ro - (10.5 * (p.Wepl + 7) * Math.Pow(tr + 1, -0.25))) / 2;
        return half + Math.Sqrt(Square(half) + 169);
    }

    private static double Power(double decibel) => Math.Pow(10, decibel / 10);

    /// <summary>(1 + x^n)^(1/n).</summary>
    private static double Norm(double x, double n) => Math.Pow(1 + Math.Pow(x, n), 1 / n);

    private static double Square(double x) => x * x;
}
