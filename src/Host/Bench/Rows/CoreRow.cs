using System.Globalization;
using Earshot.Actors;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// The analytics core in memory, on one thread: decode a CallSummary, validate, tag, add seven
/// metrics to the cells of three grouping sets, and merge the cells into their windows at each
/// epoch's end. All events fall into one window of a day, so none closes.
/// </summary>
internal sealed class CoreRow : IBenchRow
{
    /// <summary>Events of an epoch: about half a second's at the target.</summary>
    public const int EpochEvents = 500_000;

    private const double TargetRate = 1_500_000;

    // Event time of a round.
    private const int SpanMs = 240_000;

    /// <inheritdoc/>
    public string Name => "core";

    /// <inheritdoc/>
    public string What => "decode a CallSummary, validate, tag, 3 grouping sets x 7 metrics with "
        + "percentiles x 1 window, 50,000 keys, Zipf 1; without ids";

    /// <inheritdoc/>
    public double Share => 0.15;

    private static readonly PipelineOptions pipeline = new()
    {
        Keys = GroupingSet.ParseAll(Workload.Keys),
        Windows = [WindowSpec.Parse("1d")],
        FutureLimitMs = WindowSpec.LengthMsMax,
    };

    /// <inheritdoc/>
    public async Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        Workload workload = new(new WorkloadOptions { StepMs = (double)SpanMs / scope.Events });
        RecordBatch[] batches = workload.Batches(scope.Events);
        CoreLoop core = new(pipeline, SpanMs);
        EnvelopeDecoder decoder = new();
        EventRecord record = new(
            pipeline.Dimensions, new SymbolTable(), Metrics.CreateTable());
        BenchResult result = await scope.MeasureCoreAsync(
            this,
            [
                Lap.Of(Name, () => core.Run(batches)),
                Lap.Of("decode alone", () => BareLoops.Decode(batches, decoder, record)),
                Lap.Of("walk the records", () => BareLoops.Walk(batches)),
            ],
            cancel);
        core.RequireCounted();
        return result with
        {
            Target = new BenchTarget(TargetRate),
            Notes = [string.Create(
                CultureInfo.InvariantCulture,
                $"mean record {workload.MeanBytes:F0} B, {core.Keys:N0} keys, epochs of "
                + $"{EpochEvents:N0} events")],
        };
    }
}
