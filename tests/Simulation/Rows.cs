using Earshot.Actors;
using Earshot.Actors.Wire;
using Earshot.Batch;
using Earshot.Log;
using Earshot.Schemas.V1;
using Earshot.Tests.Simulation.Run;
using Earshot.Tests.Simulation.World;
using Google.Protobuf;
using RowId = Earshot.Batch.RowId;

namespace Earshot.Tests.Simulation;

/// <summary>
/// The rows of a run by what identifies them, newest revision each, and the comparison that
/// DESIGN.md calls "the same rows".
/// </summary>
internal sealed class Rows
{
    private readonly Dictionary<RowId, Aggregate> aggregates = [];
    private readonly Dictionary<RowId, Insight> insights = [];
    private readonly Dictionary<RowId, Prediction> predictions = [];
    private readonly Dictionary<WarningId, Warning> warnings = [];
    private readonly Dictionary<FinishedId, FinishedCall> calls = [];
    private readonly HashSet<SideRecord> late = [];
    private readonly HashSet<SideRecord> dead = [];

    // Partials that met a closed window.
    private readonly List<LateRow> latePartials = [];

    public IReadOnlyDictionary<RowId, Aggregate> Aggregates => aggregates;

    public IReadOnlyDictionary<RowId, Insight> Insights => insights;

    public IReadOnlyDictionary<RowId, Prediction> Predictions => predictions;

    public IReadOnlyDictionary<WarningId, Warning> Warnings => warnings;

    public IReadOnlyDictionary<FinishedId, FinishedCall> Calls => calls;

    /// <summary>The late records.</summary>
    public IReadOnlySet<SideRecord> Late => late;

    /// <summary>The dead records.</summary>
    public IReadOnlySet<SideRecord> Dead => dead;

    /// <summary>
    /// Reads what a run archived; fails unless that is what it published, each row once.
    /// </summary>
    public static Rows Read(SimulatedRun run)
    {
        Rows rows = new();
        Topics topics = run.Options.Topics;
        foreach ((string topic, string table) in topics.Archived)
        {
            for (int partition = 0; partition < run.Options.Partitions; partition++)
            {
                TopicPartition source = new(topic, partition);
                RecordBatch? published = run.Broker.Read(source, 0, int.MaxValue);
                AssertArchived(published, run.Archive.Rows(table, partition), source);
                for (int i = 0; i < published?.Count; i++)
                    rows.Take(table, published[i], run);
            }
        }

        rows.AssertAllFinal();
        return rows;
    }

    /// <summary>Adds the rows of partials that met a closed window to the rows they belong to.
    /// </summary>
    public void FoldLatePartials()
    {
        foreach (LateRow row in latePartials)
        {
            if (row.Aggregate is { } aggregate)
                Fold(aggregate);
            else if (row.Insight is { } insight)
                Fold(insight);
        }
    }

    private static void AssertArchived(
        RecordBatch? published, Dictionary<long, StoredRecord> archived, TopicPartition source)
    {
        for (int i = 0; i < published?.Count; i++)
        {
            LogRecord record = published[i];
            Assert.True(
                archived.TryGetValue(record.Offset, out StoredRecord? row),
                $"{source}@{record.Offset} is not in the archive");
            Assert.True(row.IsSame(record), $"{source}@{record.Offset} is archived wrong");
        }

        int count = published?.Count ?? 0;
        Assert.True(
            count == archived.Count,
            $"the archive has {archived.Count} rows of {source}, which has {count}");
    }

    private void Take(string table, LogRecord record, SimulatedRun run)
    {
        bool append = run.Options.Mode == OutputMode.Append;
        switch (table)
        {
            case "aggregates":
                Aggregate aggregate = Aggregate.Parser.ParseFrom(record.Value);
                Keep(
                    aggregates, RowId.Of(aggregate.Key, aggregate.Metric), aggregate,
                    static row => (row.Revision, row.Final), append);
                break;
            case "insights":
                Insight insight = Insight.Parser.ParseFrom(record.Value);
                Keep(
                    insights, RowId.Of(insight.Key), insight,
                    static row => (row.Revision, row.Final), append);
                break;
            case "predictions":
                Prediction prediction = Prediction.Parser.ParseFrom(record.Value);
                RowId id = RowId.Of(prediction.Key, prediction.Metric);
                Assert.True(predictions.TryAdd(id, prediction), $"{id} was predicted twice");
                break;
            case "warnings":
                Warning warning = Warning.Parser.ParseFrom(record.Value);
                WarningId change = WarningId.Of(warning);
                Assert.True(warnings.TryAdd(change, warning), $"{change} came out twice");
                break;
            case "calls":
                FinishedCall call = FinishedCall.Parser.ParseFrom(record.Value);
                FinishedId ended = FinishedId.Of(call);
                Assert.True(calls.TryAdd(ended, call), $"{ended} came out twice");
                break;
            case "late":
                Take(SideRecords.ReadLate(record), run);
                break;
            case "dead":
                DeadLetter letter = SideRecords.ReadDead(record);
                AssertRecord(letter.SourcePartition, letter.SourceOffset, letter.Record, run);
                SideRecord buried = new(
                    letter.SourcePartition, letter.SourceOffset, letter.Reason, 0, 0);
                Assert.True(dead.Add(buried), $"{buried} came out twice");
                break;
        }
    }

    private void Take(LateRow row, SimulatedRun run)
    {
        if (row.Reason == "window_closed")
        {
            latePartials.Add(row);
            return;
        }

        AssertRecord(row.SourcePartition, row.SourceOffset, row.Record, run);
        SideRecord record = new(
            row.SourcePartition, row.SourceOffset, row.Reason, row.EventTime, row.Watermark);
        Assert.True(late.Add(record), $"{record} came out twice");
    }

    private static void AssertRecord(
        int partition, long offset, ByteString record, SimulatedRun run)
    {
        TopicPartition input = new(run.Options.Topics.Calls, partition);
        Assert.True(
            run.Broker.ValueOf(input, offset).SequenceEqual(record.Span),
            $"the record kept of {input}@{offset} is not that one");
    }

    private static void Keep<T>(
        Dictionary<RowId, T> rows, RowId id, T row, Func<T, (long Revision, bool Final)> of,
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
        foreach ((RowId id, Aggregate row) in aggregates)
            Assert.True(row.Final, $"{id} has no final row");
        foreach ((RowId id, Insight row) in insights)
            Assert.True(row.Final, $"{id} has no final row");
    }

    private void Fold(Aggregate late)
    {
        RowId id = RowId.Of(late.Key, late.Metric);
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
        RowId id = RowId.Of(late.Key);
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
