using System.Numerics;

namespace Earshot.Sources.Traffic;

/// <summary>
/// xoshiro256** 1.0 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro256starstar.c), its state
/// filled by SplitMix64. Everything derived from it uses +, -, *, / and bits only, which IEEE 754
/// fixes to the last bit, so that no mathematics library can change the traffic of a seed.
/// </summary>
internal sealed class TrafficRandom
{
    private ulong a;
    private ulong b;
    private ulong c;
    private ulong d;

    public TrafficRandom(ulong seed)
    {
        a = SplitMix(ref seed);
        b = SplitMix(ref seed);
        c = SplitMix(ref seed);
        d = SplitMix(ref seed);
    }

    /// <summary>One to one: different inputs give different outputs.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>The nearest multiple of 1 / <paramref name="scale"/>.</summary>
    public static double Round(double value, double scale) =>
        Math.Floor((value * scale) + 0.5) / scale;

    public ulong NextBits()
    {
        ulong result = BitOperations.RotateLeft(b * 5, 7) * 9;
        ulong shifted = b << 17;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= shifted;
        d = BitOperations.RotateLeft(d, 45);
        return result;
    }

    /// <summary>Evenly in [0, 1).</summary>
    public double Even() => (NextBits() >> 11) * (1.0 / (1ul << 53));

    /// <summary>Evenly in [from, to).</summary>
    public double Even(double from, double to) => from + ((to - from) * Even());

    /// <summary>Exponential, mean 1.</summary>
    public double Exponential() => -Ln(1 - Even());

    /// <summary>True with the given probability.</summary>
    public bool Chance(double probability) => Even() < probability;

    // Natural logarithm: ln(m * 2^e) = e ln 2 + 2 artanh((m - 1) / (m + 1)), to about 1e-14.
    private static double Ln(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> 52) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | (1023L << 52));
        if (mantissa > 1.4142135623730951)
        {
            mantissa /= 2;
            exponent++;
        }

        double s = (mantissa - 1) / (mantissa + 1);
        double square = s * s, sum = 0;
        for (int odd = 17; odd >= 1; odd -= 2)
            sum = (sum * square) + (1.0 / odd);
        return (exponent * 0.6931471805599453) + (2 * s * sum);
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        return Mix(state);
    }
}
