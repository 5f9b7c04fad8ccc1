using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Schemas.V1;

namespace Earshot.Host.Verify;

/// <summary>
/// Which windows are closed, and which rows the archive should have. Windows close in the order of
/// their ends, so of those that end before the last one archived no row may be missing. When all is
/// archived, no row may be missing at all.
/// </summary>
internal sealed class ArchiveReach
{
    private readonly PipelineOptions options;
    private readonly bool settled;
    private readonly IReadOnlyDictionary<(string Table, int Partition), long> lastEndMs;
    private readonly Dictionary<string, int> groupings;

    /// <summary>Finds it.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="extent">How far the pipeline has come.</param>
    /// <param name="options">The pipeline.</param>
    /// <param name="watermarkMs">The watermark that follows from the input.</param>
    public ArchiveReach(
        ArchiveReader archive, PipelineExtent extent, PipelineOptions options, long watermarkMs)
    {
        this.options = options;
        settled = extent.Settled;
        lastEndMs = archive.LastEnds();
        groupings = options.Keys.Index().ToDictionary(key => key.Item.Name, key => key.Index);
        ClosedToMs = [.. Enumerable.Range(0, options.Partitions).Select(partition =>
            settled && extent.Ended ? long.MaxValue
            : Math.Max(Last(partition), settled ? watermarkMs : long.MinValue))];
    }

    /// <summary>
    /// Per partition of the aggregator: windows that end at or before this are closed. More than
    /// the watermark says where a source partition was left out as idle.
    /// </summary>
    public IReadOnlyList<long> ClosedToMs { get; }

    /// <summary>True when the archive should have a row of this key and window.</summary>
    public bool Expects(string table, RowKey key)
    {
        int partition = PartitionOf(key);
        if (settled)
            return options.Mode == OutputMode.Update || key.WindowEnd <= ClosedToMs[partition];
        return key.WindowEnd < lastEndMs.GetValueOrDefault((table, partition), long.MinValue);
    }

    private long Last(int partition) => lastEndMs
        .Where(last => last.Key.Partition == partition)
        .Select(last => last.Value)
        .DefaultIfEmpty(long.MinValue)
        .Max();

    private int PartitionOf(RowKey key)
    {
        int grouping = groupings[key.Grouping];
        string?[] values = [.. options.Keys[grouping].Dimensions.Select(
            name => key.Dimensions.TryGetValue(name, out string? value) ? value : null)];
        return new GroupingKey(grouping, values).PartitionOf(options.Partitions);
    }
}
