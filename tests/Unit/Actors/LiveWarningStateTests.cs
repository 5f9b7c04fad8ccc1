using Earshot.Actors;
using Earshot.Actors.Stages;
using Earshot.Actors.Warnings;
using Earshot.Analytics;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Tests.Unit.Actors;

/// <summary>What warnings cost: bytes of a stream, allocations of a report, parts.</summary>
public sealed class LiveWarningStateTests
{
    private readonly EventRecord record;
    private readonly LiveWarnings warnings;
    private readonly EpochOutputs outputs = new(Topics.Default, 0);

    public LiveWarningStateTests()
    {
        record = new EventRecord(
            Inputs.Options.Dimensions, new SymbolTable(), Metrics.CreateTable());
        warnings = new LiveWarnings(Inputs.Options, 0);
    }

    [Fact]
    public void A_stream_without_a_raised_warning_takes_24_bytes() =>
        Assert.Equal(24, System.Runtime.CompilerServices.Unsafe.SizeOf<StreamWarnings>());

    [Fact]
    public void A_report_of_a_known_stream_allocates_nothing()
    {
        Go(0, 1000, streams: 100, crosses: false);

        // The runtime may compile, or set up a class, on this thread: not each time.
        long least = long.MaxValue;
        for (int pass = 0; pass < 3; pass++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Go(20_000 * (pass + 1), 20_000 * (pass + 2), streams: 100, crosses: false);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void Streams_are_forgotten_once_they_are_over()
    {
        Go(0, 1000, streams: 1000, crosses: true);
        warnings.Advance(long.MaxValue, outputs);
        Assert.Equal((0, 0), (warnings.StreamsHeld, warnings.TimersHeld));
    }

    [Fact]
    public void Timers_of_a_warning_that_comes_and_goes_do_not_pile_up()
    {
        for (int i = 0; i < 1000; i++)
            Take("s", i * 1000, crosses: i / 10 % 2 == 0);
        Assert.Equal(50, warnings.AddTo(new StageProgress()).WarningsRaised);
        Assert.Equal(1, warnings.TimersHeld);
    }

    [Fact]
    public void Only_shards_that_changed_are_written()
    {
        Go(0, 100, streams: 100, crosses: false);
        Assert.True(Save(whole: false).Count > 2);
        Assert.Single(Save(whole: false));
        Take("s0", 100_000, crosses: false);
        Assert.Equal(2, Save(whole: false).Count);
        warnings.Advance(Inputs.T0 + 1_000_000, outputs);
        Assert.All(
            Save(whole: false).Where(part => part.Key.Contains('/', StringComparison.Ordinal)),
            part => Assert.Null(part.Value));
    }

    private List<SnapshotPart> Save(bool whole)
    {
        List<SnapshotPart> parts = [];
        warnings.Save(parts, whole);
        return parts;
    }

    private void Go(int from, int to, int streams, bool crosses)
    {
        for (int i = from; i < to; i++)
            Take((ulong)(i % streams) + 1, i, crosses);
    }

    private void Take(string stream, long atMs, bool crosses) => Take(
        StableHash.Of(System.Text.Encoding.UTF8.GetBytes(stream)), atMs, crosses);

    private void Take(ulong stream, long atMs, bool crosses)
    {
        record.Reset();
        record.Kind = EventKind.StreamReport;
        record.EventTimeMs = Inputs.T0 + atMs;
        record.SetStreamId(stream, "s"u8, default);
        ReportFacts facts = new() { PacketLossPercent = crosses ? 9 : 1 };
        warnings.Take(record, facts, Inputs.Options.Tags.OfReport(facts), atMs, outputs);
    }
}
