using System.Globalization;
using Earshot.Archive.DuckDb;
using Earshot.Archive.Schema;

namespace Earshot.Archive.Reports;

/// <summary>
/// The SQL of a report: sums of insights and merged buckets of aggregates per key, and the ratios
/// and percentiles of these.
/// </summary>
internal sealed class ReportStatement
{
    private readonly ReportPlan plan;
    private readonly ReportRequest request;
    private readonly string[] keys;
    private readonly List<(string Name, string Sql)> columns;

    internal ReportStatement(ReportPlan plan)
    {
        this.plan = plan;
        request = plan.Request;
        keys = [.. request.By.Select(ArchiveColumn.Quote)];
        columns =
        [
            .. request.By.Select(name => (name, $"k.{ArchiveColumn.Quote(name)}")),
            ("from", BeginOf(plan)), ("to", EndOf(plan)),
            .. ReportColumns.OfCalls,
            .. request.Metrics.SelectMany(
                (metric, i) => ReportColumns.OfMetric(metric, AliasOf(i))),
        ];
    }

    /// <summary>The statement.</summary>
    /// <exception cref="ArgumentException">There is no column to sort by of that name.</exception>
    internal string Text
    {
        get
        {
            string limit = request.RowsMax is { } most
                ? string.Create(CultureInfo.InvariantCulture, $"\nLIMIT {most}") : "";
            string selected = string.Join(
                ",\n    ", columns.Select(c => $"{c.Sql} AS {ArchiveColumn.Quote(c.Name)}"));
            return string.Create(
                CultureInfo.InvariantCulture,
                $"""
                WITH keys AS (
                    SELECT {Grouped(ReportColumns.Sums)}
                    FROM insights WHERE {Condition} GROUP BY ALL HAVING count(*) > 0),
                metrics AS (
                    SELECT {Grouped(Merged)}
                    FROM aggregates WHERE {Condition} AND metric IN ({MetricList})
                    GROUP BY ALL)
                SELECT {selected}
                FROM keys AS k{string.Concat(request.Metrics.Select(Join))}
                WHERE k.calls >= {request.CallsMin}
                ORDER BY {Order}{limit}
                """);
        }
    }

    /// <summary>
    /// How many windows there are in it, and of how many rows the window is still open.
    /// </summary>
    internal string Coverage =>
        $"SELECT count(DISTINCT window_start), count(*) FILTER (WHERE NOT final) FROM insights "
        + $"WHERE {Condition}";

    private static string[] Merged =>
    [
        "metric", "sum(\"count\")::BIGINT AS values_count", "sum(\"sum\") / sum(\"count\") AS mean",
        "min(\"min\") AS least", "max(\"max\") AS most",
        "flatten(list(buckets) FILTER (buckets IS NOT NULL)) AS merged",
    ];

    private string Condition
    {
        get
        {
            List<string> all =
            [
                $"\"grouping\" = {DuckDbSql.Literal(plan.Grouping.Name)}",
                $"\"window\" = {DuckDbSql.Literal(plan.Window.Name)}",
                $"window_start >= {Time(plan.FromMs)}", $"window_end <= {Time(plan.ToMs)}",
            ];
            foreach (IGrouping<string, string> wanted in
                request.Where.GroupBy(pair => pair.Key, pair => pair.Value))
            {
                string name = ArchiveColumn.Quote(wanted.Key);
                all.Add("(" + string.Join(" OR ", wanted.Select(value => value.Length == 0
                    ? $"{name} IS NULL" : $"{name} = {DuckDbSql.Literal(value)}")) + ")");
            }

            return string.Join(" AND ", all);
        }
    }

    private string MetricList => request.Metrics.Count == 0
        ? "NULL" : string.Join(", ", request.Metrics.Select(DuckDbSql.Literal));

    // The key is last in the order, so that rows are in one order whatever they are sorted by.
    private string Order
    {
        get
        {
            string sort = request.Sort ?? (request.WindowMs is null ? "calls" : "from");
            if (!columns.Exists(column => column.Name == sort))
                throw new ArgumentException(
                    $"The report has no column '{sort}' to sort by; it has "
                    + $"{string.Join(", ", columns.Select(column => column.Name))}.");
            bool ascending = request.Ascending
                ?? (request.By.Contains(sort) || !ReportColumns.IsNumber(sort));
            IEnumerable<string> order =
            [
                $"{ArchiveColumn.Quote(sort)} {(ascending ? "ASC" : "DESC")} NULLS LAST",
                "\"from\"",
                .. keys.Select(key => $"k.{key} NULLS FIRST"),
            ];
            return string.Join(", ", order);
        }
    }

    private string Grouped(IEnumerable<string> values)
    {
        string[] at = request.WindowMs is { } ms
            ? [string.Create(
                CultureInfo.InvariantCulture, $"epoch_ms(window_start) // {ms} * {ms} AS at")]
            : [];
        return string.Join(",\n        ", keys.Concat(at).Concat(values));
    }

    private string Join(string metric, int index)
    {
        string alias = AliasOf(index);
        IEnumerable<string> same =
        [
            $"{alias}.metric = {DuckDbSql.Literal(metric)}",
            .. keys.Select(key => $"{alias}.{key} IS NOT DISTINCT FROM k.{key}"),
            .. request.WindowMs is null ? Array.Empty<string>() : [$"{alias}.at = k.at"],
        ];
        return $"\nLEFT JOIN metrics AS {alias} ON {string.Join(" AND ", same)}";
    }

    // A window that the range cuts is shown as far as it is in it.
    private static string BeginOf(ReportPlan plan) => plan.Request.WindowMs is null
        ? Time(plan.FromMs)
        : $"greatest(epoch_ms(k.at)::TIMESTAMPTZ, {Time(plan.FromMs)})";

    private static string EndOf(ReportPlan plan) => plan.Request.WindowMs is not { } window
        ? Time(plan.ToMs)
        : string.Create(
            CultureInfo.InvariantCulture,
            $"least(epoch_ms(k.at + {window})::TIMESTAMPTZ, {Time(plan.ToMs)})");

    private static string AliasOf(int metric) =>
        string.Create(CultureInfo.InvariantCulture, $"m{metric}");

    private static string Time(long ms) => string.Create(
        CultureInfo.InvariantCulture,
        $"TIMESTAMPTZ '{DateTimeOffset.FromUnixTimeMilliseconds(ms):yyyy-MM-dd HH:mm:ss.fff}+00'");
}
