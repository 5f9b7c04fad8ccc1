using Earshot.Archive.DuckDb;
using Earshot.Archive.Files;
using Earshot.Archive.Schema;

namespace Earshot.Archive;

/// <summary>Neighbouring small files to merge into one.</summary>
/// <param name="Table">Table.</param>
/// <param name="Files">The files, ordered by range.</param>
internal sealed record CompactionRun(ArchiveTable Table, IReadOnlyList<ArchiveFile> Files);

/// <summary>
/// Merges small files of a day into one that covers their ranges, and deletes the files so
/// replaced once no query can still be reading them. Ranges of a day's files may have gaps (a
/// range without rows of that day); the merged file covers the gaps too.
/// </summary>
internal sealed class Compaction(
    ArchiveOptions options, string root, DuckDbConnection connection, TimeProvider time)
{
    /// <summary>How every file of the archive is written.</summary>
    internal const string ParquetOptions =
        "(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)";

    private readonly string temporary = Path.Combine(root, ArchiveFolder.TemporaryName);

    // When a replaced file was first seen as such.
    private readonly Dictionary<string, DateTimeOffset> replacedSince = [];

    /// <summary>Deletes the replaced files of a partition that are old enough.</summary>
    internal void DeleteReplaced(ArchiveTable table, int partition)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (List<ArchiveFile> group in Groups(table, partition))
        {
            foreach (ArchiveFile file in ArchiveFolder.Part(group).Covered)
            {
                replacedSince.TryAdd(file.Path, now);
                if (now - replacedSince[file.Path] < options.ReplacedFileDelay)
                    continue;
                File.Delete(file.Path);
                replacedSince.Remove(file.Path);
            }
        }
    }

    /// <summary>What there is to merge in a partition; committed files only.</summary>
    internal IReadOnlyList<CompactionRun> Plan(ArchiveTable table, int partition, long committed)
    {
        List<CompactionRun> runs = [];
        foreach (List<ArchiveFile> group in Groups(table, partition))
        {
            List<ArchiveFile> run = [];
            long bytes = 0;
            foreach (ArchiveFile file in ArchiveFolder.Part(group).Live)
            {
                long size = new FileInfo(file.Path).Length;
                bool fits = size < options.SmallFileBytesMax && file.To <= committed;
                if (!fits || bytes + size > options.MergeBytesMax)
                {
                    AddRun(runs, table, run);
                    run = [];
                    bytes = 0;
                }

                if (!fits)
                    continue;
                run.Add(file);
                bytes += size;
            }

            AddRun(runs, table, run);
        }

        return runs;
    }

    /// <summary>Merges one run.</summary>
    /// <exception cref="IOException">The disk is full or not writable; nothing changed.</exception>
    internal void Merge(CompactionRun run)
    {
        ArchiveFile first = run.Files[0];
        ArchiveFile merged = first with { To = run.Files.Max(file => file.To) };
        string aside = ParquetArchive.TemporaryPath(temporary, run.Table, merged, 0);
        try
        {
            CopyMerged(run, aside);
            DurableFiles.Sync(aside);
            File.Move(aside, merged.Path, overwrite: false);
            DurableFiles.SyncFolder(merged.Folder);
        }
        catch (DuckDbException e) when (DuckDbSql.IsDiskError(e))
        {
            throw new IOException($"{run.Table.Name}: files are not merged: {e.Message}", e);
        }
        finally
        {
            File.Delete(aside);
        }

        DateTimeOffset now = time.GetUtcNow();
        foreach (ArchiveFile file in run.Files)
            replacedSince[file.Path] = now;
    }

    private IEnumerable<List<ArchiveFile>> Groups(ArchiveTable table, int partition) =>
        ArchiveFolder.Groups(ArchiveFolder.Files(root, table.Name, partition));

    private void AddRun(List<CompactionRun> runs, ArchiveTable table, List<ArchiveFile> run)
    {
        if (run.Count > options.SmallFilesMax)
            runs.Add(new CompactionRun(table, run));
    }

    private void CopyMerged(CompactionRun run, string path)
    {
        string rows = "SELECT * FROM read_parquet("
            + DuckDbSql.FileList(run.Files.Select(file => file.Path))
            + ", union_by_name = true, hive_partitioning = false)";
        if (ArchiveFolder.Overlaps([.. run.Files]))
            rows = $"SELECT DISTINCT ON (log_offset) * FROM ({rows})";

        // Files of an older pipeline may lack a column of today's schema, or have one more.
        HashSet<string> present = Columns(rows);
        IEnumerable<string> order =
            run.Table.SortColumns.Where(present.Contains).Select(ArchiveColumn.Quote);
        long expected = connection.Execute($"SELECT count(*) FROM ({rows})");
        long written = connection.Execute(
            $"COPY ({rows} ORDER BY {string.Join(", ", order)}) "
            + $"TO {DuckDbSql.Literal(path)} {ParquetOptions}");
        if (written != expected)
            throw new InvalidOperationException(
                $"{run.Table.Name}: merging {run.Files.Count} files of {run.Files[0].Folder} gave "
                + $"{written} rows, not {expected}");
    }

    private HashSet<string> Columns(string rows)
    {
        using DuckDbResult result = connection.Query($"{rows} LIMIT 0");
        return [.. result.Names];
    }
}
