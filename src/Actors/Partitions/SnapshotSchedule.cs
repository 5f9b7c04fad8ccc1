using System.Diagnostics;
using Earshot.Actors.Stages;
using Earshot.Snapshots;

namespace Earshot.Actors.Partitions;

/// <summary>
/// When a partition's state is saved, and as a change to what. At most one snapshot is under way;
/// it is written only after the epoch it belongs to is committed; and it holds the whole state
/// when the one before is not known to be stored.
/// </summary>
internal sealed class SnapshotSchedule(
    IStage stage, int partition, TimeSpan every, IPartitionEffects effects)
{
    // Taken at the cut of the epoch in flight: written when that is committed.
    private SnapshotChange? held;
    private bool wanted;

    // Offset of the newest snapshot written or tried; -1: none yet.
    private long newest = -1;

    // The stored snapshot that changes are collected since; null: the next one must be whole.
    private long? changesSince;
    private long lastDueMs;

    // Where the stored snapshot may stand: at the last one known to be stored, or at one tried
    // since.
    private readonly List<long> mayStandAt = [];

    /// <summary>True while a snapshot is being written.</summary>
    public bool UnderWay { get; private set; }

    /// <summary>The offset of the stored snapshot; null when there is none.</summary>
    public long? SavedOffset { get; private set; }

    /// <summary>
    /// Where the stored snapshot may stand, so that it has the cold parts of the state. Changes.
    /// </summary>
    public IReadOnlyCollection<long> MayStandAt => mayStandAt;

    /// <summary>Starts the clock; the first snapshot falls due a whole interval later.</summary>
    public void Start(long nowMs) => lastDueMs = nowMs;

    /// <summary>The stage holds the stored snapshot at <paramref name="offset"/>.</summary>
    public void Loaded(long offset)
    {
        newest = offset;
        changesSince = SavedOffset = offset;
        mayStandAt.Add(offset);
    }

    /// <summary>
    /// Replay has reached <paramref name="offset"/>. Save what was replayed soon: restarts in
    /// quick succession must still get ahead.
    /// </summary>
    public void Replayed(long offset) => wanted = offset > Math.Max(newest, 0);

    /// <summary>Time passes: a snapshot may fall due.</summary>
    public void Tick(long nowMs)
    {
        if (nowMs - lastDueMs < every.TotalMilliseconds)
            return;
        wanted = true;
        lastDueMs = nowMs;
    }

    /// <summary>An epoch is cut at <paramref name="offset"/>: takes the snapshot if due.</summary>
    public void EpochCut(long offset)
    {
        if (wanted && !UnderWay && IsBeyondNewest(offset))
            held = Take(offset);
    }

    /// <summary>The epoch in flight is committed: writes the snapshot taken at its cut.</summary>
    public void EpochCommitted()
    {
        if (held is not { } change)
            return;
        held = null;
        Write(change);
    }

    /// <summary>True when a snapshot at <paramref name="offset"/> would be a newer one.</summary>
    public bool IsBeyondNewest(long offset) => offset > newest;

    /// <summary>Saves the state as it is; everything in it must be committed.</summary>
    public void SaveNow(long offset) => Write(Take(offset));

    /// <summary>The answer to a snapshot.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="saved">False when it failed or was not newer than the stored one.</param>
    public void Answered(long offset, bool saved)
    {
        UnderWay = false;
        newest = Math.Max(newest, offset);
        if (saved)
        {
            SavedOffset = offset;
            mayStandAt.Clear();
            mayStandAt.Add(offset);
        }

        stage.SnapshotAnswered(saved);

        // What it held is not known to be stored: the next one must hold everything.
        changesSince = saved ? offset : null;
    }

    private SnapshotChange Take(long offset)
    {
        Debug.Assert(held is null && !UnderWay);
        List<SnapshotPart> parts = [];
        bool whole = changesSince is null;
        stage.Save(parts, whole);
        wanted = false;
        return new SnapshotChange(
            new SnapshotOwner(stage.Name, partition), offset, parts, changesSince)
        {
            ColdOf = whole && stage.NeedsColdParts ? [.. mayStandAt] : null,
        };
    }

    private void Write(SnapshotChange change)
    {
        UnderWay = true;
        mayStandAt.Add(change.Offset);
        effects.SaveSnapshot(change);
    }
}
