using System.Globalization;
using Earshot.Schemas.V1;

namespace Earshot.Batch;

/// <summary>What identifies a row of the table warnings.</summary>
/// <param name="SourcePartition">Partition of the input.</param>
/// <param name="SourceOffset">Offset of the report that decided it.</param>
/// <param name="Warning">The condition.</param>
/// <param name="What">raised, cleared or stream_ended.</param>
public readonly record struct WarningId(
    int SourcePartition, long SourceOffset, string Warning, string What)
{
    /// <summary>What is made of a stream's end.</summary>
    public const string StreamEnded = "stream_ended";

    /// <summary>The identity of a row.</summary>
    public static WarningId Of(Warning row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return Of(row.SourcePartition, row.SourceOffset, row.Warning_, row.Raised, row.Cause);
    }

    /// <summary>The identity of a row with these columns.</summary>
    public static WarningId Of(
        int sourcePartition, long sourceOffset, string warning, bool raised, string cause) =>
        new(sourcePartition, sourceOffset, warning,
            raised ? "raised" : cause == StreamEnded ? StreamEnded : "cleared");

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Warning} {What}, report {SourceOffset} of partition {SourcePartition}");
}
