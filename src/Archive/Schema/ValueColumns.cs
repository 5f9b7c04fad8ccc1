using Earshot.Schemas.V1;

namespace Earshot.Archive.Schema;

/// <summary>The columns of statistics: those of aggregates and those of insights.</summary>
internal static class ValueColumns
{
    private static readonly (string Name, Func<Aggregate, double> Value)[] Percentiles =
    [
        ("p25", a => a.P25), ("p50", a => a.P50), ("p75", a => a.P75),
        ("p90", a => a.P90), ("p95", a => a.P95), ("p99", a => a.P99),
    ];

    private static readonly (string Name, string Description, Func<Insight, long> Value)[] Counts =
    [
        ("busy", "calls that ended busy", i => i.Busy),
        ("noanswer", "calls nobody answered", i => i.Noanswer),
        ("failed", "calls that failed", i => i.Failed),
        ("canceled", "calls the caller gave up", i => i.Canceled),
        ("short_calls", "calls connected for less than 10 s", i => i.ShortCalls),
        ("long_calls", "calls connected for 60 s or more", i => i.LongCalls),
        ("reports", "stream reports in the window", i => i.Reports),
        ("values", "metric values in the window, all metrics together", i => i.Values),
    ];

    /// <summary>Statistics of one metric; all NULL where there is no aggregate.</summary>
    internal static IEnumerable<TableColumn<T>> OfAggregate<T>(Func<T, Aggregate?> of)
    {
        const string Unit = ", in the metric's unit";
        yield return TableColumns.Text<T>(
            "metric", "metric: pdd, connect_duration in s; jitter, rtt, latency in ms; packet_loss "
            + "in %; mos 1 to 5; score 0 to 1", row => of(row.Message)?.Metric);
        yield return TableColumns.BigInt<T>("count", "values", row => of(row.Message)?.Count);
        yield return TableColumns.Double<T>(
            "min", "smallest value" + Unit, row => of(row.Message)?.Min);
        yield return TableColumns.Double<T>("mean", "mean" + Unit, row => of(row.Message)?.Mean);
        yield return TableColumns.Double<T>(
            "max", "largest value" + Unit, row => of(row.Message)?.Max);
        yield return TableColumns.Double<T>(
            "sum", "sum of the values" + Unit, row => of(row.Message)?.Sum);
        yield return TableColumns.Double<T>(
            "stddev", "standard deviation (n-1)" + Unit + "; NULL for one value",
            row => of(row.Message) is { HasStddev: true } aggregate ? aggregate.Stddev : null);
        foreach ((string name, Func<Aggregate, double> value) in Percentiles)
        {
            yield return TableColumns.Double<T>(
                name, $"{name[1..]}th percentile: sorted[min(n*{name[1..]}//100, n-1)]" + Unit,
                row => of(row.Message) is Aggregate aggregate ? value(aggregate) : null);
        }

        yield return TableColumns.Buckets<T>(
            "buckets", "the values, or buckets of values past 64, with their counts: "
            + "percentile(buckets, 95) merges them over rows", row => of(row.Message)?.Buckets);
    }

    /// <summary>Counts, ratios and tags; all NULL where there is no insight.</summary>
    internal static IEnumerable<TableColumn<T>> OfInsight<T>(
        Func<T, Insight?> of, IReadOnlyList<string> tags)
    {
        yield return TableColumns.BigInt<T>(
            "calls", "calls that ended in the window", row => of(row.Message)?.Calls);
        yield return TableColumns.BigInt<T>(
            "attempts", "of these, the ones that began with a call attempt (seizures)",
            row => of(row.Message)?.Attempts);
        yield return TableColumns.BigInt<T>(
            "answered", "of these, the answered ones", row => of(row.Message)?.Answered);
        yield return TableColumns.Double<T>(
            "asr", "answer-seizure ratio, %: 100 * answered / attempts (ITU-T E.411); NULL "
            + "without attempts",
            row => of(row.Message) is { HasAsr: true } insight ? insight.Asr : null);
        yield return TableColumns.Double<T>(
            "ner", "network effectiveness ratio, % (ITU-T E.425); NULL without attempts",
            row => of(row.Message) is { HasNer: true } insight ? insight.Ner : null);
        yield return TableColumns.Double<T>(
            "aloc", "average length of an answered call, s; NULL when none was answered",
            row => of(row.Message) is { HasAloc: true } insight ? insight.Aloc : null);
        yield return TableColumns.Double<T>(
            "connected_minutes", "connected time, min", row => of(row.Message)?.ConnectedMinutes);
        yield return TableColumns.BigInt<T>(
            "normal_sessions", "calls whose last SIP response is 200",
            row => of(row.Message)?.NormalSessions);
        yield return TableColumns.Double<T>(
            "normal_sessions_share", "their share of the calls with a known last SIP response, %; "
            + "NULL without such",
            row => of(row.Message) is { HasNormalSessionsShare: true } insight
                ? insight.NormalSessionsShare : null);
        foreach ((string name, string description, Func<Insight, long> value) in Counts)
        {
            yield return TableColumns.BigInt<T>(
                name, description,
                row => of(row.Message) is Insight insight ? value(insight) : null);
        }

        foreach (TableColumn<T> column in SessionColumns.Of(of))
            yield return column;
        foreach (TableColumn<T> column in MosColumns.Of(of))
            yield return column;
        foreach (string tag in tags)
        {
            foreach (TableColumn<T> column in OfTag(of, tag))
                yield return column;
        }
    }

    private static IEnumerable<TableColumn<T>> OfTag<T>(Func<T, Insight?> of, string tag)
    {
        yield return TableColumns.BigInt<T>(
            tag, $"calls tagged {tag}",
            row => of(row.Message) is Insight insight ? Tag(insight, tag)?.Calls ?? 0 : null);
        yield return TableColumns.Double<T>(
            tag + "_share", "their share of the calls, %; NULL without calls",
            row => of(row.Message) is { Calls: > 0 } insight
                ? 100.0 * (Tag(insight, tag)?.Calls ?? 0) / insight.Calls : null);
        yield return TableColumns.BigInt<T>(
            tag + "_reports", $"stream reports tagged {tag}",
            row => of(row.Message) is Insight insight ? Tag(insight, tag)?.Reports ?? 0 : null);
    }

    private static TagCount? Tag(Insight insight, string tag)
    {
        foreach (TagCount count in insight.Tags)
        {
            if (count.Tag == tag)
                return count;
        }

        return null;
    }
}
