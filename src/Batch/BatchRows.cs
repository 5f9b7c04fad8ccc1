using Earshot.Schemas.V1;

namespace Earshot.Batch;

/// <summary>What became of the records of one source partition.</summary>
public sealed record BatchBooks
{
    /// <summary>Records read.</summary>
    public long Read { get; internal set; }

    /// <summary>Records counted into results.</summary>
    public long Aggregated { get; internal set; }

    /// <summary>Records that came again.</summary>
    public long Duplicate { get; internal set; }

    /// <summary>Records that came after their time.</summary>
    public long Late { get; internal set; }

    /// <summary>Records that could not be used.</summary>
    public long Dead { get; internal set; }

    /// <summary>Rows the format says are none of ours.</summary>
    public long Ignored { get; internal set; }

    /// <summary>
    /// Single values of good records left out because they cannot be true, by cause.
    /// </summary>
    public Dictionary<string, long> SetAside { get; } = [];

    /// <summary>Single values of metrics beyond the names taken from a partition.</summary>
    public long MetricLimited { get; internal set; }

    /// <summary>How often something was counted under "other" because its key had no room.
    /// </summary>
    public long KeysRefused { get; internal set; }

    /// <summary>Calls given up because no end came within the limit, by reason.</summary>
    public Dictionary<string, long> UnresolvedCalls { get; } = [];

    /// <summary>One more of a cause or reason.</summary>
    internal static void Count(Dictionary<string, long> counts, string name) =>
        counts[name] = counts.GetValueOrDefault(name) + 1;
}

/// <summary>A record that was not counted, and why.</summary>
/// <param name="SourcePartition">Partition of the input.</param>
/// <param name="SourceOffset">Offset in the input.</param>
/// <param name="Reason">
/// Late: "late" or "call_counted"; dead: "malformed", "invalid", "future" or "failed".
/// </param>
/// <param name="EventTimeMs">When it happened; 0 where that is not known.</param>
/// <param name="WatermarkMs">Late: the watermark it was held against; dead: 0.</param>
public readonly record struct SideRecord(
    int SourcePartition, long SourceOffset, string Reason, long EventTimeMs, long WatermarkMs);

/// <summary>
/// The rows of an input. Of windows that are not closed there are aggregates and insights, as they
/// are so far, which are not <c>final</c>. Revisions are 0.
/// </summary>
public sealed record BatchRows
{
    /// <summary>One row per key, window and metric.</summary>
    public required IReadOnlyDictionary<RowId, Aggregate> Aggregates { get; init; }

    /// <summary>One row per key and window.</summary>
    public required IReadOnlyDictionary<RowId, Insight> Insights { get; init; }

    /// <summary>One row per key, closed window and metric.</summary>
    public required IReadOnlyDictionary<RowId, Prediction> Predictions { get; init; }

    /// <summary>Every warning of a stream, raised and cleared.</summary>
    public required IReadOnlyDictionary<WarningId, Warning> Warnings { get; init; }

    /// <summary>One row per call, where the pipeline makes them.</summary>
    public required IReadOnlyDictionary<FinishedId, FinishedCall> Calls { get; init; }

    /// <summary>The late records, by partition and offset.</summary>
    public required IReadOnlyList<SideRecord> Late { get; init; }

    /// <summary>The dead records, by partition and offset.</summary>
    public required IReadOnlyList<SideRecord> Dead { get; init; }

    /// <summary>The books, by source partition.</summary>
    public required IReadOnlyList<BatchBooks> Books { get; init; }
}
