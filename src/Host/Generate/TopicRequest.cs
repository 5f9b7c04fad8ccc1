using System.Globalization;
using Earshot.Host.Settings;
using Earshot.Log;

namespace Earshot.Host.Generate;

/// <summary>The topic that generated traffic goes to.</summary>
/// <param name="Kafka">Its cluster.</param>
/// <param name="Topic">Its name.</param>
/// <param name="Partitions">How many it is to have; null: as it has, or 4.</param>
internal sealed record TopicRequest(KafkaRequest Kafka, string Topic, int? Partitions)
{
    /// <summary>Partitions of a topic that has to be made and none were asked for.</summary>
    public const int PartitionsDefault = 4;

    /// <summary>Makes the topic if it is missing.</summary>
    /// <returns>How many partitions it has.</returns>
    /// <exception cref="FailedException">It has another number of partitions.</exception>
    /// <exception cref="LogException">It cannot be made.</exception>
    public async Task<int> EnsureAsync(ILog log, CancellationToken cancel)
    {
        int? there = await log.ReadPartitionCountAsync(Topic, cancel);
        if (there is { } count && Partitions is { } wanted && count != wanted)
        {
            throw new FailedException(string.Create(
                CultureInfo.InvariantCulture,
                $"topic {Topic} has {count} partitions, not {wanted}: leave --partitions out."));
        }

        int partitions = there ?? Partitions ?? PartitionsDefault;
        await log.EnsureTopicsAsync([new TopicSpec(Topic, partitions)], cancel);
        return partitions;
    }
}
