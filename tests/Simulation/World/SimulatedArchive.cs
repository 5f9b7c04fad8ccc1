using Earshot.Actors.Ports;
using Earshot.Log;

namespace Earshot.Tests.Simulation.World;

/// <summary>The folder of files that all processes share.</summary>
internal sealed class ArchiveFolder
{
    private readonly List<ArchivedFile> files = [];

    /// <summary>
    /// The rows of a table's partition by offset: repeats of an offset in several files are one
    /// row, as in the archive's views; they must be equal.
    /// </summary>
    public Dictionary<long, StoredRecord> Rows(string table, int partition)
    {
        Dictionary<long, StoredRecord> rows = [];
        foreach (ArchivedFile file in files)
        {
            if (file.Table != table || file.Partition != partition)
                continue;
            foreach ((long offset, StoredRecord row) in file.Rows)
            {
                if (!rows.TryAdd(offset, row))
                {
                    Assert.True(
                        rows[offset].IsSame(row),
                        $"two files have different rows of {table} {partition}@{offset}");
                }
            }
        }

        return rows;
    }

    public void Add(ArchivedFile file)
    {
        // A rename onto the same name replaces.
        files.RemoveAll(f => f.Table == file.Table && f.Partition == file.Partition
            && f.From == file.From && f.To == file.To);
        files.Add(file);
    }

    public void DropFrom(string table, int partition, long committed) =>
        files.RemoveAll(f => f.Table == table && f.Partition == partition && f.From >= committed);
}

/// <summary>A file: the rows of [From, To) of one partition.</summary>
internal sealed record ArchivedFile(
    string Table, int Partition, long From, long To,
    IReadOnlyList<(long Offset, StoredRecord Row)> Rows);

/// <summary>
/// The archive as one life of a process sees it. In a shared folder nothing is removed at a start:
/// it could be another owner's, and committed by now.
/// </summary>
internal sealed class ProcessArchive(
    ArchiveFolder folder, Network network, Life life, Func<bool> fails, bool shared) : IArchive
{
    public ValueTask RecoverAsync(
        string table, int partition, long committed, CancellationToken cancel) =>
        new(network.Ask(life, (out bool done) =>
        {
            if (!shared)
                folder.DropFrom(table, partition, committed);
            return done = true;
        }));

    public ValueTask WriteAsync(
        string table, int partition, IReadOnlyList<RecordBatch> batches,
        CancellationToken cancel)
    {
        ArchivedFile file = FileOf(table, partition, batches);
        return new ValueTask(network.Ask(life, (out bool done) =>
        {
            if (fails())
                throw new IOException("no space left");
            if (file.Rows.Count > 0)
                folder.Add(file);
            return done = true;
        }));
    }

    public ValueTask ReleaseAsync(string table, int partition, CancellationToken cancel) =>
        ValueTask.CompletedTask;

    public ValueTask CompactAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    private static ArchivedFile FileOf(
        string table, int partition, IReadOnlyList<RecordBatch> batches)
    {
        List<(long, StoredRecord)> rows = [];
        foreach (RecordBatch batch in batches)
        {
            for (int i = 0; i < batch.Count; i++)
                rows.Add((batch[i].Offset, StoredRecord.Of(batch[i])));
        }

        return new ArchivedFile(table, partition, batches[0].From, batches[^1].To, rows);
    }
}
