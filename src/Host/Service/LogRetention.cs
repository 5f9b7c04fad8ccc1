using Earshot.Actors;
using Earshot.Actors.Partitions;
using Earshot.Log;
using Earshot.Log.Sqlite;

namespace Earshot.Host.Service;

/// <summary>
/// Says from which offset on each partition of the log is still needed: input and bundles from
/// their readers' snapshots on, output rows until they are archived, control records for ever.
/// </summary>
internal static class LogRetention
{
    /// <summary>Removes what is too old or too much and needed no more.</summary>
    /// <returns>Batches removed.</returns>
    public static async Task<long> ApplyAsync(
        RunRequest request, Pipeline pipeline, SqliteLog log, CancellationToken cancel)
    {
        RetentionOptions limits = new()
        {
            MaxAge = request.LogRetention,
            MaxBytes = request.LogBytesMax,
        };
        return await log.ApplyRetentionAsync(
            limits, await NeededFromAsync(request.Options, pipeline.Progress, log, cancel), cancel);
    }

    /// <summary>The offset from which on each partition is needed.</summary>
    internal static async Task<IReadOnlyDictionary<TopicPartition, long>> NeededFromAsync(
        PipelineOptions options, IReadOnlyList<PartitionProgress> progress, ILog log,
        CancellationToken cancel)
    {
        Dictionary<TopicPartition, long> needed = [];
        for (int partition = 0; partition < options.Partitions; partition++)
        {
            // A reader that has not reported yet needs everything.
            needed[new TopicPartition(options.Topics.Calls, partition)] = 0;
            needed[new TopicPartition(options.Topics.Bundles, partition)] = 0;
            needed[new TopicPartition(options.Topics.Control, partition)] = 0;
            needed[new TopicPartition(options.Topics.Retried, partition)] = 0;
            foreach ((string topic, _) in options.Topics.Archived)
            {
                TopicPartition source = new(topic, partition);
                needed[source] = await log.ReadCommittedAsync(
                    $"{options.PipelineId}.archive", source, cancel) ?? 0;
            }
        }

        foreach (PartitionProgress part in progress)
        {
            string topic = part.Stage == "aggregator"
                ? options.Topics.Bundles
                : options.Topics.Calls;
            needed[new TopicPartition(topic, part.Partition)] = part.Saved ?? 0;
        }

        return needed;
    }
}
