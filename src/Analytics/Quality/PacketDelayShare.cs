namespace Earshot.Analytics.Quality;

/// <summary>
/// The share of packets that took longer than the quickest one by a limit or more (200 ms by
/// default, as in the second half of the tag high_jitter). The quickest of all packets counts,
/// however late it comes: the share depends on the packets alone, not on their order. Delays are
/// compared in whole milliseconds. Where the clocks of sender and receiver drift apart, so do the
/// delays: begin anew with every report interval.
/// </summary>
public sealed class PacketDelayShare
{
    // Packets by whole ms above the quickest; from the limit on they are delayed for good, as
    // the quickest can only become quicker.
    private readonly long[] counts;
    private long quickestMs;
    private bool hasQuickest;

    /// <summary>No packets yet.</summary>
    /// <param name="limitMs">A packet is delayed from this on, ms, 1 to 60,000.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of range.</exception>
    public PacketDelayShare(int limitMs = 200)
    {
        if (limitMs is < 1 or > 60_000)
        {
            throw new ArgumentOutOfRangeException(
                nameof(limitMs), limitMs, $"limitMs is {limitMs}; allowed is 1 to 60000.");
        }

        counts = new long[limitMs];
    }

    /// <summary>Packets so far.</summary>
    public long Packets { get; private set; }

    /// <summary>Those of them that are delayed.</summary>
    public long Delayed { get; private set; }

    /// <summary>Share of the delayed, percent; null without packets.</summary>
    public double? Percent => Packets == 0 ? null : 100.0 * Delayed / Packets;

    /// <summary>One packet.</summary>
    /// <param name="transitMs">
    /// Its time of arrival less its time of sending, ms; the clocks need not agree, as only
    /// differences matter.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The time is not finite.</exception>
    public void Add(double transitMs)
    {
        if (!double.IsFinite(transitMs))
        {
            throw new ArgumentOutOfRangeException(
                nameof(transitMs), transitMs, "A transit time is a finite number.");
        }

        long ms = (long)Math.Floor(Math.Clamp(transitMs, -1e15, 1e15));
        if (!hasQuickest)
            (quickestMs, hasQuickest) = (ms, true);
        else if (ms < quickestMs)
            MakeRoom(ms);

        Packets++;
        long above = ms - quickestMs;
        if (above >= counts.Length)
            Delayed++;
        else
            counts[above]++;
    }

    /// <summary>
    /// Packets to come have another clock, as after a restart of the sender; those so far stay
    /// counted.
    /// </summary>
    public void Rebase()
    {
        Array.Clear(counts);
        hasQuickest = false;
    }

    /// <summary>Forgets all packets.</summary>
    public void Clear()
    {
        Rebase();
        (Packets, Delayed) = (0, 0);
    }

    private void MakeRoom(long ms)
    {
        int shift = (int)Math.Min(quickestMs - ms, counts.Length);
        for (int i = counts.Length - shift; i < counts.Length; i++)
            Delayed += counts[i];
        counts.AsSpan(0, counts.Length - shift).CopyTo(counts.AsSpan(shift));
        counts.AsSpan(0, shift).Clear();
        quickestMs = ms;
    }
}
