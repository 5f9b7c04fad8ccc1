using System.Globalization;

namespace Earshot.Analytics.Quality;

/// <summary>
/// The input of the E-model under the symbols of the standard. The defaults are the standard's and
/// stand for a narrowband connection without impairments: R = 93.2. Source: ITU-T G.107 (06/2015),
/// clause 7.7, tables of default values and permitted ranges.
/// </summary>
public sealed record EModelParameters
{
    /// <summary>All parameters at their defaults.</summary>
    public static EModelParameters Default { get; } = new();

    /// <summary>Send loudness rating, dB; 0 to 18, default 8.</summary>
    public double Slr { get; init; } = 8;

    /// <summary>Receive loudness rating, dB; −5 to 14, default 2.</summary>
    public double Rlr { get; init; } = 2;

    /// <summary>Sidetone masking rating, dB; 10 to 20, default 15.</summary>
    public double Stmr { get; init; } = 15;

    /// <summary>
    /// Listener sidetone rating, dB; 13 to 23, default 18. By the standard LSTR = STMR + Dr: who
    /// sets one of these sets the others.
    /// </summary>
    public double Lstr { get; init; } = 18;

    /// <summary>D-value of the telephone, send side; −3 to 3, default 3.</summary>
    public double Ds { get; init; } = 3;

    /// <summary>
    /// D-value of the telephone, receive side; −3 to 3, default 3. No formula has it but
    /// LSTR = STMR + Dr.
    /// </summary>
    public double Dr { get; init; } = 3;

    /// <summary>Talker echo loudness rating, dB; 5 to 65, default 65.</summary>
    public double Telr { get; init; } = 65;

    /// <summary>Weighted echo path loss, dB; 5 to 110, default 110.</summary>
    public double Wepl { get; init; } = 110;

    /// <summary>Mean one-way delay of the echo path, ms; 0 to 500, default 0.</summary>
    public double T { get; init; }

    /// <summary>Round-trip delay in a closed 4-wire loop, ms; 0 to 1000, default 0.</summary>
    public double Tr { get; init; }

    /// <summary>
    /// Absolute one-way delay in echo-free connections, mouth to ear, ms; 0 to 500, default 0.
    /// </summary>
    public double Ta { get; init; }

    /// <summary>Quantization distortion units; 1 to 14, default 1.</summary>
    public double Qdu { get; init; } = 1;

    /// <summary>
    /// Equipment impairment factor Ie of the codec without loss; 0 to 40, default 0.
    /// </summary>
    public double Ie { get; init; }

    /// <summary>Packet-loss robustness factor of the codec; 4.3 to 40, default 4.3.</summary>
    public double Bpl { get; init; } = 4.3;

    /// <summary>
    /// Random packet-loss probability, percent (not a fraction); 0 to 20, default 0.
    /// </summary>
    public double Ppl { get; init; }

    /// <summary>
    /// Burst ratio: mean length of the bursts of lost packets as seen, by that to be expected of
    /// random loss; 1 (random) to 8, default 1.
    /// </summary>
    public double BurstR { get; init; } = 1;

    /// <summary>
    /// Circuit noise referred to the 0 dBr point, dBm0p; −80 to −40, default −70.
    /// </summary>
    public double Nc { get; init; } = -70;

    /// <summary>
    /// Noise floor at the receive side, dBmp; default −64. The standard has no range for it.
    /// </summary>
    public double Nfor { get; init; } = -64;

    /// <summary>Room noise at the send side, dB(A); 35 to 85, default 35.</summary>
    public double Ps { get; init; } = 35;

    /// <summary>Room noise at the receive side, dB(A); 35 to 85, default 35.</summary>
    public double Pr { get; init; } = 35;

    /// <summary>Advantage factor; 0 (wired) to 20 (satellite, by many hops), default 0.</summary>
    public double A { get; init; }

    /// <summary>
    /// Minimum perceivable delay mT, ms; 20 to 150, default 100. More only for uses that are less
    /// sensitive to delay than telephony (since the 2014 edition).
    /// </summary>
    public double MT { get; init; } = 100;

    /// <summary>
    /// Delay sensitivity sT of the users; 0.4 to 1, default 1, which is right for telephony (since
    /// the 2014 edition).
    /// </summary>
    public double ST { get; init; } = 1;

    /// <summary>Every parameter: symbol, unit, range, default; in the standard's order.</summary>
    public static IReadOnlyList<EModelParameter> All { get; } = Array.AsReadOnly(Table());

    /// <summary>The value of a parameter.</summary>
    /// <param name="symbol">A symbol of <see cref="All"/>, upper or lower case.</param>
    /// <exception cref="ArgumentException">No parameter has this symbol.</exception>
    public double this[string symbol] => Find(symbol).Read(this);

    /// <summary>A copy with one parameter set, for configuration by name.</summary>
    /// <param name="symbol">A symbol of <see cref="All"/>, upper or lower case.</param>
    /// <param name="value">Its value, in the parameter's unit.</param>
    /// <exception cref="ArgumentException">No parameter has this symbol.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside of its range.</exception>
    public EModelParameters With(string symbol, double value)
    {
        EModelParameter parameter = Find(symbol);
        parameter.Require(value);
        return parameter.Set(this, value);
    }

    /// <summary>Checks every parameter against its permitted range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A value is outside of its range; the message names it, its value and the range.
    /// </exception>
    public void Validate()
    {
        foreach (EModelParameter parameter in All)
            parameter.Require(parameter.Read(this));
    }

    /// <summary>The symbols of the parameters that are outside of their permitted ranges.</summary>
    public IReadOnlyList<string> OutOfRange()
    {
        List<string>? symbols = null;
        foreach (EModelParameter parameter in All)
        {
            if (!parameter.Permits(parameter.Read(this)))
                (symbols ??= []).Add(parameter.Symbol);
        }

        return symbols is null ? [] : symbols;
    }

    private static EModelParameter Find(string symbol)
    {
        ArgumentNullException.ThrowIfNull(symbol);
        foreach (EModelParameter parameter in All)
        {
            if (string.Equals(parameter.Symbol, symbol, StringComparison.OrdinalIgnoreCase))
                return parameter;
        }

        throw new ArgumentException(
            $"'{symbol}' is not a parameter of the E-model. Parameters are: "
            + $"{string.Join(", ", All.Select(parameter => parameter.Symbol))}.",
            nameof(symbol));
    }

    private static EModelParameter[] Table() =>
    [
        new("SLR", "dB", 0, 18, p => p.Slr, (p, v) => p with { Slr = v }),
        new("RLR", "dB", -5, 14, p => p.Rlr, (p, v) => p with { Rlr = v }),
        new("STMR", "dB", 10, 20, p => p.Stmr, (p, v) => p with { Stmr = v }),
        new("LSTR", "dB", 13, 23, p => p.Lstr, (p, v) => p with { Lstr = v }),
        new("Ds", "", -3, 3, p => p.Ds, (p, v) => p with { Ds = v }),
        new("Dr", "", -3, 3, p => p.Dr, (p, v) => p with { Dr = v }),
        new("TELR", "dB", 5, 65, p => p.Telr, (p, v) => p with { Telr = v }),
        new("WEPL", "dB", 5, 110, p => p.Wepl, (p, v) => p with { Wepl = v }),
        new("T", "ms", 0, 500, p => p.T, (p, v) => p with { T = v }),
        new("Tr", "ms", 0, 1000, p => p.Tr, (p, v) => p with { Tr = v }),
        new("Ta", "ms", 0, 500, p => p.Ta, (p, v) => p with { Ta = v }),
        new("sT", "", 0.4, 1, p => p.ST, (p, v) => p with { ST = v }),
        new("mT", "ms", 20, 150, p => p.MT, (p, v) => p with { MT = v }),
        new("qdu", "", 1, 14, p => p.Qdu, (p, v) => p with { Qdu = v }),
        new("Ie", "", 0, 40, p => p.Ie, (p, v) => p with { Ie = v }),
        new("Bpl", "", 4.3, 40, p => p.Bpl, (p, v) => p with { Bpl = v }),
        new("Ppl", "%", 0, 20, p => p.Ppl, (p, v) => p with { Ppl = v }),
        new("BurstR", "", 1, 8, p => p.BurstR, (p, v) => p with { BurstR = v }),
        new("Nc", "dBm0p", -80, -40, p => p.Nc, (p, v) => p with { Nc = v }),
        new("Nfor", "dBmp", double.MinValue, double.MaxValue, p => p.Nfor,
            (p, v) => p with { Nfor = v }),
        new("Ps", "dB(A)", 35, 85, p => p.Ps, (p, v) => p with { Ps = v }),
        new("Pr", "dB(A)", 35, 85, p => p.Pr, (p, v) => p with { Pr = v }),
        new("A", "", 0, 20, p => p.A, (p, v) => p with { A = v }),
    ];
}

/// <summary>What the standard says of one parameter of the E-model.</summary>
public sealed class EModelParameter
{
    internal EModelParameter(
        string symbol, string unit, double min, double max,
        Func<EModelParameters, double> read,
        Func<EModelParameters, double, EModelParameters> set)
    {
        Symbol = symbol;
        Unit = unit;
        Min = min;
        Max = max;
        Read = read;
        Set = set;
    }

    /// <summary>The standard's symbol.</summary>
    public string Symbol { get; }

    /// <summary>The unit; "" for a plain number.</summary>
    public string Unit { get; }

    /// <summary>The smallest permitted value; double.MinValue where there is none.</summary>
    public double Min { get; }

    /// <summary>The largest permitted value; double.MaxValue where there is none.</summary>
    public double Max { get; }

    /// <summary>The default value.</summary>
    public double Default => Read(EModelParameters.Default);

    /// <summary>The value of this parameter, in its unit.</summary>
    public Func<EModelParameters, double> Read { get; }

    /// <summary>A copy of parameters with this one set, in its unit, without a check.</summary>
    public Func<EModelParameters, double, EModelParameters> Set { get; }

    /// <summary>Whether a value is within the permitted range; NaN never is.</summary>
    public bool Permits(double value) => value >= Min && value <= Max;

    /// <summary>Refuses a value outside of the permitted range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// It is outside; the message has symbol, value and range.
    /// </exception>
    public void Require(double value)
    {
        if (Permits(value))
            return;
        string range = Max.Equals(double.MaxValue)
            ? "a finite number"
            : string.Create(CultureInfo.InvariantCulture, $"{Min} to {Max} {Unit}").TrimEnd();
        throw new ArgumentOutOfRangeException(Symbol, value, string.Create(
            CultureInfo.InvariantCulture, $"{Symbol} is {value}; allowed is {range} (G.107)."));
    }
}
