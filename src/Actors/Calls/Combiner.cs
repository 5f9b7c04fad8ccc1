using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Analytics.Quality;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Snapshots;

namespace Earshot.Actors.Calls;

/// <summary>Adds what an event says to the cell of every grouping set: the hot loop.</summary>
internal sealed class Combiner
{
    private readonly TagRules tags;
    private readonly Books books;
    private readonly PddBaselines baselines;
    private readonly int countryOrdinal;
    private readonly MetricLimit metricLimit;
    private readonly int edgeOrdinal;
    private readonly int[] edgeSymbols; // by Edge
    private readonly MetricValue[] sane = new MetricValue[EventRecord.ValuesMax];
    private readonly ValuesByMetric given = new();
    private ReportFacts reportFacts;

    public Combiner(
        PipelineOptions options, DimensionSet dimensions, SymbolTable dimensionValues,
        SymbolTable metrics, KeyLimit keys, Books books, PddBaselines baselines)
    {
        this.books = books;
        this.baselines = baselines;
        Estimates = new ReportEstimates(options, dimensionValues);
        countryOrdinal = dimensions.OrdinalOf("country"u8);
        metricLimit = new MetricLimit(metrics);
        tags = options.Tags;
        MetricNames = metrics;
        Partials = new PartialTable(
            options.Keys, dimensions, dimensionValues, Panes.LengthOf([.. options.Windows]),
            keys);
        edgeOrdinal = dimensions.OrdinalOf("edge"u8);
        edgeSymbols = new int[Edges.Count];
        foreach (Edge edge in Edges.Named)
            edgeSymbols[(int)edge] = dimensionValues.Intern(Edges.NameOf(edge));
    }

    /// <summary>What the epoch has brought so far.</summary>
    public PartialTable Partials { get; }

    public SymbolTable MetricNames { get; }

    /// <summary>Gives reports their scores.</summary>
    public ReportEstimates Estimates { get; }

    /// <summary>
    /// Leaves out absurd values, and those of metrics beyond the limit, and counts them. Valid as
    /// long as the values, and until the next call.
    /// </summary>
    public ReadOnlySpan<MetricValue> Sane(ReadOnlySpan<MetricValue> values)
    {
        // Mostly nothing is left out: then they stay where they are.
        int count = 0;
        while (count < values.Length && values[count].Metric < Metrics.End
            && Plausible.Is(values[count].Metric, values[count].Value))
            count++;
        if (count == values.Length)
            return values;
        values[..count].CopyTo(sane);
        foreach (ref readonly MetricValue value in values[count..])
        {
            if (Plausible.FaultOf(value.Metric, value.Value) is { } cause)
                books.SetAside(cause);
            else if (metricLimit.Admit(value.Metric))
                sane[count++] = value;
        }

        return sane.AsSpan(0, count);
    }

    /// <summary>Values left out because their metric was one too many.</summary>
    public long MetricLimited => metricLimit.Refused;

    /// <summary>Adds the names of metrics, when there are new ones.</summary>
    public void Save(List<SnapshotPart> into, bool whole) => metricLimit.Save(into, whole);

    /// <summary>Takes them back from a snapshot.</summary>
    public void Load(IReadOnlyDictionary<string, byte[]> parts) => metricLimit.Load(parts);

    /// <summary>Adds values that belong to no call's end.</summary>
    public void AddValues(
        ReadOnlySpan<int> dimensions, long timeMs, ReadOnlySpan<MetricValue> values)
    {
        Teach(dimensions, timeMs, ValueOf(values, Metrics.Pdd));
        Partials.Add(dimensions, timeMs, values, default);
    }

    /// <summary>What the tags of the last stream report were decided by.</summary>
    public ref readonly ReportFacts ReportFacts => ref reportFacts;

    /// <summary>The tags of the last stream report.</summary>
    public TagResult ReportTags { get; private set; }

    /// <summary>Adds a stream report, its tags, and where its score comes from.</summary>
    public void AddReport(
        EventRecord report, ReadOnlySpan<MetricValue> values, in MosSource mos)
    {
        given.Take(values);
        reportFacts = new ReportFacts
        {
            Edge = EdgeOf(report.Dimensions),
            PacketLossPercent = given[Metrics.PacketLoss],
            JitterMs = given[Metrics.Jitter],
            MaxJitterMs = given[Metrics.MaxJitter],
            DelayedPercent = given[Metrics.DelayedPackets],
            LatencyMs = given[Metrics.Latency],
            RttMs = given[Metrics.Rtt],
            Mos = given[Metrics.Mos],
            PacketsReceived = report.PacketsReceived < 0 ? null : report.PacketsReceived,
            PacketsSent = report.PacketsSent < 0 ? null : report.PacketsSent,
            AudioLevelIn = double.IsNaN(report.AudioLevelIn) ? null : report.AudioLevelIn,
            AudioLevelOut = double.IsNaN(report.AudioLevelOut) ? null : report.AudioLevelOut,
            IceFailed = report.IceFailed,
        };
        ReportTags = tags.OfReport(reportFacts);
        Partials.Add(
            report.Dimensions, report.EventTimeMs, values,
            CountStep.Of(ReportTags.Raised).With(CountStep.Of(mos)));
    }

    /// <summary>
    /// Adds a call that ended: its values, its outcome, its tags. Its PDD, s, may have been counted
    /// by an event: then it is not among the values, and decides its tag all the same. What its
    /// reports say decides tags too, where the values do not, and is not counted once more. Its
    /// row, where one is wanted, is filled in.
    /// </summary>
    public void AddCall(
        ReadOnlySpan<int> dimensions, long timeMs, ReadOnlySpan<MetricValue> values,
        double? pddSeconds, CallEnd end, int sipResponse, CallMedia? media, FinishedCall? row)
    {
        given.Take(values);
        double? seconds = given[Metrics.ConnectDuration];
        long? connectedMs = seconds is { } s ? (long)Math.Round(s * 1000) : null;
        PddLimit limit = default;
        bool hasLimit = pddSeconds is not null
            && baselines.TryGetLimit(dimensions[countryOrdinal], timeMs, out limit);
        Teach(dimensions, timeMs, given[Metrics.Pdd]);
        CallFacts said = default;
        said.Edge = EdgeOf(dimensions);
        said.PddSeconds = pddSeconds;
        said.PddLimitSeconds = hasLimit ? limit.Seconds : null;
        said.PacketLossPercent = given[Metrics.PacketLoss];
        said.AvgJitterMs = given[Metrics.AvgJitter];
        said.MaxJitterMs = given[Metrics.MaxJitter];
        said.DelayedPercent = given[Metrics.DelayedPackets];
        said.AvgLatencyMs = given[Metrics.AvgLatency];
        said.RttMs = given[Metrics.Rtt];
        said.Mos = given[Metrics.Mos];
        Tags found = (media is null ? tags.OfCall(said) : tags.OfCall(media.Complete(said))).Raised;
        CallOutcome outcome = new(Attempt: true, end, connectedMs, sipResponse, found);
        if (row is not null)
        {
            if (seconds is { } connected)
                row.ConnectDuration = connected;
            if (given[Metrics.Score] is { } score)
                row.Score = score;
            CallFacts facts = media?.Complete(said) ?? said;
            FinishedRows.Judge(row, tags, said, facts, hasLimit ? limit : null, outcome);
        }

        Partials.Add(dimensions, timeMs, values, CountStep.Of(outcome));
    }

    // Every delay that counts in the statistics teaches, and no other: stream reports bring none.
    private void Teach(ReadOnlySpan<int> dimensions, long timeMs, double? pddSeconds)
    {
        if (pddSeconds is { } seconds)
            baselines.Teach(dimensions[countryOrdinal], timeMs, seconds);
    }

    /// <summary>The value of a metric; null when it is not among them.</summary>
    public static double? ValueOf(ReadOnlySpan<MetricValue> values, int metric)
    {
        foreach (MetricValue value in values)
        {
            if (value.Metric == metric)
                return value.Value;
        }

        return null;
    }

    /// <summary>The edge among the dimensions.</summary>
    public Edge EdgeOf(ReadOnlySpan<int> dimensions)
    {
        int symbol = edgeOrdinal < 0 ? 0 : dimensions[edgeOrdinal];
        return symbol == 0 ? Edge.Unknown : (Edge)Math.Max(0, edgeSymbols.IndexOf(symbol));
    }
}
