namespace Earshot.Batch;

/// <summary>
/// The event ids seen within the lateness: an id is known until the watermark has passed the end of
/// the tenth of the lateness (a second at least) in which its event happened. Past
/// <c>idsMax</c> the oldest tenth is forgotten early.
/// </summary>
internal sealed class RecentIds(long latenessMs, int idsMax)
{
    private readonly long tenthMs = Math.Max(1000, latenessMs / 10);
    private readonly HashSet<ulong> known = [];
    private readonly SortedDictionary<long, List<ulong>> byTenth = [];
    private long forgottenTo;

    /// <summary>Adds an id; false when it is known already.</summary>
    public bool Add(ulong id, long timeMs)
    {
        if (!known.Add(id))
            return false;
        if (!byTenth.TryGetValue(timeMs / tenthMs, out List<ulong>? ids))
            byTenth.Add(timeMs / tenthMs, ids = []);
        ids.Add(id);
        if (known.Count > idsMax)
            ForgetFirst();
        return true;
    }

    /// <summary>Forgets the tenths that have ended by the watermark.</summary>
    public void Forget(long watermarkMs)
    {
        long current = watermarkMs / tenthMs;
        if (current <= forgottenTo)
            return;
        forgottenTo = current;
        while (byTenth.Count > 0 && byTenth.First().Key < current)
            ForgetFirst();
    }

    private void ForgetFirst()
    {
        (long tenth, List<ulong> ids) = byTenth.First();
        known.ExceptWith(ids);
        byTenth.Remove(tenth);
    }
}
