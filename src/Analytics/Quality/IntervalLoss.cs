namespace Earshot.Analytics.Quality;

/// <summary>
/// Packets of a stream between two reports. Source: RFC 3550, section 6.4.1 and appendix A.3.
/// </summary>
/// <param name="Expected">Packets sent, by the sequence numbers; not negative.</param>
/// <param name="Received">Packets received, late ones and duplicates with them.</param>
public readonly record struct IntervalLoss(long Expected, long Received)
{
    // Cumulative loss in a report block is a signed number of 24 bits that stops at its ends.
    private const int CumulativeLostMax = 0x7FFFFF;
    private const int CumulativeLostMin = -0x800000;

    /// <summary>Expected less received: negative where duplicates outweigh the lost.</summary>
    public long Lost => Expected - Received;

    /// <summary>Share of the expected that were lost, percent, 0 to 100; null: none expected.
    /// </summary>
    public double? LossPercent =>
        Expected == 0 ? null : Math.Clamp(100.0 * Lost / Expected, 0, 100);

    /// <summary>
    /// The field "fraction lost" of a report block: ⌊256 · lost / expected⌋, 0 where nothing was
    /// expected or duplicates outweigh the lost. All lost is 255: 256, which the sample code
    /// gives, does not fit.
    /// </summary>
    public byte FractionLost =>
        Expected <= 0 || Lost <= 0 ? (byte)0 : (byte)Math.Min(255, Lost * 256 / Expected);

    /// <summary>The interval between two report blocks of RTCP about one stream.</summary>
    /// <param name="highestBefore">Extended highest sequence number of the earlier one.</param>
    /// <param name="lostBefore">Cumulative number of packets lost of the earlier one.</param>
    /// <param name="highest">Extended highest sequence number of the later one; it may wrap.
    /// </param>
    /// <param name="lost">Cumulative number of packets lost of the later one.</param>
    /// <returns>
    /// Null where the numbers do not belong together: they run backwards (another sender, or
    /// reports out of order), the loss stands at an end of its range, or it rises by more than was
    /// expected.
    /// </returns>
    public static IntervalLoss? BetweenBlocks(
        uint highestBefore, int lostBefore, uint highest, int lost)
    {
        uint expected = unchecked(highest - highestBefore);
        if (expected > int.MaxValue || IsAtEnd(lostBefore) || IsAtEnd(lost))
            return null;
        long rise = (long)lost - lostBefore;
        return rise > expected ? null : new IntervalLoss(expected, expected - rise);
    }

    /// <summary>The interval between two states of the counters received and lost.</summary>
    /// <param name="receivedBefore">Packets received up to the earlier state.</param>
    /// <param name="lostBefore">Packets lost up to the earlier state; negative by duplicates.
    /// </param>
    /// <param name="received">Packets received up to the later state.</param>
    /// <param name="lost">Packets lost up to the later state.</param>
    /// <returns>Null where the counters run backwards, or cannot be.</returns>
    public static IntervalLoss? BetweenTotals(
        long receivedBefore, long lostBefore, long received, long lost)
    {
        Int128 rise = (Int128)received - receivedBefore;
        Int128 expected = rise + ((Int128)lost - lostBefore);
        if (receivedBefore < 0 || rise < 0 || expected < 0 || expected > long.MaxValue)
            return null;
        return new IntervalLoss((long)expected, (long)rise);
    }

    private static bool IsAtEnd(int cumulativeLost) =>
        cumulativeLost is <= CumulativeLostMin or >= CumulativeLostMax;
}
