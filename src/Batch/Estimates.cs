using Earshot.Actors;
using Earshot.Analytics.Quality;

namespace Earshot.Batch;

/// <summary>
/// The mean opinion score of stream reports that bring none, by the E-model in its full form.
/// </summary>
internal sealed class Estimates(PipelineOptions options)
{
    private readonly MosEstimator? estimator = options.Mos.ToEstimator();

    /// <summary>
    /// Adds an estimated score where there is none, estimates are wanted, and codec or loss is
    /// known. A report of the far end's loss alone speaks of another direction.
    /// </summary>
    public MosSource Complete(Event report, ref Reading[] readings)
    {
        if (Readings.Of(readings, "mos") is not null)
            return new MosSource(MosOrigin.Given);
        double? loss = Readings.Of(readings, Readings.PacketLoss);
        bool isOfFarEnd = loss is null && Readings.Of(readings, "remote_packet_loss") is not null;
        MosEstimate? estimate = isOfFarEnd ? null : estimator?.Estimate(new StreamQuality(
            report.Codec,
            LossPercent: loss,
            BurstRatio: Readings.Of(readings, "burst_ratio"),
            OneWayMs: Readings.Of(readings, "latency"),
            RttMs: Readings.Of(readings, "rtt"),
            JitterMs: Readings.Of(readings, "jitter")));
        if (estimate is null)
            return default;
        readings = [.. readings, new Reading("mos", estimate.Mos)];
        return new MosSource(MosOrigin.Estimated, estimate.AssumedInputs);
    }
}
