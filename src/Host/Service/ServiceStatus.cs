using Earshot.Actors.Stages;

namespace Earshot.Host.Service;

/// <summary>The answer of /status, in the manner of Spark's StreamingQueryProgress.</summary>
internal sealed record ServiceStatus
{
    /// <summary>Identity of the data folder's pipeline.</summary>
    public required Guid Id { get; init; }

    /// <summary>The pipeline's name.</summary>
    public required string Name { get; init; }

    /// <summary>"starting", "running", "degraded" (a part is parked) or "stopping".</summary>
    public required string State { get; init; }

    /// <summary>Now.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>When this process started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>What is wrong, in words; empty when nothing is.</summary>
    public required IReadOnlyList<string> Alarms { get; init; }

    /// <summary>Rows that came in per second, over the last seconds.</summary>
    public required double InputRowsPerSecond { get; init; }

    /// <summary>Rows processed per second, over the last seconds.</summary>
    public required double ProcessedRowsPerSecond { get; init; }

    /// <summary>The smallest watermark of all partitions; null before the first record.</summary>
    public required DateTimeOffset? Watermark { get; init; }

    /// <summary>The books of all partitions added up.</summary>
    public required StageProgress Books { get; init; }

    /// <summary>What is held in memory.</summary>
    public required StateStatus StateHeld { get; init; }

    /// <summary>The input.</summary>
    public required SourceStatus Source { get; init; }

    /// <summary>Each partition of each stage.</summary>
    public required IReadOnlyList<PartitionStatus> Partitions { get; init; }

    /// <summary>The archive.</summary>
    public required SinkStatus Sink { get; init; }
}

/// <summary>What is held in memory.</summary>
internal sealed record StateStatus(
    long Keys, long OpenWindows, long LiveCalls, long ManagedBytes, long WorkingSetBytes);

/// <summary>The input.</summary>
internal sealed record SourceStatus(string Description, long EndOffset, long Lag);

/// <summary>One partition of one stage.</summary>
internal sealed record PartitionStatus(
    string Stage, int Partition, string Phase, long Position, long? Committed, long? Saved,
    long End, long Lag, DateTimeOffset? Watermark, StageProgress Books,
    IReadOnlyList<PddLimitStatus> PddLimits);

/// <summary>
/// What a call to a country is held against: the 95th percentile of so many delays in the hours
/// before one; null while they are too few, and the configured limit holds.
/// </summary>
internal sealed record PddLimitStatus(
    string Country, double? LimitSeconds, DateTimeOffset Hour, long Samples);

/// <summary>The archive.</summary>
internal sealed record SinkStatus(string Description, IReadOnlyList<TableStatus> Tables);

/// <summary>One table of the archive.</summary>
internal sealed record TableStatus(string Table, long Rows, long Lag, int Files, long Bytes);
