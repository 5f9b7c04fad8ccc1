using Earshot.Actors.Keys;
using Earshot.Schemas;

namespace Earshot.Actors.Wire;

/// <summary>
/// What one epoch of a source partition gives to the aggregator: its partial aggregates, and how
/// far it has come. Passed by reference when fused, through the log otherwise.
/// </summary>
/// <param name="SourcePartition">Who sends it.</param>
/// <param name="SourcePartitions">How many source partitions there are.</param>
/// <param name="From">First source offset covered.</param>
/// <param name="To">The source offset after the last one covered.</param>
/// <param name="WatermarkMs">
/// Watermark at the epoch's end; long.MinValue before the first record.
/// </param>
/// <param name="Idle">True: leave this source out of the minimum until it sends again.</param>
/// <param name="Ended">True: nothing will follow.</param>
/// <param name="Partials">
/// The partial aggregates (of this chunk); fused, a cell is valid until the next partial.
/// </param>
/// <param name="MetricNames">What the cells' metric symbols mean.</param>
/// <param name="First">True for the epoch's first chunk.</param>
/// <param name="Last">True for the epoch's last chunk: it carries the watermark's mark.</param>
internal sealed record Bundle(
    int SourcePartition, int SourcePartitions, long From, long To, long WatermarkMs, bool Idle,
    bool Ended, IEnumerable<Partial> Partials, SymbolTable MetricNames, bool First = true,
    bool Last = true);
