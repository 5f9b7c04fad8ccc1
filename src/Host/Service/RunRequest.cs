using Earshot.Actors;
using Earshot.Host.Settings;

namespace Earshot.Host.Service;

/// <summary>What <c>earshot run</c> was asked to do.</summary>
/// <param name="Options">The pipeline.</param>
/// <param name="CallsPerSecond">Generated traffic: calls per second, a mean over the day.</param>
/// <param name="Backfill">Generated traffic: how far back a new data folder begins.</param>
/// <param name="LogRetention">What is older goes from the log, once nobody needs it.</param>
/// <param name="LogBytesMax">Past this many bytes the oldest goes; null for no limit.</param>
/// <param name="Url">Address of the status page.</param>
/// <param name="SqlCommand">A command that shows rows.</param>
internal sealed record RunRequest(
    PipelineOptions Options, double CallsPerSecond, TimeSpan Backfill, TimeSpan LogRetention,
    long? LogBytesMax, string Url, string SqlCommand)
{
    /// <summary>The Kafka cluster; null: the embedded log, and generated traffic.</summary>
    public KafkaRequest? Kafka { get; init; }

    /// <summary>True when the number of partitions was asked for.</summary>
    public bool PartitionsGiven { get; init; }

    /// <summary>
    /// Connection string of the PostgreSQL database that keeps the snapshots; null: the data
    /// folder does.
    /// </summary>
    public string? Snapshots { get; init; }

    /// <summary>Older days go from the archive; null: none do.</summary>
    public TimeSpan? ArchiveRetention { get; init; }

    /// <summary>Time between two looks for what may go from the log.</summary>
    public static TimeSpan RetentionEvery { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Time between two compactions of the archive.</summary>
    public static TimeSpan CompactEvery { get; } = TimeSpan.FromMinutes(3);

    /// <summary>Most time a clean end takes, unless told otherwise.</summary>
    public static TimeSpan UsualStopWithin { get; } = TimeSpan.FromSeconds(9);

    /// <summary>Most time a clean end takes; what is not finished by then is left.</summary>
    public TimeSpan StopWithin { get; init; } = UsualStopWithin;
}
