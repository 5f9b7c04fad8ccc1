namespace Earshot.Archive.Sql;

/// <summary>SQL functions the archive adds to DuckDB's.</summary>
public static class SqlMacros
{
    /// <summary>
    /// Name, signature and meaning of each, for help texts.
    /// </summary>
    public static readonly IReadOnlyList<(string Signature, string Description)> All =
    [
        ("percentile(buckets, p)",
            "aggregate: the p-th percentile (0 to 100) over the values of all rows, merged from "
            + "their buckets: SELECT country, percentile(buckets, 95) FROM aggregates "
            + "WHERE metric = 'jitter' GROUP BY country"),
        ("bucket_percentile(buckets, p)",
            "the p-th percentile of one row's buckets, in any order; NULL for none"),
        ("bucket_count(buckets)", "the number of values in one row's buckets"),
    ];

    // bucket_percentile is BucketPercentile, in C#: as SQL it took a fold of 5 µs a bucket.
    internal const string Script =
        """
        CREATE OR REPLACE MACRO bucket_count(buckets) AS
            coalesce(list_sum(list_transform(buckets, lambda b: b.count)), 0)::BIGINT;
        CREATE OR REPLACE MACRO percentile(buckets, p) AS
            bucket_percentile(flatten(list(buckets) FILTER (buckets IS NOT NULL)), p);
        """;
}
