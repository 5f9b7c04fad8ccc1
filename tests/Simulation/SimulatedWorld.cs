using Earshot.Actors.Partitions;
using Earshot.Log;
using Earshot.Schemas.V1;
using Earshot.Snapshots;

namespace Earshot.Tests.Simulation;

/// <summary>
/// Log, offsets and snapshots as plain collections: what survives a crash. Single-threaded.
/// </summary>
internal sealed class SimulatedWorld
{
    private readonly Dictionary<TopicPartition, List<StoredRecord>> topics = [];
    private readonly Dictionary<(string Group, TopicPartition Source), long> offsets = [];
    private readonly Dictionary<SnapshotOwner, (long Offset, Dictionary<string, byte[]> Parts)>
        snapshots = [];

    public long AppendTimeMs { get; init; }

    public long EndOf(TopicPartition source) => Records(source).Count;

    public void Append(TopicPartition target, byte[] value) =>
        Records(target).Add(new StoredRecord([], value, []));

    public IEnumerable<byte[]> Values(TopicPartition source) =>
        Records(source).Select(record => record.Value);

    public long? CommittedOf(string group, TopicPartition source) =>
        offsets.TryGetValue((group, source), out long offset) ? offset : null;

    public void Commit(LogTransaction transaction)
    {
        foreach (OffsetMove move in transaction.Offsets)
        {
            Assert.Equal(move.From, CommittedOf(move.Group, move.Source));
            offsets[(move.Group, move.Source)] = move.To;
        }

        foreach (RecordAppend append in transaction.Appends)
        {
            for (int i = 0; i < append.Records.Count; i++)
            {
                LogRecord record = append.Records[i];
                Records(append.Target).Add(new StoredRecord(
                    record.Key.ToArray(), record.Value.ToArray(),
                    record.Headers.Encoded.ToArray()));
            }
        }
    }

    public bool Save(SnapshotChange change)
    {
        bool known = snapshots.TryGetValue(
            change.Owner, out (long Offset, Dictionary<string, byte[]> Parts) stored);
        if (known && change.Offset <= stored.Offset)
            return false;
        if (change.Base is not null && (!known || stored.Offset != change.Base))
            return false;
        Dictionary<string, byte[]> parts = change.Base is not null ? stored.Parts : [];
        foreach (SnapshotPart part in change.Parts)
        {
            if (part.Value is null)
                parts.Remove(part.Key);
            else
                parts[part.Key] = part.Value;
        }

        snapshots[change.Owner] = (change.Offset, parts);
        return true;
    }

    /// <summary>Loses a snapshot, as a damaged disk would; the log still has everything.</summary>
    public void LoseSnapshots() => snapshots.Clear();

    public RecoveryPoint RecoveryOf(SnapshotOwner owner, string group, TopicPartition source)
    {
        StoredSnapshot? snapshot =
            snapshots.TryGetValue(owner, out (long Offset, Dictionary<string, byte[]> Parts) stored)
                ? new StoredSnapshot(stored.Offset, new Dictionary<string, byte[]>(stored.Parts))
                : null;
        Dictionary<long, string> skips = [];
        long? endedAt = null;
        TopicPartition controls = new(Actors.Topics.Default.Control, source.Partition);
        foreach (byte[] value in Values(controls))
        {
            Control control = Control.Parser.ParseFrom(value);
            if (control.WhatCase == Control.WhatOneofCase.Skip)
                skips[control.AtOffset] = control.Skip.Error;
            else if (control.WhatCase == Control.WhatOneofCase.Ended)
                endedAt = control.AtOffset;
        }

        bool isInput = source.Topic == Actors.Topics.Default.Calls;
        return new RecoveryPoint(
            snapshot, CommittedOf(group, source), 0,
            isInput ? skips : [], isInput ? endedAt : null);
    }

    /// <summary>Records [from, from + max) that there are.</summary>
    public RecordBatch Read(TopicPartition source, long from, int max)
    {
        List<StoredRecord> records = Records(source);
        RecordBatchBuilder builder = new();
        long to = Math.Min(records.Count, from + max);
        for (long offset = from; offset < to; offset++)
        {
            StoredRecord record = records[(int)offset];
            builder.Add(offset, record.Key, record.Value, record.Headers);
        }

        return builder.Build(source, from, to, AppendTimeMs);
    }

    private List<StoredRecord> Records(TopicPartition source)
    {
        if (!topics.TryGetValue(source, out List<StoredRecord>? records))
            topics.Add(source, records = []);
        return records;
    }

    private readonly record struct StoredRecord(byte[] Key, byte[] Value, byte[] Headers);
}
