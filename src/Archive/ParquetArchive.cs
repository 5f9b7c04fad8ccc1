using System.Diagnostics;
using System.Globalization;
using Earshot.Actors.Ports;
using Earshot.Archive.DuckDb;
using Earshot.Archive.Files;
using Earshot.Archive.Schema;
using Earshot.Log;

namespace Earshot.Archive;

/// <summary>
/// The archive as Parquet files: TABLE/year=YYYY/month=MM/day=DD/PARTITION-FROM-TO.parquet. A
/// file is written aside, made durable and renamed, so that readers see it whole or not at all.
/// </summary>
public sealed class ParquetArchive : IArchive, IDisposable
{
    private const string StagingTable = "staging";
    private const string DayColumn = "__day";

    /// <summary>Nobody writes one file for so long.</summary>
    private static readonly TimeSpan LeftoverAge = TimeSpan.FromHours(1);

    private readonly ArchiveOptions options;
    private readonly string root;
    private readonly string temporary;
    private readonly DuckDbConnection connection;
    private readonly Compaction compaction;

    // DuckDB has one connection here: one piece of work at a time.
    private readonly SemaphoreSlim gate = new(1, 1);

    // Per table and partition recovered: up to here the log's consumer has committed.
    private readonly Dictionary<(string Table, int Partition), long> committedTo = [];

    /// <summary>Opens the archive; its folder is made when missing.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="time">Says when replaced files are old enough to delete.</param>
    /// <exception cref="DllNotFoundException">DuckDB's library is missing.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public ParquetArchive(ArchiveOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options;
        root = Path.GetFullPath(options.Folder);
        temporary = Path.Combine(root, ArchiveFolder.TemporaryName);
        DurableFiles.CreateFolder(temporary);
        string spill = Path.Combine(temporary, $"spill-{Guid.NewGuid():N}");
        connection = DuckDbSql.Open(options.Threads, options.MemoryBytesMax, spill);
        compaction = new Compaction(options, root, connection, time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        connection.Dispose();
        gate.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask RecoverAsync(
        string table, int partition, long committed, CancellationToken cancel)
    {
        ArchiveTable known = options.Schema[table];
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        ArgumentOutOfRangeException.ThrowIfNegative(committed);
        return RunAsync(() => Recover(known, partition, committed), cancel);
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(
        string table, int partition, IReadOnlyList<RecordBatch> batches,
        CancellationToken cancel) =>
        WriteAsync(table, partition, batches, CancellationToken.None, cancel);

    /// <inheritdoc/>
    public ValueTask WriteAsync(
        string table, int partition, IReadOnlyList<RecordBatch> batches, CancellationToken turn,
        CancellationToken cancel)
    {
        ArchiveTable known = options.Schema[table];
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        CheckOrder(batches);
        return batches.Count == 0
            ? ValueTask.CompletedTask
            : RunAsync(() => Write(known, partition, batches, cancel), turn, cancel);
    }

    /// <inheritdoc/>
    public ValueTask ReleaseAsync(string table, int partition, CancellationToken cancel) =>
        RunAsync(() => committedTo.Remove((table, partition)), cancel);

    /// <summary>
    /// Deletes the rows of days that ended before a time, of the partitions owned here.
    /// </summary>
    /// <returns>Files deleted.</returns>
    public async ValueTask<int> ApplyRetentionAsync(
        DateTimeOffset keepFrom, CancellationToken cancel)
    {
        int deleted = 0;
        await RunAsync(
            () =>
            {
                foreach ((string table, int partition) in committedTo.Keys)
                    deleted += ArchiveFolder.DeleteBefore(root, table, partition, keepFrom);
            },
            cancel);
        return deleted;
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(CancellationToken cancel)
    {
        KeyValuePair<(string Table, int Partition), long>[] owned = [];
        await RunAsync(() => owned = [.. committedTo], cancel);
        foreach (((string name, int partition), long committed) in owned)
        {
            ArchiveTable table = options.Schema[name];
            await RunAsync(() => compaction.DeleteReplaced(table, partition), cancel);
            IReadOnlyList<CompactionRun> runs = compaction.Plan(table, partition, committed);
            foreach (CompactionRun run in runs)
                await RunAsync(() => compaction.Merge(run), cancel);
        }
    }

    private static void CheckOrder(IReadOnlyList<RecordBatch> batches)
    {
        for (int i = 1; i < batches.Count; i++)
        {
            if (batches[i].From < batches[i - 1].To)
                throw new ArgumentException(
                    $"batches out of order: [{batches[i].From}, {batches[i].To}) after "
                    + $"[{batches[i - 1].From}, {batches[i - 1].To})", nameof(batches));
        }
    }

    private ValueTask RunAsync(Action work, CancellationToken cancel) =>
        RunAsync(work, CancellationToken.None, cancel);

    private async ValueTask RunAsync(
        Action work, CancellationToken turn, CancellationToken cancel)
    {
        using (CancellationTokenSource waiting =
            CancellationTokenSource.CreateLinkedTokenSource(turn, cancel))
            await gate.WaitAsync(waiting.Token);
        try
        {
            // DuckDB blocks; the caller's actor must not.
            await Task.Run(
                () =>
                {
                    using CancellationTokenRegistration stop =
                        cancel.Register(connection.Interrupt);
                    work();
                },
                CancellationToken.None);
        }
        catch (DuckDbException e) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, cancel);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Unfinished files; in a shared folder one may be another process's work.</summary>
    private void RemoveLeftovers(string pattern)
    {
        foreach (string leftover in Directory.EnumerateFiles(temporary, pattern).ToArray())
        {
            TimeSpan age = DateTime.UtcNow - File.GetLastWriteTimeUtc(leftover);
            if (!options.Shared || age > LeftoverAge)
                File.Delete(leftover);
        }
    }

    private void Recover(ArchiveTable table, int partition, long committed)
    {
        committedTo[(table.Name, partition)] = committed;
        RemoveLeftovers(table.Name + "-" + ArchiveFile.PartitionPrefix(partition) + "*");
        if (options.Shared)
            return;
        List<ArchiveFile> files = [.. ArchiveFolder.Files(root, table.Name, partition)];
        List<ArchiveFile> dead = files.FindAll(file => file.From >= committed);
        List<ArchiveFile> kept = files.FindAll(file => file.From < committed);
        foreach (List<ArchiveFile> group in ArchiveFolder.Groups(kept))
            dead.AddRange(ArchiveFolder.Part(group).Covered);
        foreach (ArchiveFile file in dead)
            File.Delete(file.Path);
        foreach (string folder in dead.Select(file => file.Folder).Distinct())
            DurableFiles.SyncFolder(folder);
    }

    private void Write(
        ArchiveTable table, int partition, IReadOnlyList<RecordBatch> batches,
        CancellationToken cancel)
    {
        long from = batches[0].From;
        long to = batches[^1].To;
        Debug.Assert(to >= from, "a range runs forward");

        // The consumer commits one range before it writes the next.
        (string, int) key = (table.Name, partition);
        if (committedTo.TryGetValue(key, out long committed) && from > committed)
            committedTo[key] = from;
        List<(string Temporary, ArchiveFile File)> written = [];
        try
        {
            foreach (int day in Stage(table, partition, batches, cancel))
            {
                string folder = ArchiveFolder.DayFolder(root, table.Name, day);
                ArchiveFile file = new(folder, partition, from, to);
                string aside = TemporaryPath(temporary, table, file, day);
                written.Add((aside, file));
                CopyDay(table, day, aside);
                DurableFiles.Sync(aside);
            }

            Publish(written);
        }
        catch (Exception e)
        {
            Undo(written);
            if (e is UnauthorizedAccessException || DuckDbSql.IsDiskError(e))
                throw new IOException(
                    $"{table.Name} [{from}, {to}) is not written: {e.Message}", e);
            throw;
        }
        finally
        {
            connection.Execute($"DROP TABLE IF EXISTS {StagingTable}");
        }
    }

    /// <summary>A path aside, unlike any other process's.</summary>
    internal static string TemporaryPath(
        string temporary, ArchiveTable table, ArchiveFile file, int day)
    {
        string range = Path.GetFileNameWithoutExtension(file.Name);
        return Path.Combine(temporary, string.Create(
            CultureInfo.InvariantCulture, $"{table.Name}-{range}-{day}-{Guid.NewGuid():N}"));
    }

    private IReadOnlySet<int> Stage(
        ArchiveTable table, int partition, IReadOnlyList<RecordBatch> batches,
        CancellationToken cancel)
    {
        string columns = string.Join(", ", table.Columns.Select(c => $"{c.Quoted} {c.Type}"));
        connection.Execute(
            $"CREATE OR REPLACE TABLE {StagingTable} ({columns}, {DayColumn} INTEGER)");
        using DuckDbAppender appender = new(connection, StagingTable);
        return table.Append(appender, partition, batches, cancel);
    }

    private void CopyDay(ArchiveTable table, int day, string path)
    {
        string order = string.Join(", ", table.SortColumns.Select(ArchiveColumn.Quote));
        connection.Execute(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            COPY (SELECT * EXCLUDE ({DayColumn}) FROM {StagingTable}
                WHERE {DayColumn} = {day} ORDER BY {order})
            TO {DuckDbSql.Literal(path)} {Compaction.ParquetOptions}
            """));
    }

    private static void Publish(List<(string Temporary, ArchiveFile File)> written)
    {
        foreach ((string aside, ArchiveFile file) in written)
        {
            DurableFiles.CreateFolder(file.Folder);
            File.Move(aside, file.Path, overwrite: true);
        }

        foreach (string folder in written.Select(w => w.File.Folder).Distinct())
            DurableFiles.SyncFolder(folder);
    }

    // The range is not committed: what of it is in place already is as good as nothing.
    private static void Undo(List<(string Temporary, ArchiveFile File)> written)
    {
        foreach ((string aside, ArchiveFile file) in written)
        {
            File.Delete(aside);
            if (Directory.Exists(file.Folder))
                File.Delete(file.Path);
        }
    }
}
