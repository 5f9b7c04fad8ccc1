using Earshot.Actors.Ports;
using Earshot.Log;
using Earshot.Schemas.V1;
using Earshot.Snapshots;

namespace Earshot.Actors.Partitions;

/// <summary>
/// Reads what a partition starts from: snapshot, committed offset, control records.
/// </summary>
/// <param name="log">The log offsets and outputs live in.</param>
/// <param name="snapshots">Where snapshots are.</param>
/// <param name="limit">Longest wait for control records.</param>
/// <param name="time">Clock of that limit.</param>
internal sealed class RecoveryReader(
    ILog log, ISnapshotStore snapshots, TimeSpan limit, TimeProvider time)
{
    /// <summary>Reads the start of a partition actor, its process's fates settled first.</summary>
    public static async ValueTask<RecoveryPoint> ReadAsync(
        PartitionSetting setting, string stage, CancellationToken cancel)
    {
        // A transaction still open could move the offset after it was read.
        await setting.Committer.SettleAsync(cancel);
        RecoveryReader reader = new(
            setting.Log, setting.Snapshots, setting.Committer.Limit, setting.Committer.Time);
        return await reader.ReadAsync(
            new SnapshotOwner(stage, setting.Source.Partition), setting.Group, setting.Source,
            setting.InputBegin, cancel);
    }

    /// <summary>Reads it; nothing of this process may be undecided in the log any more.</summary>
    /// <param name="owner">Whose snapshot.</param>
    /// <param name="group">Group its offset is committed for.</param>
    /// <param name="source">Its input.</param>
    /// <param name="inputBegin">Smallest input offset still kept.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<RecoveryPoint> ReadAsync(
        SnapshotOwner owner, string group, TopicPartition source,
        Func<CancellationToken, ValueTask<long>> inputBegin, CancellationToken cancel)
    {
        // The offset before the snapshot would be wrong: a slow old owner may save one that
        // belongs to a commit after the offset was read. The other way round it is only older.
        StoredSnapshot? snapshot = await LoadAsync(owner, cancel);
        long? committed = await log.ReadCommittedAsync(group, source, cancel);
        long begin = await inputBegin(cancel);
        Dictionary<long, string> skips = [];
        long? endedAt = null;

        // Only the stage that reads the input writes control records.
        if (source.Topic == Topics.Calls)
            endedAt = await ReadControlsAsync(source.Partition, skips, cancel);
        return new RecoveryPoint(snapshot, committed, begin, skips, endedAt);
    }

    private async ValueTask<StoredSnapshot?> LoadAsync(
        SnapshotOwner owner, CancellationToken cancel)
    {
        try
        {
            return await snapshots.LoadAsync(owner, cancel);
        }
        catch (SnapshotException e)
        {
            throw new UnrecoverableException(e.Message, e);
        }
    }

    private async ValueTask<long?> ReadControlsAsync(
        int partition, Dictionary<long, string> skips, CancellationToken cancel)
    {
        TopicPartition source = new(Topics.Control, partition);
        OffsetRange range = await log.ReadRangeAsync(source, cancel);
        long? endedAt = null;
        RangeScan scan = new(log, source, limit, time);
        await scan.RunAsync(
            range,
            record =>
            {
                Control control = Control.Parser.ParseFrom(record.Value);
                if (control.WhatCase == Control.WhatOneofCase.Skip)
                    skips[control.AtOffset] = control.Skip.Error;
                else if (control.WhatCase == Control.WhatOneofCase.Ended)
                    endedAt = control.AtOffset;
            },
            cancel);
        return endedAt;
    }
}
