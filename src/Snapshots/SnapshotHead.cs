namespace Earshot.Snapshots;

/// <summary>What a head's header says.</summary>
/// <param name="PartCount">How many parts the snapshot has.</param>
/// <param name="Settings">
/// Fingerprint of the settings the state was made under; 0: not known.
/// </param>
internal readonly record struct SnapshotHeader(long PartCount, ulong Settings);

/// <summary>A head as it is stored, and the rules that every store keeps.</summary>
/// <param name="Offset">The input offset the snapshot stands at.</param>
/// <param name="Header">Its header's bytes.</param>
internal readonly record struct SnapshotHead(long Offset, byte[] Header)
{
    /// <summary>The header of a snapshot that is to be loaded.</summary>
    /// <exception cref="SnapshotException">Newer, damaged, or of other settings.</exception>
    public SnapshotHeader Open(SnapshotOwner owner, ulong settings)
    {
        SnapshotHeader header = SnapshotFormat.DecodeHeader(owner, Offset, Header);
        RequireSettings(owner, header.Settings, settings);
        return header;
    }

    /// <summary>Decides whether a change may be written over what is stored.</summary>
    /// <param name="stored">The stored head; null for none.</param>
    /// <param name="change">The change.</param>
    /// <param name="settings">The settings it was made under; 0: not known.</param>
    /// <returns>The header the change starts from; null when it must not be written.</returns>
    /// <exception cref="SnapshotException">
    /// What is stored is newer or of other settings, or damaged and needed for the change.
    /// </exception>
    public static SnapshotHeader? Admit(
        SnapshotHead? stored, SnapshotChange change, ulong settings)
    {
        if (stored is not { } head)
        {
            return change.Base is null && change.ColdOf is null
                ? new SnapshotHeader(0, settings) : null;
        }

        SnapshotHeader before = head.Read(change.Owner, mayBeDamaged: change.Base is null);
        RequireSettings(change.Owner, before.Settings, settings);
        if (head.Offset >= change.Offset)
            return null;
        ulong kept = settings == 0 ? before.Settings : settings;
        if (change.Base is null)
        {
            return change.ColdOf?.Contains(head.Offset) == false
                ? null : new SnapshotHeader(0, kept);
        }

        return head.Offset == change.Base ? before with { Settings = kept } : null;
    }

    /// <summary>Checks that a cold part was read from the snapshot that is meant.</summary>
    /// <exception cref="SnapshotException">It was not, or it is missing.</exception>
    public static byte[] RequireCold(
        SnapshotOwner owner, string key, IReadOnlyCollection<long> offsets, long? standsAt,
        byte[]? stored)
    {
        if (standsAt is { } offset && offsets.Contains(offset) && stored is not null)
            return SnapshotFormat.DecodePart(owner, key, stored);
        string what = standsAt is null ? "there is none"
            : stored is null ? $"it stands at {standsAt} and does not have it"
            : $"it stands at {standsAt}";
        throw new SnapshotException(
            $"Part {key} of the snapshot of {owner.Stage} partition {owner.Partition} at "
            + $"{string.Join(" or ", offsets)} is needed, and {what}: another process has written "
            + "it, or it was removed. The state has to be loaded anew.")
        {
            IsTransient = true,
        };
    }

    // A whole state needs nothing of what is stored, so that may be damaged, but not newer.
    private SnapshotHeader Read(SnapshotOwner owner, bool mayBeDamaged)
    {
        SnapshotFormat.RequireNotNewer(owner, Header);
        try
        {
            return SnapshotFormat.DecodeHeader(owner, Offset, Header);
        }
        catch (SnapshotException) when (mayBeDamaged)
        {
            return default;
        }
    }

    private static void RequireSettings(SnapshotOwner owner, ulong stored, ulong settings)
    {
        if (stored == 0 || settings == 0 || stored == settings)
            return;
        throw new SnapshotException(
            $"The snapshot of {owner.Stage} partition {owner.Partition} was made with other "
            + $"settings (fingerprint {stored:x16}, now {settings:x16}): its state would give "
            + "wrong results under these. Restore the settings it was made with, or start the "
            + "changed pipeline as a new one, with a new pipeline id or data folder.");
    }
}
