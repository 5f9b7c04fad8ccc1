using Earshot.Actors;
using Earshot.Actors.Runtime;
using Earshot.Archive;
using Earshot.Archive.Schema;
using Earshot.Host.Data;
using Earshot.Log;
using Earshot.Log.Sqlite;
using Earshot.Schemas;
using Earshot.Snapshots;
using Microsoft.Extensions.Logging;

namespace Earshot.Host;

/// <summary>What a pipeline keeps in its data folder: log, snapshots and archive, opened.</summary>
internal sealed class PipelineStores : IAsyncDisposable
{
    /// <summary>Files are staged one at a time: more memory would not make them faster.</summary>
    private const long ArchiveMemoryBytesMax = 256L << 20;

    private PipelineStores(SqliteLog log, SqliteSnapshotStore snapshots, ParquetArchive archive)
    {
        Log = log;
        Snapshots = snapshots;
        Archive = archive;
    }

    /// <summary>The log.</summary>
    public SqliteLog Log { get; }

    /// <summary>The snapshots.</summary>
    public SqliteSnapshotStore Snapshots { get; }

    /// <summary>The archive.</summary>
    public ParquetArchive Archive { get; }

    /// <summary>Opens all three; makes what is missing.</summary>
    public static async Task<PipelineStores> OpenAsync(
        DataFolder folder, PipelineOptions options, CancellationToken cancel)
    {
        TimeProvider time = TimeProvider.System;
        SqliteLog log = await SqliteLog.OpenAsync(
            new SqliteLogOptions(folder.LogPath), time, cancel);
        try
        {
            SqliteSnapshotStore snapshots = await SqliteSnapshotStore.OpenAsync(
                folder.SnapshotsPath, cancel);
            try
            {
                ParquetArchive archive = new(ArchiveOptionsOf(folder, options), time);
                return new PipelineStores(log, snapshots, archive);
            }
            catch
            {
                await snapshots.DisposeAsync();
                throw;
            }
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }

    /// <summary>The world of a pipeline on these stores.</summary>
    /// <param name="openInput">Opens an input partition from an offset on.</param>
    /// <param name="createDecoder">Makes a decoder of the input's format.</param>
    /// <param name="logs">For people.</param>
    public PipelineWorld CreateWorld(
        Func<int, long, ILogReader> openInput, Func<IRecordDecoder> createDecoder,
        ILoggerFactory logs) =>
        new(Log, openInput, createDecoder, Snapshots, Archive,
            new LocalRuntime(TimeProvider.System, logs.CreateLogger<LocalRuntime>()),
            TimeProvider.System, logs);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Archive.Dispose();
        await Snapshots.DisposeAsync();
        await Log.DisposeAsync();
    }

    private static ArchiveOptions ArchiveOptionsOf(DataFolder folder, PipelineOptions options) => new()
    {
        Folder = folder.ArchivePath,
        MemoryBytesMax = ArchiveMemoryBytesMax,
        Schema = new ArchiveSchema(options.Keys
            .SelectMany(key => key.Dimensions)
            .Except(DimensionSet.Standard)
            .Distinct()),
    };
}
