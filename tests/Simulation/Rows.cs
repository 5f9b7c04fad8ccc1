using System.Globalization;
using Earshot.Actors;
using Earshot.Actors.Wire;
using Earshot.Log;
using Earshot.Schemas.V1;

namespace Earshot.Tests.Simulation;

/// <summary>
/// The rows of a run by what identifies them, newest revision each, and the comparison that
/// DESIGN.md calls "the same rows".
/// </summary>
internal sealed class Rows
{
    private readonly SortedDictionary<string, Aggregate> aggregates = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Insight> insights = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Prediction> predictions = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> sideRows = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, Aggregate> Aggregates => aggregates;

    public IReadOnlyDictionary<string, Insight> Insights => insights;

    public int Late { get; private set; }

    public int Dead { get; private set; }

    public static Rows Read(SimulatedWorld world, PipelineOptions options)
    {
        Rows rows = new();
        bool append = options.Mode == OutputMode.Append;
        for (int partition = 0; partition < options.Partitions; partition++)
        {
            TopicPartition aggregates = new(Topics.Default.Aggregates, partition);
            foreach (byte[] value in world.Values(aggregates))
            {
                Aggregate row = Aggregate.Parser.ParseFrom(value);
                Keep(rows.aggregates, $"{IdOf(row.Key)}|{row.Metric}", row, append);
            }

            TopicPartition insights = new(Topics.Default.Insights, partition);
            foreach (byte[] value in world.Values(insights))
            {
                Insight row = Insight.Parser.ParseFrom(value);
                Keep(rows.insights, IdOf(row.Key), row, append);
            }

            TopicPartition predictions = new(Topics.Default.Predictions, partition);
            foreach (byte[] value in world.Values(predictions))
            {
                Prediction row = Prediction.Parser.ParseFrom(value);
                Keep(rows.predictions, $"{IdOf(row.Key)}|{row.Metric}", row, append: true);
            }

            rows.ReadSideRows(world, partition);
        }

        return rows;
    }

    /// <summary>Fails with the first difference.</summary>
    public void AssertSame(Rows other, string what, bool sideRowsToo = true)
    {
        AssertSameIds(aggregates.Keys, other.aggregates.Keys, what);
        foreach ((string id, Aggregate a) in aggregates)
        {
            Aggregate b = other.aggregates[id];
            Assert.True(
                a.Count == b.Count && a.Min == b.Min && a.Max == b.Max && a.P25 == b.P25
                && a.P50 == b.P50 && a.P75 == b.P75 && a.P90 == b.P90 && a.P95 == b.P95
                && a.P99 == b.P99 && a.Final == b.Final && a.Buckets.Equals(b.Buckets)
                && Near(a.Sum, b.Sum) && Near(a.Mean, b.Mean)
                && a.HasStddev == b.HasStddev && Near(a.Stddev, b.Stddev),
                $"{what}: {id} differs:\n{a}\n{b}");
        }

        AssertSameIds(insights.Keys, other.insights.Keys, what);
        foreach ((string id, Insight a) in insights)
        {
            Insight b = other.insights[id].Clone();
            b.Revision = a.Revision;
            Assert.True(a.Equals(b), $"{what}: {id} differs:\n{a}\n{b}");
        }

        AssertSameIds(predictions.Keys, other.predictions.Keys, what);
        foreach ((string id, Prediction a) in predictions)
        {
            Prediction b = other.predictions[id];
            Assert.True(
                a.History == b.History && Near(a.Observed, b.Observed)
                && a.HasExpected == b.HasExpected && Near(a.Expected, b.Expected),
                $"{what}: {id} differs:\n{a}\n{b}");
        }

        if (sideRowsToo)
            Assert.Equal(sideRows, other.sideRows);
    }

    private static void AssertSameIds(
        IEnumerable<string> ids, IEnumerable<string> others, string what)
    {
        string[] missing = [.. ids.Except(others)];
        string[] surplus = [.. others.Except(ids)];
        Assert.True(
            missing.Length + surplus.Length == 0,
            $"{what}: missing {missing.Length} ({string.Join("; ", missing.Take(3))}), " +
            $"surplus {surplus.Length} ({string.Join("; ", surplus.Take(3))})");
    }

    private static bool Near(double a, double b) =>
        Math.Abs(a - b) <= 1e-9 * Math.Max(Math.Abs(a), Math.Abs(b));

    private static string IdOf(RowKey key)
    {
        IEnumerable<string> named = key.Dimensions
            .OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => $"{d.Key}={d.Value}");
        string dimensions = string.Join(",", named);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{key.Window}|{key.WindowStart}|{key.Grouping}|{dimensions}");
    }

    private static void Keep<T>(
        SortedDictionary<string, T> rows, string id, T row, bool append)
    {
        if (append)
            Assert.True(rows.TryAdd(id, row), $"{id} came out twice");
        else
            rows[id] = row;
    }

    private void ReadSideRows(SimulatedWorld world, int partition)
    {
        TopicPartition late = new(Topics.Default.Late, partition);
        RecordBatch batch = world.Read(late, 0, int.MaxValue);
        for (int i = 0; i < batch.Count; i++, Late++)
        {
            LateRow row = SideRecords.ReadLate(batch[i]);
            Count($"late {row.Reason} {Convert.ToHexString(row.Record.Span)}");
        }

        TopicPartition dead = new(Topics.Default.Dead, partition);
        batch = world.Read(dead, 0, int.MaxValue);
        for (int i = 0; i < batch.Count; i++, Dead++)
        {
            DeadLetter row = SideRecords.ReadDead(batch[i]);
            Count($"dead {row.Reason} {Convert.ToHexString(row.Record.Span)}");
        }
    }

    private void Count(string id) => sideRows[id] = sideRows.GetValueOrDefault(id) + 1;
}
