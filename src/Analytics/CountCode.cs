using System.Runtime.CompilerServices;

namespace Earshot.Analytics;

/// <summary>
/// The ones of an event (<see cref="CountStep.Ones"/>) in fewer bits: no event is both a call and a
/// report, so one bit for each tag does. Bundles rest on it: where the fields change, they have a
/// new format.
/// </summary>
public static class CountCode
{
    /// <summary>Bits of a code.</summary>
    public const int Bits = TopAt + CountFields.End - CountFields.Invites;

    // The fields before the tags, the tags, the fields behind them.
    private const int TagsAt = CountFields.Tags;
    private const int TopAt = TagsAt + TagNames.Count;
    private const ulong LowMask = (1UL << TagsAt) - 1;
    private const ulong TagMask = (1UL << TagNames.Count) - 1;
    private const ulong TagFieldsMask = (1UL << (2 * TagNames.Count)) - 1;

    // A tag's reports come after its calls.
    private const ulong CallsMask = 0x5555_5555_5555_5555;

    /// <summary>The code of an event's ones.</summary>
    /// <returns>False: they are not those of a call, or of a report.</returns>
    public static bool TryPack(ulong ones, out ulong code)
    {
        code = (ones & LowMask) | (ones >> CountFields.Invites << TopAt);
        ulong tags = (ones >> TagsAt) & TagFieldsMask;
        if (tags == 0)
            return true;
        int column = IsReport(ones) ? 1 : 0;
        code |= Halve(tags >> column) << TagsAt;
        return (tags & ~(CallsMask << column)) == 0;
    }

    /// <summary>The ones of a code.</summary>
    public static ulong Unpack(ulong code) => Unpack(code, IsReport(code));

    /// <summary>The ones of some bits of codes, all of calls or all of reports.</summary>
    public static ulong Unpack(ulong code, bool isReport)
    {
        ulong ones = (code & LowMask) | (code >> TopAt << CountFields.Invites);
        ulong tags = (code >> TagsAt) & TagMask;
        return tags == 0 ? ones : ones | (Double(tags) << (TagsAt + (isReport ? 1 : 0)));
    }

    /// <summary>Whether a code is that of a report.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsReport(ulong code) => (code >> CountFields.Reports & 1) != 0;

    // Each second bit, of up to 32.
    private static ulong Halve(ulong bits)
    {
        bits &= CallsMask;
        bits = (bits | bits >> 1) & 0x3333_3333_3333_3333;
        bits = (bits | bits >> 2) & 0x0F0F_0F0F_0F0F_0F0F;
        bits = (bits | bits >> 4) & 0x00FF_00FF_00FF_00FF;
        return (bits | bits >> 8) & 0x0000_FFFF_0000_FFFF;
    }

    // Up to 16 bits, with a 0 after each.
    private static ulong Double(ulong bits)
    {
        bits = (bits | bits << 8) & 0x00FF_00FF;
        bits = (bits | bits << 4) & 0x0F0F_0F0F;
        bits = (bits | bits << 2) & 0x3333_3333;
        return (bits | bits << 1) & CallsMask;
    }
}
