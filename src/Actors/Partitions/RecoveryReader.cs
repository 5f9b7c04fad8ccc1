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
        Controls controls = await ReadControlsAsync(setting, stage, cancel);
        bool isNew = setting.Start is not null && snapshot is null && committed is null;
        if (isNew && controls.Started is { } started)
        {
            throw new Ports.UnrecoverableException(
                $"group {setting.Group} has no committed offset for {setting.Source}, but began " +
                $"there at {started}: the group's offsets were deleted or have expired " +
                "(offsets.retention.minutes). Set the group's offset again, or start a new " +
                "pipeline with another --pipeline.");
        }

        long? newAt = isNew ? await setting.Start!(cancel) : null;
        return new RecoveryPoint(
            snapshot, committed, begin, controls.Skips, controls.EndedAt, newAt);
    }

    private static async ValueTask<StoredSnapshot?> LoadAsync(
        PartitionSetting setting, string stage, int partition, CancellationToken cancel)
    {
        try
        {
            return await setting.Snapshots.LoadAsync(new SnapshotOwner(stage, partition), cancel);
        }
        catch (SnapshotException e) when (!e.IsTransient)
        {
            // Transient trouble goes up as it is: the partition restarts with backoff.
            throw new Ports.UnrecoverableException(e.Message, e);
        }
    }

    private static async ValueTask<Controls> ReadControlsAsync(
        PartitionSetting setting, string stage, CancellationToken cancel)
    {
        Controls controls = new();
        int partitions = await setting.Log.ReadPartitionCountAsync(setting.Topics.Control, cancel)
            ?? throw new LogException($"topic {setting.Topics.Control} is missing");
        TopicPartition source = new(
            setting.Topics.Control, setting.Source.Partition % partitions);
        OffsetRange range = await setting.Log.ReadRangeAsync(source, cancel);
        if (range.End <= range.Begin)
            return controls;
        string wanted = Controls.StageOf(stage);
        await using ILogReader reader = setting.Log.OpenReader(source, range.Begin);
        long position = range.Begin;
        while (position < range.End
            && await reader.ReadAsync(BatchRecords, cancel) is { } batch)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                Control control = Control.Parser.ParseFrom(batch[i].Value);
                if (control.Stage == wanted && control.Partition == setting.Source.Partition)
                    controls.Take(control);
            }

            position = batch.To;
        }

        return controls;
    }
}
