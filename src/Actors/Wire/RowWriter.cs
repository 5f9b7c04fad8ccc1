using System.Text;
using Earshot.Actors.Keys;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Analytics.Quality;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;
using Aggregate = Earshot.Analytics.Aggregate;

namespace Earshot.Actors.Wire;

/// <summary>Makes output rows of a key's window.</summary>
internal sealed class RowWriter(PipelineOptions options, SymbolTable metricNames)
{
    private static readonly int[] Percents = [25, 50, 75, 90, 95, 99];
    private readonly List<BucketCount> buckets = [];

    // Written out before the next row is made, so one set serves all.
    private readonly List<Bucket> messages = [];
    private readonly RowId id = new();

    /// <summary>Adds the aggregates and the insight of a window.</summary>
    public void Statistics(
        KeyActor actor, OpenWindow window, long revision, bool final, EpochOutputs outputs)
    {
        RowKey key = KeyOf(actor.Key, window.Spec, window.StartMs);
        byte[] recordKey = Encoding.UTF8.GetBytes(actor.Key.Id);
        for (int metric = 1; metric < window.Cell.MetricEnd; metric++)
        {
            if (window.Cell[metric] is { } aggregate)
            {
                Schemas.V1.Aggregate row =
                    AggregateOf(key, metricNames[metric], aggregate, revision, final);
                outputs.Add(
                    outputs.Topics.Aggregates, recordKey, row.ToByteArray(),
                    id.HeadersOf("aggregates", row.Metric, final, revision));
            }
        }

        Insight insight = InsightOf(key, window.Cell.Counts, revision, final);
        outputs.Add(
            outputs.Topics.Insights, recordKey, insight.ToByteArray(),
            id.HeadersOf("insights", "", final, revision));
    }

    /// <summary>
    /// Adds the predictions of a closed window, and lets the key's history learn from it.
    /// </summary>
    public void Predictions(
        KeyActor actor, OpenWindow window, long revision, EpochOutputs outputs)
    {
        RowKey key = KeyOf(actor.Key, window.Spec, window.StartMs);
        byte[] recordKey = Encoding.UTF8.GetBytes(actor.Key.Id);
        for (int metric = 1; metric < window.Cell.MetricEnd; metric++)
        {
            if (window.Cell[metric] is not { } aggregate)
                continue;
            Predictor predictor = actor.HistoryOf(
                window.Spec, metric, window.StartMs, options.HistoryKeepMs);
            Prediction row = new()
            {
                Key = key,
                Metric = metricNames[metric],
                Observed = aggregate.Mean,
                History = predictor.History,
                Model = Predictor.Model,
                Revision = revision,
            };
            if (predictor.Forecast is { } before)
                (row.Expected, row.Low, row.High) = (before.Expected, before.Low, before.High);
            predictor.Observe(aggregate.Mean);
            if (predictor.Forecast is { } next)
            {
                (row.NextExpected, row.NextLow, row.NextHigh) =
                    (next.Expected, next.Low, next.High);
            }

            outputs.Add(
                outputs.Topics.Predictions, recordKey, row.ToByteArray(),
                id.HeadersOf("predictions", row.Metric, final: true, revision));
        }
    }

    /// <summary>Adds late rows for a partial aggregate that met a closed window.</summary>
    public void LatePartial(
        Partial partial, int spec, long startMs, int source, long watermarkMs, long revision,
        EpochOutputs outputs)
    {
        RowKey key = KeyOf(partial.Key, spec, startMs);
        byte[] recordKey = Encoding.UTF8.GetBytes(partial.Key.Id);
        LateRow Row() => new()
        {
            SourcePartition = source,
            SourceOffset = revision,
            Reason = SideRecords.WindowClosed,
            EventTime = partial.PaneMs,
            Watermark = watermarkMs,
            Origin = outputs.Topics.Bundles,
        };
        for (int metric = 1; metric < partial.Cell.MetricEnd; metric++)
        {
            if (partial.Cell[metric] is not { } aggregate)
                continue;
            LateRow row = Row();
            row.Aggregate = AggregateOf(key, metricNames[metric], aggregate, revision, false);
            outputs.Add(
                outputs.Topics.Late, recordKey, row.ToByteArray(),
                id.HeadersOfLate(
                    row.Aggregate.Metric, revision, source, partial.PaneMs, SayWindowClosed));
        }

        LateRow counts = Row();
        counts.Insight = InsightOf(key, partial.Cell.Counts, revision, false);
        outputs.Add(
            outputs.Topics.Late, recordKey, counts.ToByteArray(),
            id.HeadersOfLate("", revision, source, partial.PaneMs, SayWindowClosed));
    }

    // Unlike the other records of the late topic it is a message.
    private static void SayWindowClosed(RecordHeadersBuilder headers) => headers
        .Add("content-type"u8, TopicFormats.ContentTypeOf("LateRow"))
        .Add("earshot-schema-version"u8, TopicFormats.SchemaVersion)
        .Add(SideHeaders.Reason, SideRecords.WindowClosed);

    private RowKey KeyOf(GroupingKey key, int spec, long startMs)
    {
        GroupingSet set = options.Keys[key.Grouping];
        WindowSpec window = options.Windows[spec];
        id.Window(set.Name, GroupingKey.ValuesOf(key.Id), window.Name, startMs);
        RowKey row = new()
        {
            WindowStart = startMs,
            WindowEnd = startMs + window.LengthMs,
            Window = window.Name,
            Grouping = set.Name,
        };
        for (int i = 0; i < key.Values.Count; i++)
        {
            if (key.Values[i] is { } value)
                row.Dimensions.Add(set.Dimensions[i], value);
        }

        return row;
    }

    private Schemas.V1.Aggregate AggregateOf(
        RowKey key, string metric, Aggregate aggregate, long revision, bool final)
    {
        Span<double> quantiles = stackalloc double[Percents.Length];
        aggregate.Quantiles(Percents, quantiles);
        Schemas.V1.Aggregate row = new()
        {
            Key = key,
            Metric = metric,
            Count = aggregate.Count,
            Min = aggregate.Min,
            Mean = aggregate.Mean,
            Max = aggregate.Max,
            Sum = aggregate.Sum,
            P25 = quantiles[0],
            P50 = quantiles[1],
            P75 = quantiles[2],
            P90 = quantiles[3],
            P95 = quantiles[4],
            P99 = quantiles[5],
            Revision = revision,
            Final = final,
        };
        if (aggregate.StandardDeviation is { } deviation)
            row.Stddev = deviation;
        AddBuckets(aggregate, row);
        return row;
    }

    /// <summary>Rows are many and have many buckets: the messages are used again.</summary>
    private void AddBuckets(Aggregate aggregate, Schemas.V1.Aggregate row)
    {
        buckets.Clear();
        aggregate.CopyBuckets(buckets);
        while (messages.Count < buckets.Count)
            messages.Add(new Bucket());
        for (int i = 0; i < buckets.Count; i++)
        {
            messages[i].Bucket_ = Buckets.ValueOf(buckets[i].Index);
            messages[i].Count = buckets[i].Count;
            row.Buckets.Add(messages[i]);
        }
    }

    private static Insight InsightOf(RowKey key, CallCounts counts, long revision, bool final)
    {
        Insight row = new()
        {
            Key = key,
            Calls = counts.Calls,
            Attempts = counts.Attempts,
            Answered = counts.Answered,
            ConnectedMinutes = counts.ConnectedMinutes,
            NormalSessions = counts.NormalSessions,
            Reports = counts.Reports,
            Values = counts.Values,
            Rejected = counts.Rejected,
            SipKnown = counts.SipKnown,
            DurationKnown = counts.DurationKnown,
            Sessions = SessionsOf(counts),
            MosSources = MosSourcesOf(counts),
            Busy = counts.Busy,
            Noanswer = counts.NoAnswer,
            Failed = counts.Failed,
            Canceled = counts.Canceled,
            ShortCalls = counts.ShortCalls,
            LongCalls = counts.LongCalls,
            Revision = revision,
            Final = final,
        };
        if (counts.AsrPercent is { } asr)
            row.Asr = asr;
        if (counts.NerPercent is { } ner)
            row.Ner = ner;
        if (counts.AlocSeconds is { } aloc)
            row.Aloc = aloc;
        if (counts.NormalSessionsPercent is { } share)
            row.NormalSessionsShare = share;
        if (counts.AbrPercent is { } abr)
            row.Abr = abr;
        if (counts.ShortCallsPercent is { } shortCalls)
            row.ShortCallsShare = shortCalls;
        if (counts.LongCallsPercent is { } longCalls)
            row.LongCallsShare = longCalls;
        for (int tag = 0; tag < TagNames.Count; tag++)
        {
            (long calls, long reports) = (counts.TagCalls(tag), counts.TagReports(tag));
            if (calls + reports > 0)
            {
                row.Tags.Add(
                    new TagCount { Tag = TagNames.All[tag], Calls = calls, Reports = reports });
            }
        }

        return row;
    }

    private static Sessions SessionsOf(CallCounts counts)
    {
        Sessions sessions = new()
        {
            Invites = counts.Invites,
            Redirected = counts.Redirected,
            Established = counts.Established,
            Effective = counts.Effective,
            Ineffective = counts.Ineffective,
            Completed = counts.Completed,
        };
        if (counts.SerPercent is { } ser)
            sessions.Ser = ser;
        if (counts.SeerPercent is { } seer)
            sessions.Seer = seer;
        if (counts.IsaPercent is { } isa)
            sessions.Isa = isa;
        if (counts.ScrPercent is { } scr)
            sessions.Scr = scr;
        return sessions;
    }

    private static MosSources MosSourcesOf(CallCounts counts) =>
        new()
        {
            Given = counts.MosGiven,
            Estimated = counts.MosEstimated,
            CodecMissing = counts.MosWithout(AssumedInputs.CodecMissing),
            CodecUnknown = counts.MosWithout(AssumedInputs.CodecUnknown),
            BplUnknown = counts.MosWithout(AssumedInputs.BplUnknown),
            LossMissing = counts.MosWithout(AssumedInputs.Loss),
            BurstRatioMissing = counts.MosWithout(AssumedInputs.BurstRatio),
            DelayMissing = counts.MosWithout(AssumedInputs.Delay),
            JitterMissing = counts.MosWithout(AssumedInputs.Jitter),
        };
}
