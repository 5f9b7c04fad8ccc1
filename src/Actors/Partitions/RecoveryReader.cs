using Earshot.Log;
using Earshot.Schemas.V1;
using Earshot.Snapshots;

namespace Earshot.Actors.Partitions;

/// <summary>
/// Reads what a partition starts from: snapshot, committed offset, control records.
/// </summary>
internal static class RecoveryReader
{
    private const int BatchRecords = 1000;

    public static async ValueTask<RecoveryPoint> ReadAsync(
        PartitionSetting setting, string stage, CancellationToken cancel)
    {
        int partition = setting.Source.Partition;
        StoredSnapshot? snapshot = await LoadAsync(setting, stage, partition, cancel);
        long? committed = await setting.Log.ReadCommittedAsync(
            setting.Group, setting.Source, cancel);
        long begin = await setting.InputBegin(cancel);
        Dictionary<long, string> skips = [];
        long? endedAt = null;

        // Only the stage that reads the input writes control records.
        if (setting.Source.Topic == setting.Topics.Calls)
            endedAt = await ReadControlsAsync(
                setting.Log, new TopicPartition(setting.Topics.Control, partition), skips, cancel);
        return new RecoveryPoint(snapshot, committed, begin, skips, endedAt);
    }

    private static async ValueTask<StoredSnapshot?> LoadAsync(
        PartitionSetting setting, string stage, int partition, CancellationToken cancel)
    {
        try
        {
            return await setting.Snapshots.LoadAsync(new SnapshotOwner(stage, partition), cancel);
        }
        catch (SnapshotException e)
        {
            throw new Ports.UnrecoverableException(e.Message, e);
        }
    }

    private static async ValueTask<long?> ReadControlsAsync(
        ILog log, TopicPartition source, Dictionary<long, string> skips, CancellationToken cancel)
    {
        OffsetRange range = await log.ReadRangeAsync(source, cancel);
        long? endedAt = null;
        if (range.End <= range.Begin)
            return endedAt;
        await using ILogReader reader = log.OpenReader(source, range.Begin);
        long position = range.Begin;
        while (position < range.End
            && await reader.ReadAsync(BatchRecords, cancel) is { } batch)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                Control control = Control.Parser.ParseFrom(batch[i].Value);
                if (control.WhatCase == Control.WhatOneofCase.Skip)
                    skips[control.AtOffset] = control.Skip.Error;
                else if (control.WhatCase == Control.WhatOneofCase.Ended)
                    endedAt = control.AtOffset;
            }

            position = batch.To;
        }

        return endedAt;
    }
}
