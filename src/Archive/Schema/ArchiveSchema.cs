using Earshot.Actors.Wire;
using Earshot.Schemas.V1;

namespace Earshot.Archive.Schema;

/// <summary>
/// The tables of the archive: which columns they have, what these hold, and how a record of
/// rows.proto fills them. This is the one place that says so.
/// </summary>
public sealed class ArchiveSchema
{
    /// <summary>Insight tags every insights row has columns for.</summary>
    public static readonly IReadOnlyList<string> StandardTags =
    [
        "high_packet_loss", "high_jitter", "high_latency", "high_pdd", "low_mos", "silent",
        "one_way_audio", "ice_failure", "bad_network",
    ];

    // An event this much ahead of its log is filed under the day of the log: a device with a wild
    // clock must not make a folder for every day it invents.
    private static readonly TimeSpan aheadMax = TimeSpan.FromDays(1);

    private readonly KeyColumns key;
    private readonly string[] tags;
    private readonly Dictionary<string, ArchiveTable> byName;

    /// <summary>The schema of a pipeline.</summary>
    /// <param name="extraDimensions">Dimensions it groups by beside the standard ones.</param>
    /// <param name="extraTags">Tags it gives beside the standard ones.</param>
    public ArchiveSchema(
        IEnumerable<string>? extraDimensions = null, IEnumerable<string>? extraTags = null)
    {
        key = new KeyColumns(extraDimensions ?? []);
        tags = [.. StandardTags.Concat(extraTags ?? []).Distinct()];
        Tables =
        [
            Aggregates(), Insights(), Predictions(), Warnings(), Calls(), Late(), Dead(),
        ];
        byName = Tables.ToDictionary(table => table.Name);
        foreach (ArchiveTable table in Tables)
            CheckNames(table);
    }

    /// <summary>All tables.</summary>
    public IReadOnlyList<ArchiveTable> Tables { get; }

    /// <summary>The dimensions, standard ones first.</summary>
    public IReadOnlyList<string> Dimensions => key.Dimensions;

    /// <summary>A table by name.</summary>
    /// <exception cref="ArgumentException">There is no such table.</exception>
    public ArchiveTable this[string table] =>
        byName.TryGetValue(table, out ArchiveTable? found)
            ? found
            : throw new ArgumentException(
                $"The archive has no table '{table}'; it has {string.Join(", ", byName.Keys)}.");

    /// <summary>A table by name; null when there is none.</summary>
    public ArchiveTable? Find(string table) => byName.GetValueOrDefault(table);

    private TableLayout<Aggregate> Aggregates() => new(
        "aggregates", "statistics of one metric, one key and one window", Aggregate.Parser,
        [
            .. key.Of<Aggregate>(a => a.Key),
            .. ValueColumns.OfAggregate<Aggregate>(a => a),
            .. Revision<Aggregate>(a => a.Revision),
            Final<Aggregate>(a => a.Final),
        ])
    {
        SortColumns = key.Sort("metric"),
        IdentityColumns = [.. key.Identity, "metric"],
        HasFinal = true,
        Check = a => key.CheckPresent(a.Key),
        DayTimeMs = (a, appendTimeMs) => DayTime(a.Key?.WindowStart, appendTimeMs),
    };

    private TableLayout<Insight> Insights() => new(
        "insights", "call counts, ratios and tags of one key and one window", Insight.Parser,
        [
            .. key.Of<Insight>(i => i.Key),
            .. ValueColumns.OfInsight<Insight>(i => i, tags),
            .. Revision<Insight>(i => i.Revision),
            Final<Insight>(i => i.Final),
        ])
    {
        SortColumns = key.Sort(),
        IdentityColumns = key.Identity,
        HasFinal = true,
        Check = CheckInsight,
        DayTimeMs = (i, appendTimeMs) => DayTime(i.Key?.WindowStart, appendTimeMs),
    };

    private TableLayout<Prediction> Predictions() => new(
        "predictions", "what a key's own history made us expect, and what came", Prediction.Parser,
        [
            .. key.Of<Prediction>(p => p.Key), .. PredictionColumns.All,
            .. Revision<Prediction>(p => p.Revision),
        ])
    {
        SortColumns = key.Sort("metric"),
        IdentityColumns = [.. key.Identity, "metric"],
        Check = p => key.CheckPresent(p.Key),
        DayTimeMs = (p, appendTimeMs) => DayTime(p.Key?.WindowStart, appendTimeMs),
    };

    private TableLayout<Warning> Warnings() => new(
        "warnings", "a live condition of one stream, raised or cleared", Warning.Parser,
        [.. key.WithoutWindow<Warning>(w => w.Key), .. WarningColumns.All])
    {
        SortColumns =
            ["grouping", .. key.Dimensions, "call_id", "stream_id", "event_time", "log_offset"],
        Check = w => key.CheckPresent(w.Key),
        DayTimeMs = (w, appendTimeMs) => DayTime(w.EventTime, appendTimeMs),
    };

    private TableLayout<FinishedCall> Calls() => new(
        "calls", "one call, counted or given up; filled with --archive-calls", FinishedCall.Parser,
        [.. key.WithoutWindow<FinishedCall>(c => c.Key), .. CallColumns.All])
    {
        SortColumns = ["grouping", .. key.Dimensions, "ended", "call_id", "log_offset"],
        Check = c => key.CheckPresent(c.Key),
        DayTimeMs = (c, appendTimeMs) => DayTime(c.Ended, appendTimeMs),
    };

    private TableLayout<LateRow> Late() => new(
        "late", "a record, or a partial aggregate, that came after its time",
        SideRecords.ReadLate,
        [
            .. EventColumns.OfLate,
            .. key.Of<LateRow>(LateKey),
            .. ValueColumns.OfAggregate<LateRow>(l => l.Aggregate),
            .. ValueColumns.OfInsight<LateRow>(l => l.Insight, tags),
            .. Revision<LateRow>(l => l.Aggregate?.Revision ?? l.Insight?.Revision),
            Final<LateRow>(l => l.Aggregate?.Final ?? l.Insight?.Final),
        ])
    {
        SortColumns = ["event_time", "source_partition", "source_offset", "log_offset"],
        Check = CheckLate,
        DayTimeMs = (l, appendTimeMs) => DayTime(l.EventTime, appendTimeMs),
    };

    private static TableLayout<DeadLetter> Dead() => new(
        "dead", "a record that could not be used", SideRecords.ReadDead, EventColumns.OfDead)
    {
        SortColumns = ["event_time", "source_partition", "source_offset", "log_offset"],
        Check = _ => { },
        DayTimeMs = (d, appendTimeMs) =>
            DayTime(d.HasEventTime ? d.EventTime : null, appendTimeMs),
    };

    private static TableColumn<T>[] Revision<T>(Func<T, long?> value) =>
    [
        TableColumns.BigInt<T>(
            "revision", "the aggregator's input offset at which the row was made: greater is newer",
            row => value(row.Message)),
    ];

    private static TableColumn<T> Final<T>(Func<T, bool?> value) =>
        TableColumns.Boolean<T>("final", "the window is closed", row => value(row.Message));

    private static RowKey? LateKey(LateRow late) => late.Aggregate?.Key ?? late.Insight?.Key;

    private static long DayTime(long? time, long appendTimeMs)
    {
        if (time is not long given || given < 0 || !TableColumns.IsTime(given))
            return appendTimeMs;
        bool ahead = appendTimeMs > 0 && given > appendTimeMs + (long)aheadMax.TotalMilliseconds;
        return ahead ? appendTimeMs : given;
    }

    private void CheckLate(LateRow late)
    {
        key.Check(late.Aggregate?.Key);
        if (late.Insight is not null)
            CheckInsight(late.Insight);
    }

    private void CheckInsight(Insight insight)
    {
        key.CheckPresent(insight.Key);
        foreach (TagCount count in insight.Tags)
        {
            if (!tags.Contains(count.Tag))
                throw new InvalidOperationException(
                    $"an insight carries the tag '{count.Tag}', which the archive has no column "
                    + "for: name it among the extra tags of ArchiveSchema");
        }
    }

    private static void CheckNames(ArchiveTable table)
    {
        string? twice = table.Columns
            .GroupBy(column => column.Name, StringComparer.OrdinalIgnoreCase)
            .FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
            throw new ArgumentException(
                $"'{twice}' cannot be an extra dimension or tag: the table {table.Name} has a "
                + "column of that name already");
    }
}
