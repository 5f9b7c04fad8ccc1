using Earshot.Schemas.V1;

namespace Earshot.Archive.Schema;

/// <summary>
/// The columns of insights that tell where the MOS of stream reports comes from; NULL in rows that
/// were made by a version which did not estimate.
/// </summary>
internal static class MosColumns
{
    private static readonly (string Name, string Description, Func<MosSources, long> Value)[] All =
    [
        ("mos_given", "stream reports whose source gives a MOS", m => m.Given),
        ("mos_estimated", "stream reports whose MOS was estimated (ITU-T G.107)",
            m => m.Estimated),
        ("mos_codec_missing", "of these, the source names no codec", m => m.CodecMissing),
        ("mos_codec_unknown", "of these, the codec has no known values", m => m.CodecUnknown),
        ("mos_bpl_unknown", "of these, there was loss, and the codec's robustness to it is not "
            + "known", m => m.BplUnknown),
        ("mos_loss_missing", "of these, packet loss is missing", m => m.LossMissing),
        ("mos_burst_ratio_missing", "of these, there was loss, and its burst ratio is missing",
            m => m.BurstRatioMissing),
        ("mos_delay_missing", "of these, delay is missing", m => m.DelayMissing),
        ("mos_jitter_missing", "of these, jitter is missing for the delay of its buffer",
            m => m.JitterMissing),
    ];

    /// <summary>The columns.</summary>
    internal static IEnumerable<TableColumn<T>> Of<T>(Func<T, Insight?> of)
    {
        foreach ((string name, string description, Func<MosSources, long> value) in All)
        {
            yield return TableColumns.BigInt<T>(
                name, description,
                row => of(row.Message)?.MosSources is { } found ? value(found) : null);
        }
    }
}
