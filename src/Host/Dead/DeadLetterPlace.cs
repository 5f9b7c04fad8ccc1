using Earshot.Actors;
using Earshot.Host.Data;
using Earshot.Log;
using Earshot.Log.Sqlite;
using Earshot.Sources;

namespace Earshot.Host.Dead;

/// <summary>A pipeline whose dead letters are looked at, running or not.</summary>
/// <param name="Log">Its log.</param>
/// <param name="Options">Its names; what else shapes it does not matter here.</param>
/// <param name="Files">
/// The format of its input where that is files: nothing can be sent into them again.
/// </param>
internal sealed record DeadLetterPlace(ILog Log, PipelineOptions Options, InputFormat? Files)
    : IAsyncDisposable
{
    /// <summary>The pipeline of a data folder. Takes no lock: a service may be running.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static async Task<DeadLetterPlace> OpenAsync(string data, CancellationToken cancel)
    {
        StoredPipeline pipeline = DataFolder.FindPipeline(data);
        (PipelineIdentity identity, string path) = (pipeline.Identity, pipeline.LogPath);
        if (!File.Exists(path))
            throw new UsageException($"there is no log {path}: nothing was processed there yet.");
        InputFormat? files = identity.Kind == PipelineKind.Replay
            ? InputFormat.Parse(identity.Settings["format"])
            : null;
        SqliteLog log = await SqliteLog.OpenAsync(
            new SqliteLogOptions(path), TimeProvider.System, cancel);
        return new DeadLetterPlace(log, identity.ToOptions(), files);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Log.DisposeAsync();
}
