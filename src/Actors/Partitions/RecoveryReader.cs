using Earshot.Actors.Ports;
using Earshot.Log;
using Earshot.Schemas.V1;
using Earshot.Snapshots;

namespace Earshot.Actors.Partitions;

/// <summary>Where a partition's state is to be found.</summary>
/// <param name="Stage">Stage name.</param>
/// <param name="Group">Group its offset is committed for.</param>
/// <param name="Source">Its input.</param>
/// <param name="InputBegin">Smallest input offset still kept.</param>
/// <param name="Start">
/// Where a partition begins that was never committed; null: at 0, which must still be there.
/// </param>
internal sealed record RecoverySource(
    string Stage, string Group, TopicPartition Source,
    Func<CancellationToken, ValueTask<long>> InputBegin,
    Func<CancellationToken, ValueTask<long>>? Start);

/// <summary>
/// Reads what a partition starts from: snapshot, committed offset, control records.
/// </summary>
/// <param name="log">The log offsets and outputs live in.</param>
/// <param name="snapshots">Where snapshots are.</param>
/// <param name="topics">The pipeline's topics.</param>
/// <param name="limit">Longest wait for control records.</param>
/// <param name="time">Clock of that limit.</param>
internal sealed class RecoveryReader(
    ILog log, ISnapshotStore snapshots, Topics topics, TimeSpan limit, TimeProvider time)
{
    /// <summary>Reads the start of a partition actor, its process's fates settled first.</summary>
    public static async ValueTask<RecoveryPoint> ReadAsync(
        PartitionSetting setting, string stage, CancellationToken cancel)
    {
        // A transaction still open could move the offset after it was read.
        await setting.Committer.SettleAsync(cancel);
        RecoveryReader reader = new(
            setting.Log, setting.Snapshots, setting.Topics, setting.Committer.Limit,
            setting.Committer.Time);
        RecoverySource source = new(
            stage, setting.Group, setting.Source, setting.InputBegin, setting.Start);
        return await reader.ReadAsync(source, cancel);
    }

    /// <summary>Reads it; nothing of this process may be undecided in the log any more.</summary>
    public async ValueTask<RecoveryPoint> ReadAsync(
        RecoverySource source, CancellationToken cancel)
    {
        // First the snapshot: read after the offset, it could belong to a commit since then.
        StoredSnapshot? snapshot = await LoadAsync(source, cancel);
        long? committed = await log.ReadCommittedAsync(source.Group, source.Source, cancel);
        long begin = await source.InputBegin(cancel);
        Controls controls = await ReadControlsAsync(source, cancel);
        bool isNew = source.Start is not null && snapshot is null && committed is null;
        if (isNew && controls.Started is { } started)
        {
            throw new UnrecoverableException(
                $"group {source.Group} has no committed offset for {source.Source}, but began " +
                $"there at {started}: the group's offsets were deleted or have expired " +
                "(offsets.retention.minutes). Set the group's offset again, or start a new " +
                "pipeline with another --pipeline.");
        }

        long? newAt = isNew ? await source.Start!(cancel) : null;
        return new RecoveryPoint(
            snapshot, committed, begin, controls.Skips, controls.EndedAt, newAt,
            controls.Started ?? 0);
    }

    private async ValueTask<StoredSnapshot?> LoadAsync(
        RecoverySource source, CancellationToken cancel)
    {
        try
        {
            return await snapshots.LoadAsync(
                new SnapshotOwner(source.Stage, source.Source.Partition), cancel);
        }
        catch (SnapshotException e) when (!e.IsTransient)
        {
            // Transient trouble goes up as it is: the partition restarts with backoff.
            throw new UnrecoverableException(e.Message, e);
        }
    }

    private async ValueTask<Controls> ReadControlsAsync(
        RecoverySource reading, CancellationToken cancel)
    {
        Controls controls = new();
        int partitions = await log.ReadPartitionCountAsync(topics.Control, cancel)
            ?? throw new LogException($"topic {topics.Control} is missing");
        TopicPartition source = new(topics.Control, reading.Source.Partition % partitions);
        string wanted = Controls.StageOf(reading.Stage);
        RangeScan scan = new(log, source, limit, time);
        await scan.RunAsync(
            await log.ReadRangeAsync(source, cancel),
            record =>
            {
                Control control = Control.Parser.ParseFrom(record.Value);
                if (control.Stage == wanted && control.Partition == reading.Source.Partition)
                    controls.Take(control);
            },
            cancel);
        return controls;
    }
}
