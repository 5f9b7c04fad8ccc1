using System.Globalization;

namespace Earshot.Sources.Text;

/// <summary>Numbers in UTF-8 text, read without allocating.</summary>
internal static class Numbers
{
    // With this many digits the integer and the power of ten are both exact doubles, so that one
    // division gives the correctly rounded value (Clinger's fast path).
    private const int ExactDigitsMax = 15;

    private const NumberStyles Style = NumberStyles.AllowLeadingSign
        | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private static readonly double[] PowersOfTen =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ];

    /// <summary>Reads a number; also NaN and Infinity, in words.</summary>
    public static bool TryDouble(ReadOnlySpan<byte> text, out double value)
    {
        long digits = 0;
        int count = 0, point = -1, i = 0;
        bool negative = text.Length > 0 && text[0] == '-';
        if (negative)
            i = 1;
        int first = i;
        for (; i < text.Length; i++)
        {
            uint digit = (uint)(text[i] - '0');
            if (digit <= 9)
            {
                digits = (digits * 10) + digit;
                // Leading zeros cost no precision.
                if (digits != 0 && ++count > ExactDigitsMax)
                    break;
            }
            else if (text[i] == '.' && point < 0 && i > first)
            {
                point = i;
            }
            else
            {
                break;
            }
        }

        int fraction = point < 0 ? 0 : i - point - 1;
        if (i < text.Length || i == first || (point >= 0 && fraction == 0)
            || count > ExactDigitsMax || fraction > ExactDigitsMax)
        {
            return double.TryParse(text, Style, CultureInfo.InvariantCulture, out value);
        }

        value = digits / PowersOfTen[fraction];
        if (negative)
            value = -value;
        return true;
    }

    /// <summary>Reads a whole number, also written as 196.0 or 1.96e2.</summary>
    public static bool TryLong(ReadOnlySpan<byte> text, out long value)
    {
        const NumberStyles Sign = NumberStyles.AllowLeadingSign;
        if (long.TryParse(text, Sign, CultureInfo.InvariantCulture, out value))
            return true;
        if (!TryDouble(text, out double number) || number != Math.Floor(number))
            return false;
        return TryCast(number, out value);
    }

    /// <summary>The whole part of a number that fits 64 bits, rounded down.</summary>
    public static bool TryFloor(ReadOnlySpan<byte> text, out long value)
    {
        const NumberStyles Sign = NumberStyles.AllowLeadingSign;
        if (long.TryParse(text, Sign, CultureInfo.InvariantCulture, out value))
            return true;
        return TryDouble(text, out double number) && TryCast(Math.Floor(number), out value);
    }

    private static bool TryCast(double number, out long value)
    {
        // 2^63 as a double: the first value that does not fit.
        const double Limit = 9223372036854775808.0;
        bool fits = number is >= -Limit and < Limit;
        value = fits ? (long)number : 0;
        return fits;
    }
}
