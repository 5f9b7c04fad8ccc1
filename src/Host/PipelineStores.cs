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

/// <summary>What a pipeline runs on, opened: log, snapshots and archive.</summary>
/// <param name="Log">The log: the data folder's, or a Kafka cluster's.</param>
/// <param name="Snapshots">The snapshots: the data folder's, or a database's.</param>
/// <param name="Archive">The archive.</param>
internal sealed record PipelineStores(
    ILog Log, ISnapshotStore Snapshots, ParquetArchive Archive) : IAsyncDisposable
{
    /// <summary>Files are staged one at a time: more memory would not make them faster.</summary>
    private const long ArchiveMemoryBytesMax = 256L << 20;

    /// <summary>Opens all three in the data folder; makes what is missing.</summary>
    public static async Task<PipelineStores> OpenAsync(
        DataFolder folder, PipelineOptions options, CancellationToken cancel)
    {
        SqliteLog log = await SqliteLog.OpenAsync(
            new SqliteLogOptions(folder.LogPath), TimeProvider.System, cancel);
        return await OpenAsync(folder, options, log, snapshots: null, cancel);
    }

    /// <summary>Opens the others beside a log, which belongs to them from then on.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="options">The pipeline.</param>
    /// <param name="log">The log.</param>
    /// <param name="snapshots">Connection string; null: the data folder keeps them.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<PipelineStores> OpenAsync(
        DataFolder folder, PipelineOptions options, ILog log, string? snapshots,
        CancellationToken cancel)
    {
        ISnapshotStore? store = null;
        try
        {
            store = await OpenSnapshotsAsync(folder, options, snapshots, cancel);
            ParquetArchive archive = new(
                ArchiveOptionsOf(folder, options, shared: log is not SqliteLog),
                TimeProvider.System);
            return new PipelineStores(log, store, archive);
        }
        catch
        {
            if (store is not null)
                await store.DisposeAsync();
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

    private static async Task<ISnapshotStore> OpenSnapshotsAsync(
        DataFolder folder, PipelineOptions options, string? connection, CancellationToken cancel)
    {
        ulong settings = folder.SettingsFingerprint;
        return connection is null
            ? await SqliteSnapshotStore.OpenAsync(folder.SnapshotsPath, cancel, settings: settings)
            : await PostgresSnapshotStore.OpenAsync(
                connection, options.PipelineId, cancel, settings);
    }

    // Several processes need a snapshot store of their own: without one nobody else writes here.
    private static ArchiveOptions ArchiveOptionsOf(
        DataFolder folder, PipelineOptions options, bool shared) => new()
    {
        Folder = folder.ArchivePath,
        Shared = shared,
        MemoryBytesMax = ArchiveMemoryBytesMax,
        Schema = new ArchiveSchema(options.Keys
            .SelectMany(key => key.Dimensions)
            .Except(DimensionSet.Standard)
            .Distinct()),
    };
}
