namespace Earshot.Sources.Text;

/// <summary>
/// Times in words: RFC 3339, and the same with a space for the T and without an offset, which
/// then means UTC.
/// </summary>
internal static class Timestamps
{
    private const int DateBytes = 10;
    private const int DateTimeBytes = 19;
    private const long MsPerMinute = 60_000;

    /// <summary>Reads a time; what is finer than a millisecond is cut off.</summary>
    /// <param name="text">Such as <c>2022-12-15 15:15:59.439689</c>.</param>
    /// <param name="timeMs">Receives it, ms since the epoch.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, out long timeMs)
    {
        timeMs = 0;
        if (text.Length < DateTimeBytes || text[4] != '-' || text[7] != '-'
            || text[DateBytes] is not ((byte)'T' or (byte)'t' or (byte)' ')
            || text[13] != ':' || text[16] != ':')
        {
            return false;
        }

        int year = Digits(text[..4]), month = Digits(text[5..7]), day = Digits(text[8..10]);
        int hour = Digits(text[11..13]), minute = Digits(text[14..16]);
        int second = Digits(text[17..19]);
        // A leap second is second 60 of its minute.
        if (year < 1 || month is < 1 or > 12 || day < 1 || hour is < 0 or > 23
            || minute is < 0 or > 59 || second is < 0 or > 60
            || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = text[DateTimeBytes..];
        if (!TryFraction(ref rest, out int ms) || !TryOffset(rest, out int offsetMinutes))
            return false;
        long days = (new DateTime(year, month, day) - DateTime.UnixEpoch).Days;
        long minutes = (((days * 24) + hour) * 60) + minute - offsetMinutes;
        timeMs = (minutes * MsPerMinute) + (second * 1000) + ms;
        return true;
    }

    private static bool TryFraction(ref ReadOnlySpan<byte> rest, out int ms)
    {
        ms = 0;
        if (rest.IsEmpty || rest[0] != '.')
            return true;
        int end = 1;
        for (int weight = 100; end < rest.Length && (uint)(rest[end] - '0') <= 9; end++)
        {
            ms += (rest[end] - '0') * weight;
            weight /= 10;
        }

        bool digits = end > 1;
        rest = rest[end..];
        return digits;
    }

    private static bool TryOffset(ReadOnlySpan<byte> rest, out int minutes)
    {
        minutes = 0;
        if (rest.IsEmpty || (rest.Length == 1 && rest[0] is (byte)'Z' or (byte)'z'))
            return true;
        if (rest.Length != 6 || rest[0] is not ((byte)'+' or (byte)'-') || rest[3] != ':')
            return false;
        int hour = Digits(rest[1..3]), minute = Digits(rest[4..6]);
        if (hour is < 0 or > 23 || minute is < 0 or > 59)
            return false;
        minutes = ((hour * 60) + minute) * (rest[0] == '-' ? -1 : 1);
        return true;
    }

    // -1 when one is no digit.
    private static int Digits(ReadOnlySpan<byte> text)
    {
        int value = 0;
        foreach (byte b in text)
        {
            uint digit = (uint)(b - '0');
            if (digit > 9)
                return -1;
            value = (value * 10) + (int)digit;
        }

        return value;
    }
}
