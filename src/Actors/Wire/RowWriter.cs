using System.Text;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Actors.Wire;

/// <summary>Makes output rows of a key's window.</summary>
internal sealed class RowWriter(PipelineOptions options, SymbolTable metricNames)
{
    private readonly RowId id = new();
    private readonly RowFields fields = new();

    // Written out before the next row is made, so one set serves all.
    private readonly ProtoBytes row = new();
    private readonly ProtoBytes part = new();

    // Of the window whose rows are made: the message RowKey, and the key of its records.
    private readonly ProtoBytes key = new();
    private byte[] recordKey = [];

    // Of few values.
    private readonly Aggregate few = new();

    /// <summary>Adds the aggregates and the insight of a window.</summary>
    public void Statistics(
        KeyActor actor, OpenWindow window, long revision, bool final, EpochOutputs outputs)
    {
        Begin(actor.Key, window.Spec, window.StartMs);
        for (int metric = 1; metric < window.Cell.MetricEnd; metric++)
        {
            if (window.Cell.Read(metric, few) is not { } aggregate)
                continue;
            string name = metricNames[metric];
            row.Clear();
            fields.Aggregate(row, key.Written, name, aggregate, revision, final);
            outputs.Add(
                outputs.Topics.Aggregates, recordKey, row.Written,
                id.HeadersOf("aggregates", name, final, revision));
        }

        row.Clear();
        RowFields.Insight(row, key.Written, window.Cell.Counts, revision, final);
        outputs.Add(
            outputs.Topics.Insights, recordKey, row.Written,
            id.HeadersOf("insights", "", final, revision));
    }

    /// <summary>
    /// Adds the predictions of a closed window, and lets the key's history learn from it.
    /// </summary>
    public void Predictions(
        KeyActor actor, OpenWindow window, long revision, EpochOutputs outputs)
    {
        Begin(actor.Key, window.Spec, window.StartMs);
        for (int metric = 1; metric < window.Cell.MetricEnd; metric++)
        {
            if (window.Cell.Read(metric, few) is not { } aggregate)
                continue;
            string name = metricNames[metric];
            Predictor predictor = actor.HistoryOf(
                window.Spec, metric, window.StartMs, options.HistoryKeepMs);
            Prediction(predictor, name, aggregate.Mean, revision);
            outputs.Add(
                outputs.Topics.Predictions, recordKey, row.Written,
                id.HeadersOf("predictions", name, final: true, revision));
        }
    }

    /// <summary>Adds late rows for a partial aggregate that met a closed window.</summary>
    public void LatePartial(
        Partial partial, int spec, long startMs, int source, long watermarkMs, long revision,
        EpochOutputs outputs)
    {
        Begin(partial.Key, spec, startMs);
        void Add(string metric, int field)
        {
            row.Clear();
            row.Int(1, source);
            row.Int(2, revision);
            row.Text(3, SideRecords.WindowClosed);
            row.Int(4, partial.PaneMs);
            row.Int(5, watermarkMs);
            row.Text(6, outputs.Topics.Bundles);
            row.Message(field, part.Written);
            outputs.Add(
                outputs.Topics.Late, recordKey, row.Written,
                id.HeadersOfLate(metric, revision, source, partial.PaneMs, SayWindowClosed));
        }

        for (int metric = 1; metric < partial.Cell.MetricEnd; metric++)
        {
            if (partial.Cell.Read(metric, few) is not { } aggregate)
                continue;
            string name = metricNames[metric];
            part.Clear();
            fields.Aggregate(part, key.Written, name, aggregate, revision, final: false);
            Add(name, 8);
        }

        part.Clear();
        RowFields.Insight(part, key.Written, partial.Cell.Counts, revision, final: false);
        Add("", 9);
    }

    // Unlike the other records of the late topic it is a message.
    private static void SayWindowClosed(RecordHeadersBuilder headers) => headers
        .Add("content-type"u8, TopicFormats.ContentTypeOf("LateRow"))
        .Add("earshot-schema-version"u8, TopicFormats.SchemaVersion)
        .Add(SideHeaders.Reason, SideRecords.WindowClosed);

    private void Prediction(Predictor predictor, string metric, double observed, long revision)
    {
        Forecast? before = predictor.Forecast;
        long history = predictor.History;
        predictor.Observe(observed);
        Forecast? next = predictor.Forecast;
        row.Clear();
        row.Message(1, key.Written);
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
    }

    /// <summary>Says which window the next rows are of.</summary>
    private void Begin(GroupingKey of, int spec, long startMs)
    {
        GroupingSet set = options.Keys[of.Grouping];
        WindowSpec window = options.Windows[spec];
        string text = of.Id;
        recordKey = Encoding.UTF8.GetBytes(text);
        id.Window(set.Name, GroupingKey.ValuesOf(text), window.Name, startMs);
        key.Clear();
        key.Int(1, startMs);
        key.Int(2, startMs + window.LengthMs);
        key.Text(3, window.Name);
        key.Text(4, set.Name);
        for (int i = 0; i < of.Values.Count; i++)
        {
            if (of.Values[i] is not { } value)
                continue;
            int begun = key.Begin(5);
            key.Text(1, set.Dimensions[i]);
            key.Text(2, value);
            key.End(begun);
        }
    }
}
