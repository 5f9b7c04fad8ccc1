using Earshot.Batch;
using Earshot.Schemas.V1;

namespace Earshot.Host.Verify;

/// <summary>Holds the archived warnings against the recomputed ones.</summary>
internal static class WarningComparison
{
    private const string Dimensions = "dimensions";

    // The last one is made of several of the archive.
    private static readonly RowColumn<Warning>[] columns =
    [
        new("call_id", w => w.CallId.Length > 0 ? w.CallId : null),
        new("stream_id", w => w.StreamId),
        new("event_time", w => w.EventTime),
        new("raised_at", w => w.RaisedAt),
        new("duration_s", w => w.HasDurationS ? w.DurationS : null),
        new("input", w => w.Input.Length > 0 ? w.Input : null),
        new("value", w => w.HasValue ? w.Value : null),
        new("limit", w => w.HasLimit ? w.Limit : null),
        new("samples_crossed", w => (long)w.SamplesCrossed),
        new("samples_known", w => (long)w.SamplesKnown),
        new(Dimensions, w => RowId.TextOf(w.Key.Dimensions)),
    ];

    /// <summary>Compares them.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="expected">The recomputed rows.</param>
    /// <param name="settled">True when all that follows from the input is archived.</param>
    /// <param name="result">Takes what came of it.</param>
    public static TableResult Compare(
        ArchiveReader archive, IReadOnlyDictionary<WarningId, Warning> expected, bool settled,
        TableResult result)
    {
        HashSet<WarningId> found = [];
        Dictionary<int, long> lastOffsets = [];
        string[] names = [.. columns.Select(column => column.Name).Where(n => n != Dimensions)];
        foreach ((WarningId id, object?[] values) in archive.Warnings(names))
        {
            if (!found.Add(id))
            {
                result.AddRepeated(id.ToString());
                continue;
            }

            lastOffsets[id.SourcePartition] = Math.Max(
                id.SourceOffset, lastOffsets.GetValueOrDefault(id.SourcePartition));
            if (!expected.TryGetValue(id, out Warning? row))
                result.AddExtra(id.ToString());
            else if (RowComparison.Differing(columns, row, values) is { Count: > 0 } differing)
                result.AddDifferent(id.ToString(), differing);
            else
                result.Equal++;
        }

        foreach (WarningId id in expected.Keys)
        {
            if (found.Contains(id))
                continue;

            // A stream's end comes out long after the report it names.
            bool isDue = settled || (id.What != WarningId.StreamEnded && id.SourceOffset
                < lastOffsets.GetValueOrDefault(id.SourcePartition, -1));
            if (isDue)
                result.AddMissing(id.ToString());
            else
                result.Pending++;
        }

        return result;
    }
}
