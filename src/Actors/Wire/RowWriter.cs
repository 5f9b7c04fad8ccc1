using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Actors.Wire;

/// <summary>Makes output rows of a key's window.</summary>
internal sealed class RowWriter(PipelineOptions options, SymbolTable metricNames)
{
    private readonly RowFields fields = new();
    private readonly WindowRows rows = new(options);

    // A message inside a row.
    private readonly ProtoBytes part = new();

    // Of few values.
    private readonly Aggregate few = new();

    /// <summary>Adds the aggregates and the insight of a window that is open.</summary>
    public void Changed(KeyActor actor, OpenWindow window, long revision, EpochOutputs outputs)
    {
        rows.Begin(actor.Key, window.Spec, window.StartMs);
        int metricEnd = window.Cell.MetricEnd;
        for (int metric = 1; metric < metricEnd; metric++)
        {
            if (window.Cell.Read(metric, few) is { } aggregate)
                Statistics(metricNames[metric], aggregate, revision, final: false, outputs);
        }

        Insight(window, revision, final: false, outputs);
        rows.MoveTo(outputs);
    }

    /// <summary>
    /// Adds the aggregates, the insight and the predictions of a window that is closed, and lets
    /// the key's history learn from it: that also where nothing may be given out.
    /// </summary>
    public void Closed(KeyActor actor, OpenWindow window, long revision, EpochOutputs outputs)
    {
        if (!outputs.Suppressed)
            rows.Begin(actor.Key, window.Spec, window.StartMs);
        int metricEnd = window.Cell.MetricEnd;
        for (int metric = 1; metric < metricEnd; metric++)
        {
            if (window.Cell.Read(metric, few) is not { } aggregate)
                continue;
            ref Predictor predictor = ref actor.HistoryOf(
                window.Spec, metric, window.StartMs, options.HistoryKeepMs);
            if (outputs.Suppressed)
            {
                predictor.Observe(aggregate.Mean);
                continue;
            }

            string name = metricNames[metric];
            double mean = Statistics(name, aggregate, revision, final: true, outputs);
            Prediction(ref predictor, name, mean, revision, outputs);
        }

        if (outputs.Suppressed)
            return;
        Insight(window, revision, final: true, outputs);
        rows.MoveTo(outputs);
    }

    /// <summary>Adds late rows for a partial aggregate that met a closed window.</summary>
    public void LatePartial(
        Partial partial, int spec, long startMs, int source, long watermarkMs, long revision,
        EpochOutputs outputs)
    {
        rows.Begin(partial.Key, spec, startMs);
        void Add(string metric, int field)
        {
            ProtoBytes row = rows.Next;
            row.Int(1, source);
            row.Int(2, revision);
            row.Text(3, SideRecords.WindowClosed);
            row.Int(4, partial.PaneMs);
            row.Int(5, watermarkMs);
            row.Text(6, outputs.Topics.Bundles);
            row.Message(field, part.Written);
            rows.EndLate(outputs.Topics.Late, metric, revision, source, partial.PaneMs);
        }

        Cell cell = partial.Cell;
        int metricEnd = cell.MetricEnd;
        for (int metric = 1; metric < metricEnd; metric++)
        {
            if (cell.Read(metric, few) is not { } aggregate)
                continue;
            string name = metricNames[metric];
            part.Clear();
            fields.Aggregate(part, rows.Key, name, aggregate, revision, final: false);
            Add(name, 8);
        }

        part.Clear();
        RowFields.Insight(part, rows.Key, cell.Counts, revision, final: false);
        Add("", 9);
        rows.MoveTo(outputs, SayWindowClosed);
    }

    // Unlike the other records of the late topic it is a message.
    private static void SayWindowClosed(RecordHeadersBuilder headers) => headers
        .Add("content-type"u8, TopicFormats.ContentTypeOf("LateRow"))
        .Add("earshot-schema-version"u8, TopicFormats.SchemaVersion)
        .Add(SideHeaders.Reason, SideRecords.WindowClosed);

    private double Statistics(
        string metric, Aggregate aggregate, long revision, bool final, EpochOutputs outputs)
    {
        Moments moments = fields.Aggregate(
            rows.Next, rows.Key, metric, aggregate, revision, final);
        rows.End(outputs.Topics.Aggregates, "aggregates", metric, final ? null : revision);
        return moments.Mean;
    }

    private void Insight(OpenWindow window, long revision, bool final, EpochOutputs outputs)
    {
        RowFields.Insight(rows.Next, rows.Key, window.Cell.Counts, revision, final);
        rows.End(outputs.Topics.Insights, "insights", "", final ? null : revision);
    }

    private void Prediction(
        ref Predictor predictor, string metric, double observed, long revision,
        EpochOutputs outputs)
    {
        Forecast? before = predictor.Forecast;
        long history = predictor.History;
        predictor.Observe(observed);
        Forecast? next = predictor.Forecast;
        ProtoBytes row = rows.Next;
        row.Message(1, rows.Key);
        row.Text(2, metric);
        row.Optional(3, before?.Expected);
        row.Optional(4, before?.Low);
        row.Optional(5, before?.High);
        row.Double(6, observed);
        row.Optional(7, next?.Expected);
        row.Optional(8, next?.Low);
        row.Optional(9, next?.High);
        row.Int(10, history);
        row.Text(11, Predictor.Model);
        row.Int(12, revision);
        rows.End(outputs.Topics.Predictions, "predictions", metric, revision: null);
    }
}
