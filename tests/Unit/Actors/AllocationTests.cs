using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;
using static Earshot.Tests.Unit.Actors.Inputs;
using PipelineOptions = Earshot.Actors.PipelineOptions;

namespace Earshot.Tests.Unit.Actors;

/// <summary>
/// The hot path allocates nothing: once the keys of the input are known and their cells have
/// grown, events pass through decoding, tags and statistics without a byte.
/// </summary>
public sealed class AllocationTests
{
    private const int Events = 20_000;
    private const int Accounts = 400;
    private const int SpanMs = 60_000;

    /// <summary>Passes after which nothing grows: a window's buffer of rows fills up slowly, and
    /// becomes twice as large each time.</summary>
    private const int WarmPasses = 17;

    /// <summary>What the end of an epoch may take, whatever its length: a bundle, some lists.
    /// </summary>
    private const int EpochBytesMax = 4096;

    private static readonly PipelineOptions options = new()
    {
        Windows = [WindowSpec.Parse("1d")],
        Keys = GroupingSet.ParseAll("account;carrier,country;country"),
        FutureLimitMs = WindowSpec.LengthMsMax,
    };

    [Fact]
    public void An_event_allocates_nothing_in_steady_state()
    {
        RecordBatch batch = Batch(0, [.. Enumerable.Range(0, Events).Select(SummaryOf)]);
        LaterDecoder decoder = new();
        FusedStage stage = new(options, 0, decoder);
        EpochOutputs outputs = new(options.Topics, 0);
        long applied = 0, ended = 0;
        for (int pass = 0; pass <= WarmPasses; pass++)
        {
            decoder.ShiftMs = (long)pass * SpanMs;
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < batch.Count; i++)
                stage.Apply(batch, i, outputs);
            long between = GC.GetAllocatedBytesForCurrentThread();
            stage.EndEpoch((long)pass * Events, (pass + 1L) * Events, idle: false, outputs);
            (applied, ended) =
                (between - before, GC.GetAllocatedBytesForCurrentThread() - between);
        }

        Assert.Equal((WarmPasses + 1L) * Events, stage.Progress.Aggregated);
        Assert.Equal(0, applied);
        Assert.InRange(ended, 0, EpochBytesMax);
    }

    private static byte[] SummaryOf(int number)
    {
        // Multiplication by an odd number spreads values and keys without chance.
        uint mixed = (uint)number * 2_654_435_761;
        double share = mixed / (double)uint.MaxValue;
        return new Envelope
        {
            CallSummary = new CallSummary
            {
                EventTime = T0 + (number * (long)SpanMs / Events),
                Dimensions =
                {
                    ["account"] = $"AC{mixed % Accounts:d4}",
                    ["carrier"] = $"carrier-{mixed % 7}",
                    ["country"] = $"C{mixed % 11}",
                },
                CallState = CallState.Types.State.Completed,
                LastSipResponse = 200,
                Metrics = new CallSummary.Types.Metrics
                {
                    ConnectDuration = 600 * share,
                    Pdd = 8 * share,
                    AvgJitter = 12 * share,
                    MaxJitter = 40 * share,
                    AvgLatency = 200 * share,
                    MaxLatency = 300 * share,
                    PacketLossPercentage = 10 * share,
                },
            },
        }.ToByteArray();
    }

    /// <summary>Lets the same events happen later, so that the watermark moves on.</summary>
    private sealed class LaterDecoder : IRecordDecoder
    {
        private readonly EnvelopeDecoder inner = new();

        public long ShiftMs { get; set; }

        public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into)
        {
            DecodeResult result = inner.Decode(record, into);
            into.EventTimeMs += ShiftMs;
            return result;
        }

        public ulong RoutingHash(ReadOnlySpan<byte> record) => inner.RoutingHash(record);
    }
}
