using Earshot.Analytics;

namespace Earshot.Archive.Reports;

/// <summary>What a report is asked for.</summary>
public sealed record ReportRequest
{
    /// <summary>Metrics shown where none are named.</summary>
    public static readonly IReadOnlyList<string> MetricsDefault =
        ["pdd", "srd_failed", "jitter", "avg_jitter", "packet_loss", "rtt", "mos"];

    /// <summary>Dimensions to group by; empty: one row for everything.</summary>
    public IReadOnlyList<string> By { get; init; } = [];

    /// <summary>Begin, inclusive, ms since the epoch; null: the first row.</summary>
    public long? FromMs { get; init; }

    /// <summary>End, exclusive, ms since the epoch; null: the last row.</summary>
    public long? ToMs { get; init; }

    /// <summary>A row per so much time, ms, aligned to the epoch; null: one for all.</summary>
    public long? WindowMs { get; init; }

    /// <summary>
    /// Rows wanted: dimension and value; "" means that the dimension is missing. Several values of
    /// one dimension: any of them.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Where { get; init; } = [];

    /// <summary>Metrics with columns of their own.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = MetricsDefault;

    /// <summary>Column to sort by; null: by calls, most first, or with a window by time.</summary>
    public string? Sort { get; init; }

    /// <summary>Whether the least comes first; null: only of texts and times.</summary>
    public bool? Ascending { get; init; }

    /// <summary>Most rows; null: all.</summary>
    public int? RowsMax { get; init; }

    /// <summary>Rows with fewer calls are left out.</summary>
    public long CallsMin { get; init; }

    /// <summary>All dimensions the rows must tell apart.</summary>
    internal IReadOnlyList<string> Dimensions =>
        [.. By.Concat(Where.Select(wanted => wanted.Key)).Distinct()];
}

/// <summary>The windows of one length and grouping set that the archive has.</summary>
/// <param name="Grouping">Name of the grouping set.</param>
/// <param name="Window">Length and slide.</param>
/// <param name="FirstMs">Start of the first one, ms since the epoch.</param>
/// <param name="LastMs">End of the last one, ms since the epoch.</param>
public sealed record WindowExtent(string Grouping, WindowSpec Window, long FirstMs, long LastMs);
