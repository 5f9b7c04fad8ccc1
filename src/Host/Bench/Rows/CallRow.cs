using System.Globalization;
using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Log.Memory;
using Earshot.Schemas;
using Earshot.Sources.Traffic;

namespace Earshot.Host.Bench.Rows;

/// <summary>
/// The call stage on the log in memory: read, decode, drop duplicates, join calls, combine, and
/// commit bundles at each epoch's end. Half as many events as are measured come first, so that
/// the duplicate filter drops as fast as it fills.
/// </summary>
internal sealed class CallRow : IBenchRow
{
    private const double TargetRate = 1_500_000;

    // Event time of the first, unmeasured part: as long as ids are remembered.
    private const double FillMs = 660_000;

    private readonly bool mixed;

    /// <summary>Creates the row.</summary>
    /// <param name="mixed">
    /// False: call summaries. True: generated traffic, signalling and stream reports for the most
    /// part, as it comes from a live system.
    /// </param>
    public CallRow(bool mixed) => this.mixed = mixed;

    /// <inheritdoc/>
    public string Name => mixed ? "call-traffic" : "call";

    /// <inheritdoc/>
    public string What => mixed
        ? "the call stage on generated traffic of all kinds, default keys"
        : "the call stage on the log in memory, duplicate filter and joining on, bundles "
            + "committed; 2 % duplicates, 25 % of the summaries after a partial one";

    /// <inheritdoc/>
    public double Share => 0.13;

    /// <inheritdoc/>
    public async Task<BenchResult> RunAsync(BenchScope scope, CancellationToken cancel)
    {
        int fill = scope.Events / 2;
        RecordBatch[] batches = mixed
            ? Traffic(fill + scope.Events) : Summaries(fill, fill + scope.Events);
        PipelineOptions pipeline = mixed
            ? new() { Shuffled = true }
            : new() { Shuffled = true, Keys = GroupingSet.ParseAll(Workload.Keys) };
        TopicPartition source = new(pipeline.InputTopic, 0);
        await using MemoryLog log = new(TimeProvider.System);
        await log.EnsureTopicsAsync([new TopicSpec(source.Topic, 1)], cancel);
        await log.EnsureTopicsAsync(pipeline.Topics.Written(1), cancel);
        foreach (RecordBatch batch in batches)
            log.Append(source, batch, batch.AppendTimeMs);
        MachineLoop? loop = null;
        int opened = 0;
        EnvelopeDecoder decoder = new();
        EventRecord record = new(pipeline.Dimensions, new SymbolTable(), Metrics.CreateTable());
        BenchResult result = await scope.MeasureCoreAsync(
            this,
            [
                new Lap(Name, () => loop!.RunAsync(fill + scope.Events))
                {
                    Prepare = async () =>
                    {
                        if (loop is not null)
                            await loop.DisposeAsync();
                        loop = await MachineLoop.OpenAsync(
                            new CallStage(pipeline, 0, new EnvelopeDecoder()), pipeline, log,
                            source, $"bench-{opened++}");
                        await loop.RunAsync(fill);
                    },
                },
                Lap.Of("decode alone", () => BareLoops.Decode(batches, decoder, record)),
                Lap.Of("walk the records", () => BareLoops.Walk(batches)),
            ],
            cancel);
        StageProgress books = loop!.Stage.Progress;
        await loop.DisposeAsync();
        return result with
        {
            Target = mixed ? null : new BenchTarget(TargetRate),
            Notes = [string.Create(
                CultureInfo.InvariantCulture,
                $"mean record {batches.Average(b => (double)b.SizeBytes / b.Count):F0} B with its "
                + $"key; of {books.Read:N0}: {books.Duplicate:N0} duplicate, {books.Late:N0} "
                + $"late, {books.Dead:N0} dead; {books.LiveCalls:N0} live calls")],
        };
    }

    private static RecordBatch[] Summaries(int fill, int count) => new Workload(
        new WorkloadOptions
        {
            StepMs = FillMs / fill,
            DuplicateShare = 0.02,
            PartialShare = 0.25,
            DisorderMs = 5_000,
        }).Batches(count);

    private static RecordBatch[] Traffic(int count)
    {
        // About 25 events a call: as in the workload, a third of them fill the filter.
        TrafficGenerator generator = new(new TrafficOptions
        {
            Start = new DateTimeOffset(2025, 1, 6, 9, 0, 0, TimeSpan.Zero),
            CallsPerSecond = count / 3 / (FillMs / 1000) / 25,
        });
        TopicPartition source = new(Topics.CallsDefault, 0);
        RecordBatchBuilder builder = new();
        List<RecordBatch> batches = [];
        for (long offset = 0; offset < count;)
        {
            long from = offset, arrivalMs = 0;
            for (; offset < count && builder.Count < Workload.BatchRecords; offset++)
            {
                TrafficEvent next = generator.Next();
                builder.Add(offset, next.Key.Span, next.Bytes.Span);
                arrivalMs = next.ArrivalTimeMs;
            }

            batches.Add(builder.Build(source, from, offset, arrivalMs));
        }

        return [.. batches];
    }
}
