using System.Globalization;
using Earshot.Actors;
using Earshot.Log;
using Earshot.Schemas.V1;
using Earshot.Tests.Simulation.Run;

namespace Earshot.Tests.Simulation;

/// <summary>
/// The rows of a run by what identifies them, newest revision each, and the comparison that
/// DESIGN.md calls "the same rows".
/// </summary>
internal sealed class Rows
{
    private readonly Dictionary<string, Aggregate> aggregates = [];
    private readonly Dictionary<string, Insight> insights = [];
    private readonly Dictionary<string, Prediction> predictions = [];
    private readonly Dictionary<string, int> sideRows = [];

    public IReadOnlyDictionary<string, Aggregate> Aggregates => aggregates;

    public IReadOnlyDictionary<string, Insight> Insights => insights;

    public IReadOnlyDictionary<string, Prediction> Predictions => predictions;

    /// <summary>Late and dead rows with how often each came.</summary>
    public IReadOnlyDictionary<string, int> SideRows => sideRows;

    /// <summary>
    /// Reads what a run archived; fails unless that is what it published, each row once.
    /// </summary>
    public static Rows Read(SimulatedRun run)
    {
        Rows rows = new();
        Topics topics = run.Options.Topics;
        bool append = run.Options.Mode == OutputMode.Append;
        foreach ((string topic, string table) in topics.Archived)
        {
            for (int partition = 0; partition < run.Options.Partitions; partition++)
            {
                foreach (byte[] value in Archived(run, new TopicPartition(topic, partition), table))
                    rows.Take(table, value, append);
            }
        }

        rows.AssertAllFinal();
        return rows;
    }

    /// <summary>What identifies a row among those of its table.</summary>
    public static string IdOf(RowKey key)
    {
        IEnumerable<string> named = key.Dimensions.Count < 2
            ? key.Dimensions.Select(d => $"{d.Key}={d.Value}")
            : key.Dimensions.OrderBy(d => d.Key, StringComparer.Ordinal)
                .Select(d => $"{d.Key}={d.Value}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{key.Window}|{key.WindowStart}|{key.Grouping}|{string.Join(",", named)}");
    }

    /// <summary>Adds the rows of partials that met a closed window to the rows they belong to.
    /// </summary>
    public void FoldLatePartials(IEnumerable<LateRow> late)
    {
        foreach (LateRow row in late)
        {
            if (row.Aggregate is { } aggregate)
                Fold(aggregate);
            else if (row.Insight is { } insight)
                Fold(insight);
        }
    }

    public void Add(Aggregate row) => aggregates.Add($"{IdOf(row.Key)}|{row.Metric}", row);

    public void Add(Insight row) => insights.Add(IdOf(row.Key), row);

    public void Add(Prediction row) => predictions.Add($"{IdOf(row.Key)}|{row.Metric}", row);

    public void Count(string sideRow) =>
        sideRows[sideRow] = sideRows.GetValueOrDefault(sideRow) + 1;

    private static List<byte[]> Archived(SimulatedRun run, TopicPartition source, string table)
    {
        SortedDictionary<long, byte[]> archived = run.Archive.Rows(table, source.Partition);
        List<byte[]> values = [];
        foreach ((long offset, byte[] value) in run.Broker.Records(source))
        {
            Assert.True(
                archived.TryGetValue(offset, out byte[]? row),
                $"{source}@{offset} is not in the archive");
            Assert.True(value.AsSpan().SequenceEqual(row), $"{source}@{offset} is archived wrong");
            values.Add(value);
        }

        Assert.True(
            values.Count == archived.Count,
            $"the archive has {archived.Count} rows of {source}, which has {values.Count}");
        return values;
    }

    private void Take(string table, byte[] value, bool append)
    {
        switch (table)
        {
            case "aggregates":
                Aggregate aggregate = Aggregate.Parser.ParseFrom(value);
                Keep(
                    aggregates, $"{IdOf(aggregate.Key)}|{aggregate.Metric}", aggregate,
                    static row => (row.Revision, row.Final), append);
                break;
            case "insights":
                Insight insight = Insight.Parser.ParseFrom(value);
                Keep(
                    insights, IdOf(insight.Key), insight,
                    static row => (row.Revision, row.Final), append);
                break;
            case "predictions":
                Prediction prediction = Prediction.Parser.ParseFrom(value);
                string id = $"{IdOf(prediction.Key)}|{prediction.Metric}";
                Assert.True(predictions.TryAdd(id, prediction), $"{id} was predicted twice");
                break;
            case "late":
                LateRow late = LateRow.Parser.ParseFrom(value);
                if (late.Reason == "window_closed")
                    LatePartials.Add(late);
                else
                    Count(Side.Of(late));
                break;
            case "dead":
                Count(Side.Of(DeadLetter.Parser.ParseFrom(value)));
                break;
        }
    }

    /// <summary>Partials that met a closed window.</summary>
    public List<LateRow> LatePartials { get; } = [];

    private static void Keep<T>(
        Dictionary<string, T> rows, string id, T row, Func<T, (long Revision, bool Final)> of,
        bool append)
    {
        if (!rows.TryGetValue(id, out T? before))
        {
            rows.Add(id, row);
            return;
        }

        Assert.False(append, $"{id} came out twice");
        Assert.False(of(before).Final, $"{id} came again after its final row");
        // The input's end may make a final row at the offset of the one before.
        Assert.True(of(before).Revision <= of(row).Revision, $"{id} came with an older revision");
        rows[id] = row;
    }

    private void AssertAllFinal()
    {
        foreach ((string id, Aggregate row) in aggregates)
            Assert.True(row.Final, $"{id} has no final row");
        foreach ((string id, Insight row) in insights)
            Assert.True(row.Final, $"{id} has no final row");
    }

    private void Fold(Aggregate late)
    {
        string id = $"{IdOf(late.Key)}|{late.Metric}";
        if (!aggregates.TryGetValue(id, out Aggregate? row))
        {
            aggregates.Add(id, late);
            return;
        }

        row.Count += late.Count;
        row.Sum += late.Sum;
        row.Min = Math.Min(row.Min, late.Min);
        row.Max = Math.Max(row.Max, late.Max);
    }

    private void Fold(Insight late)
    {
        string id = IdOf(late.Key);
        if (!insights.TryGetValue(id, out Insight? row))
        {
            insights.Add(id, late);
            return;
        }

        row.Calls += late.Calls;
        row.Attempts += late.Attempts;
        row.Answered += late.Answered;
        row.Reports += late.Reports;
        row.Values += late.Values;
    }
}

/// <summary>What identifies a late or dead row.</summary>
internal static class Side
{
    public static string Of(LateRow row) =>
        $"late {row.Reason} {row.SourcePartition}@{row.SourceOffset} {row.EventTime} " +
        $"{row.Watermark} {Convert.ToHexString(row.Record.Span)}";

    public static string Of(DeadLetter row) =>
        $"dead {row.Reason} {row.SourcePartition}@{row.SourceOffset} " +
        Convert.ToHexString(row.Record.Span);
}
