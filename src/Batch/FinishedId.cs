using System.Globalization;
using Earshot.Schemas.V1;

namespace Earshot.Batch;

/// <summary>What identifies a row of the table calls.</summary>
/// <param name="SourcePartition">Partition of the input.</param>
/// <param name="CallId">Its id; empty when there is none.</param>
/// <param name="EndedMs">When it ended, ms since the epoch.</param>
/// <param name="ClosedBy">What closed it.</param>
/// <param name="SourceOffset">Without an id, the offset of its summary; else 0.</param>
public readonly record struct FinishedId(
    int SourcePartition, string CallId, long EndedMs, string ClosedBy, long SourceOffset)
{
    /// <summary>The identity of a row.</summary>
    public static FinishedId Of(FinishedCall row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return Of(row.SourcePartition, row.CallId, row.Ended, row.ClosedBy, row.SourceOffset);
    }

    /// <summary>The identity of a row with these columns.</summary>
    public static FinishedId Of(
        int sourcePartition, string callId, long endedMs, string closedBy, long sourceOffset) =>
        new(sourcePartition, callId, endedMs, closedBy, callId.Length == 0 ? sourceOffset : 0);

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"call {(CallId.Length > 0 ? CallId : $"at offset {SourceOffset}")} of partition "
        + $"{SourcePartition}, ended {EndedMs} by {ClosedBy}");
}
