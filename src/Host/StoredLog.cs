using Earshot.Actors;
using Earshot.Host.Data;
using Earshot.Host.Settings;
using Earshot.Log;
using Earshot.Log.Sqlite;
using Microsoft.Extensions.Logging;

namespace Earshot.Host;

/// <summary>
/// Opens the log of a pipeline to look at it. Takes no lock: the service may run meanwhile.
/// </summary>
internal static class StoredLog
{
    /// <summary>Opens it.</summary>
    /// <param name="pipeline">What the data folder says.</param>
    /// <param name="options">The pipeline.</param>
    /// <param name="kafka">Where its cluster is; null: its log is a file.</param>
    /// <param name="terminal">For people.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="UsageException">It is not there, or elsewhere.</exception>
    public static async Task<ILog> OpenAsync(
        StoredPipeline pipeline, PipelineOptions options, KafkaRequest? kafka, Terminal terminal,
        CancellationToken cancel)
    {
        string folder = Path.GetDirectoryName(pipeline.LogPath)!;
        bool live = pipeline.Identity.Kind == PipelineKind.Live;
        if (live != kafka is not null)
        {
            throw new UsageException(
                $"{folder} holds {pipeline.Identity.Title}, "
                + (live
                    ? "whose log is on Kafka: say where with --kafka HOST:PORT."
                    : "whose log is in the folder: leave --kafka out."));
        }

        if (kafka is not null)
            return await OpenKafkaAsync(kafka, options, terminal, cancel);
        if (!File.Exists(pipeline.LogPath))
        {
            throw new UsageException(
                $"there is no log {pipeline.LogPath}: nothing was processed there yet, or it was "
                + "lost; then restore it from a backup.");
        }

        return await SqliteLog.OpenAsync(
            new SqliteLogOptions(pipeline.LogPath), TimeProvider.System, cancel);
    }

    /// <summary>Opens a log on Kafka.</summary>
    public static async Task<ILog> OpenKafkaAsync(
        KafkaRequest kafka, PipelineOptions options, Terminal terminal, CancellationToken cancel)
    {
        ILoggerFactory logs = LineLogs.CreateFactory(terminal, LogLevel.Warning);
        return await KafkaConnection.OpenAsync(
            kafka, options, logs.CreateLogger("Earshot.Kafka"), cancel);
    }
}
