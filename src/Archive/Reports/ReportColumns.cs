using Earshot.Archive.Schema;

namespace Earshot.Archive.Reports;

/// <summary>
/// What a report sums up and what it makes of the sums, as SQL. Counts add up; ratios are made of
/// the sums, with the same denominators as in CallCounts.
/// </summary>
internal static class ReportColumns
{
    /// <summary>The percentiles shown of each metric.</summary>
    internal static readonly int[] Percents = [5, 50, 90, 95, 99];

    private static readonly string[] counts =
    [
        "calls", "attempts", "answered", "busy", "noanswer", "rejected", "failed", "canceled",
        "completed", "invites", "redirected", "established", "effective", "ineffective",
        "sip_known", "normal_sessions", "duration_known", "short_calls", "long_calls", "reports",
    ];

    // Rows of versions that did not count sessions lack the denominators: they are in neither part
    // of a ratio that needs them.
    private const string Known = " FILTER (WHERE sip_known IS NOT NULL)";

    private static readonly (string Name, string Part, string Whole)[] ratios =
    [
        ("asr", "answered", "attempts"),
        ("abr", "answered", "calls"),
        ("ner", "reached", "attempts_known"),
        ("ser", "established", "invites - redirected"),
        ("seer", "effective", "invites - redirected"),
        ("isa", "ineffective", "invites"),
        ("scr", "completed", "attempts_known"),
        ("normal_sessions_share", "normal_known", "sip_known"),
        ("short_calls_share", "short_known", "duration_known"),
        ("long_calls_share", "long_known", "duration_known"),
    ];

    /// <summary>The sums, over rows of insights.</summary>
    internal static IEnumerable<string> Sums =>
    [
        .. counts.Concat(ArchiveSchema.StandardTags).Select(SumOf),
        .. ArchiveSchema.StandardTags.Select(tag => SumOf(tag + "_reports")),
        "sum(connected_minutes) AS connected_minutes",
        $"sum(connected_minutes){Known} AS minutes_known",
        $"sum(attempts){Known}::BIGINT AS attempts_known",
        $"sum(normal_sessions){Known}::BIGINT AS normal_known",
        $"sum(short_calls){Known}::BIGINT AS short_known",
        $"sum(long_calls){Known}::BIGINT AS long_known",
        $"sum(answered + busy + noanswer + rejected){Known}::BIGINT AS reached",
    ];

    /// <summary>The columns made of them, in order; the sums are those of "k".</summary>
    internal static IEnumerable<(string Name, string Sql)> OfCalls =>
    [
        .. counts.Append("connected_minutes").Select(name => (name, $"k.{name}")),
        .. ratios.Select(ratio => (ratio.Name, Percent(ratio.Part, ratio.Whole))),
        ("aloc", "60e0 * k.minutes_known / nullif(k.duration_known, 0)"),
        .. ArchiveSchema.StandardTags.SelectMany(OfTag),
    ];

    /// <summary>The columns of one metric, whose merged values are those of an alias.</summary>
    internal static IEnumerable<(string Name, string Sql)> OfMetric(string metric, string alias) =>
    [
        (metric + "_count", $"coalesce({alias}.values_count, 0)"),
        (metric + "_mean", $"{alias}.mean"),
        (metric + "_min", $"{alias}.least"),
        (metric + "_max", $"{alias}.most"),
        .. Percents.Select(
            p => ($"{metric}_p{p}", PercentileOf(alias, p))),
    ];

    /// <summary>Whether a column is sorted from the most down unless told otherwise.</summary>
    internal static bool IsNumber(string column) => column is not ("from" or "to");

    // A bucket's middle may lie beyond the least and the most value, which are known exactly.
    private static string PercentileOf(string alias, int percent) =>
        $"least(greatest(bucket_percentile({alias}.merged, {percent}), {alias}.least), "
        + $"{alias}.most)";

    private static string SumOf(string name) =>
        $"sum({ArchiveColumn.Quote(name)})::BIGINT AS {ArchiveColumn.Quote(name)}";

    private static (string Name, string Sql)[] OfTag(string tag) =>
    [
        (tag, $"k.{tag}"),
        (tag + "_share", Percent(tag, "calls")),
        (tag + "_reports", $"k.{tag}_reports"),
    ];

    // 100e0 is a DOUBLE, where 100.0 is a DECIMAL; k.'s names are plain words.
    private static string Percent(string part, string whole)
    {
        string divisor = string.Join(" - ", whole.Split(" - ").Select(name => "k." + name));
        return $"100e0 * k.{part} / nullif({divisor}, 0)";
    }
}
