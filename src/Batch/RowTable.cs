using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Analytics.Quality;
using Earshot.Schemas.V1;
using Statistics = Earshot.Analytics.Aggregate;

namespace Earshot.Batch;

/// <summary>Makes the rows of all windows.</summary>
internal sealed class RowTable(PipelineOptions options, IReadOnlyList<long> closedToMs)
{
    public Dictionary<RowId, Schemas.V1.Aggregate> Aggregates { get; } = [];

    public Dictionary<RowId, Insight> Insights { get; } = [];

    public Dictionary<RowId, Prediction> Predictions { get; } = [];

    /// <summary>Adds the rows of a key.</summary>
    public void Add(KeyWindows key)
    {
        Dictionary<(int Spec, string Metric), (Predictor Predictor, long LastMs)> history = [];
        long closed = closedToMs[key.Key.PartitionOf(closedToMs.Count)];

        // By length, then by start: in the order in which a key's windows of a length close.
        foreach (((int spec, long start), WindowStatistics found) in
            key.Windows.OrderBy(window => window.Key))
        {
            RowKey row = KeyOf(key.Key, spec, start);
            bool final = row.WindowEnd <= closed;
            Insights.Add(RowId.Of(row), InsightOf(row, found.Counts, final));
            foreach ((string metric, Statistics statistics) in found.Metrics)
            {
                RowId id = RowId.Of(row, metric);
                Aggregates.Add(id, AggregateOf(row, metric, statistics, final));
                if (!final)
                    continue;

                // After a long time without a window it begins anew.
                bool known = history.TryGetValue(
                    (spec, metric), out (Predictor Predictor, long LastMs) past)
                    && start - past.LastMs <= options.HistoryKeepMs;
                Predictor predictor = known ? past.Predictor : new Predictor();
                Predictions.Add(id, PredictionOf(row, metric, ref predictor, statistics.Mean));
                history[(spec, metric)] = (predictor, start);
            }
        }
    }

    private RowKey KeyOf(GroupingKey key, int spec, long startMs)
    {
        GroupingSet set = options.Keys[key.Grouping];
        RowKey row = new()
        {
            WindowStart = startMs,
            WindowEnd = startMs + options.Windows[spec].LengthMs,
            Window = options.Windows[spec].Name,
            Grouping = set.Name,
        };
        foreach ((string name, string? value) in set.Dimensions.Zip(key.Values))
        {
            if (value is not null)
                row.Dimensions.Add(name, value);
        }

        return row;
    }

    private static Schemas.V1.Aggregate AggregateOf(
        RowKey key, string metric, Statistics statistics, bool final)
    {
        double[] quantiles = new double[6];
        statistics.Quantiles([25, 50, 75, 90, 95, 99], quantiles);
        Schemas.V1.Aggregate row = new()
        {
            Key = key,
            Metric = metric,
            Count = statistics.Count,
            Min = statistics.Min,
            Mean = statistics.Mean,
            Max = statistics.Max,
            Sum = statistics.Sum,
            P25 = quantiles[0],
            P50 = quantiles[1],
            P75 = quantiles[2],
            P90 = quantiles[3],
            P95 = quantiles[4],
            P99 = quantiles[5],
            Final = final,
        };
        if (statistics.StandardDeviation is { } deviation)
            row.Stddev = deviation;
        List<BucketCount> buckets = [];
        statistics.CopyBuckets(buckets);
        row.Buckets.Capacity = buckets.Count;
        foreach (BucketCount bucket in buckets)
        {
            row.Buckets.Add(new Bucket
            {
                Bucket_ = Buckets.ValueOf(bucket.Index),
                Count = bucket.Count,
            });
        }

        return row;
    }

    private static Insight InsightOf(RowKey key, CallCounts counts, bool final)
    {
        Insight row = new()
        {
            Key = key,
            Calls = counts.Calls,
            Attempts = counts.Attempts,
            Answered = counts.Answered,
            Busy = counts.Busy,
            Noanswer = counts.NoAnswer,
            Failed = counts.Failed,
            Canceled = counts.Canceled,
            ShortCalls = counts.ShortCalls,
            LongCalls = counts.LongCalls,
            NormalSessions = counts.NormalSessions,
            ConnectedMinutes = counts.ConnectedMinutes,
            Reports = counts.Reports,
            Values = counts.Values,
            Rejected = counts.Rejected,
            SipKnown = counts.SipKnown,
            DurationKnown = counts.DurationKnown,
            Sessions = SessionsOf(counts),
            MosSources = MosSourcesOf(counts),
            Final = final,
        };
        if (counts.AsrPercent is { } asr)
            row.Asr = asr;
        if (counts.NerPercent is { } ner)
            row.Ner = ner;
        if (counts.AlocSeconds is { } aloc)
            row.Aloc = aloc;
        if (counts.NormalSessionsPercent is { } normal)
            row.NormalSessionsShare = normal;
        if (counts.AbrPercent is { } abr)
            row.Abr = abr;
        if (counts.ShortCallsPercent is { } shortCalls)
            row.ShortCallsShare = shortCalls;
        if (counts.LongCallsPercent is { } longCalls)
            row.LongCallsShare = longCalls;
        row.Tags.AddRange(TagNames.All
            .Select((name, tag) => new TagCount
            {
                Tag = name,
                Calls = counts.TagCalls(tag),
                Reports = counts.TagReports(tag),
            })
            .Where(tag => tag.Calls + tag.Reports > 0));
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

    private static Prediction PredictionOf(
        RowKey key, string metric, ref Predictor predictor, double mean)
    {
        Prediction row = new()
        {
            Key = key,
            Metric = metric,
            Observed = mean,
            History = predictor.History,
            Model = Predictor.Model,
        };
        if (predictor.Forecast is { } forecast)
            (row.Expected, row.Low, row.High) =
                (forecast.Expected, forecast.Low, forecast.High);
        predictor.Observe(mean);
        if (predictor.Forecast is { } next)
            (row.NextExpected, row.NextLow, row.NextHigh) = (next.Expected, next.Low, next.High);
        return row;
    }
}
