using Earshot.Analytics.Quality;
using Earshot.Schemas;

namespace Earshot.Actors.Calls;

/// <summary>
/// Gives stream reports that bring no mean opinion score an estimated one. Nothing is estimated
/// where neither codec nor loss is known, and where only the far end's loss is: such a report
/// speaks of what the far end hears.
/// </summary>
internal sealed class ReportEstimates
{
    private readonly FastMosEstimator? estimator;
    private readonly SymbolTable codecNames;
    private readonly MetricValue[] completed = new MetricValue[EventRecord.ValuesMax + 1];

    // By symbol of the codec's name.
    private readonly Dictionary<int, CodecFactors> factors = [];

    /// <summary>Prepares for reports.</summary>
    /// <param name="options">The pipeline.</param>
    /// <param name="dimensionValues">Has the codecs' names.</param>
    public ReportEstimates(PipelineOptions options, SymbolTable dimensionValues)
    {
        codecNames = dimensionValues;
        estimator = options.Mos.ToEstimator() is { } found ? new FastMosEstimator(found) : null;
    }

    /// <summary>Adds a score where there is none and enough is known.</summary>
    /// <param name="report">The report.</param>
    /// <param name="values">Its values that can be true; valid until the next call.</param>
    public MosSource Complete(EventRecord report, ref ReadOnlySpan<MetricValue> values)
    {
        if (Combiner.ValueOf(values, Metrics.Mos) is not null)
            return new MosSource(MosOrigin.Given);
        if (estimator is null)
            return default;
        double? loss = Combiner.ValueOf(values, Metrics.PacketLoss);
        if (loss is null && Combiner.ValueOf(values, Metrics.RemotePacketLoss) is not null)
            return default;
        StreamQuality known = new(
            LossPercent: loss,
            BurstRatio: Combiner.ValueOf(values, Metrics.BurstRatio),
            OneWayMs: Combiner.ValueOf(values, Metrics.Latency),
            RttMs: Combiner.ValueOf(values, Metrics.Rtt),
            JitterMs: Combiner.ValueOf(values, Metrics.Jitter));
        if (estimator.Estimate(FactorsOf(report.Codec), known) is not { } estimate)
            return default;
        values.CopyTo(completed);
        completed[values.Length] = new MetricValue(Metrics.Mos, estimate.Mos);
        values = completed.AsSpan(0, values.Length + 1);
        return new MosSource(MosOrigin.Estimated, estimate.Assumed);
    }

    /// <summary>
    /// Forgets the symbols of codecs: they may stand for other names from now on.
    /// </summary>
    public void ForgetSymbols() => factors.Clear();

    private CodecFactors FactorsOf(int codec)
    {
        if (!factors.TryGetValue(codec, out CodecFactors found))
            factors.Add(codec, found = estimator!.FactorsOf(codecNames[codec]));
        return found;
    }
}
