using Earshot.Actors;
using Earshot.Host.Data;
using Earshot.Host.Settings;
using Earshot.Log;
using Earshot.Sources;

namespace Earshot.Host.Dead;

/// <summary>Whose dead letters are asked for.</summary>
/// <param name="Data">The data folder.</param>
/// <param name="Kafka">Where the log is; null: in the data folder.</param>
/// <param name="Pipeline">The pipeline's id; null: the data folder's, or the usual one.</param>
/// <param name="Topic">Its input topic; likewise.</param>
internal sealed record DeadLetterAddress(
    string Data, KafkaRequest? Kafka, string? Pipeline, string? Topic);

/// <summary>A pipeline whose dead letters are looked at, running or not.</summary>
/// <param name="Log">Its log.</param>
/// <param name="Options">Its names; what else shapes it does not matter here.</param>
/// <param name="Files">
/// The format of its input where that is files: nothing can be sent into them again.
/// </param>
internal sealed record DeadLetterPlace(ILog Log, PipelineOptions Options, InputFormat? Files)
    : IAsyncDisposable
{
    /// <summary>Opens the log of a pipeline. Takes no lock: a service may be running.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static async Task<DeadLetterPlace> OpenAsync(
        DeadLetterAddress address, Terminal terminal, CancellationToken cancel)
    {
        if (address.Kafka is { } kafka)
            return await OpenKafkaAsync(address, kafka, terminal, cancel);
        if (address.Pipeline is not null || address.Topic is not null)
            throw new UsageException("--pipeline and --topic go with --kafka HOST:PORT.");
        StoredPipeline pipeline = DataFolder.FindPipeline(address.Data);
        PipelineIdentity identity = pipeline.Identity;
        InputFormat? files = identity.Kind == PipelineKind.Replay
            ? InputFormat.Parse(identity.Settings["format"])
            : null;
        PipelineOptions options = identity.ToOptions();
        ILog log = await StoredLog.OpenAsync(pipeline, options, kafka: null, terminal, cancel);
        return new DeadLetterPlace(log, options, files);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Log.DisposeAsync();

    // Any machine that reaches the brokers will do: a data folder is not needed there.
    private static async Task<DeadLetterPlace> OpenKafkaAsync(
        DeadLetterAddress address, KafkaRequest kafka, Terminal terminal, CancellationToken cancel)
    {
        bool named = address.Pipeline is not null || address.Topic is not null;
        if (!named && DataFolder.IsThere(address.Data))
        {
            StoredPipeline pipeline = DataFolder.FindPipeline(address.Data);
            PipelineOptions stored = pipeline.Identity.ToOptions();
            return new DeadLetterPlace(
                await StoredLog.OpenAsync(pipeline, stored, kafka, terminal, cancel), stored, null);
        }

        PipelineOptions options = new();
        options = options with
        {
            PipelineId = address.Pipeline ?? options.PipelineId,
            InputTopic = address.Topic ?? options.InputTopic,
        };
        ILog log = await StoredLog.OpenKafkaAsync(kafka, options, terminal, cancel);
        try
        {
            if (await log.ReadPartitionCountAsync(options.Topics.Dead, cancel) is null)
            {
                throw new UsageException(
                    $"there is no topic {options.Topics.Dead} at {kafka.Bootstrap}: name the "
                    + "pipeline with --pipeline NAME.");
            }

            PipelineOptions rekeyed = options with { Rekey = true };
            bool isRekeyed =
                await log.ReadPartitionCountAsync(rekeyed.Topics.Calls, cancel) is not null;
            return new DeadLetterPlace(log, isRekeyed ? rekeyed : options, null);
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }
}
