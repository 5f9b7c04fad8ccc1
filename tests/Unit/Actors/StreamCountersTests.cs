using Earshot.Schemas;
using Earshot.Snapshots;
using StreamCounters = Earshot.Actors.Calls.StreamCounters;

namespace Earshot.Tests.Unit.Actors;

public sealed class StreamCountersTests
{
    private const long KeepMs = 1000;

    private readonly EventRecord record =
        new(new DimensionSet(["carrier"]), new SymbolTable(), Metrics.CreateTable());

    private readonly StreamCounters counters = new(KeepMs);

    [Fact]
    public void The_loss_of_an_interval_comes_from_what_was_added_since_the_last_report()
    {
        Assert.Equal(10, Loss(100, 90, 10));
        Assert.Equal(50, Loss(200, 100, 20));
        Assert.Equal(0, Loss(300, 110, 20));
        Assert.Null(Loss(400, 110, 20));
    }

    [Fact]
    public void Counters_that_run_backwards_begin_anew()
    {
        Loss(100, 90, 10);
        Assert.Null(Loss(200, 5, 0));
        Assert.Equal(50, Loss(300, 10, 5));
        Assert.Equal(0, Loss(400, 20, 1));
    }

    [Fact]
    public void A_report_older_than_the_last_one_changes_nothing()
    {
        Loss(100, 90, 10);
        Assert.Null(Loss(99, 10, 0));
        Assert.Equal(50, Loss(200, 100, 20));
    }

    [Fact]
    public void Without_a_stream_or_counters_there_is_no_loss()
    {
        Assert.Null(Loss(100, -1, 10));
        Assert.Null(Loss(100, 10, long.MinValue));
        Assert.Null(Loss(100, 10, 10, stream: 0));
    }

    [Fact]
    public void Extreme_counters_give_no_loss_below_0_or_above_100()
    {
        Loss(100, 1, long.MaxValue);
        Assert.InRange(Loss(200, long.MaxValue, long.MinValue + 1) ?? 0, 0, 100);
        Assert.InRange(Loss(300, long.MaxValue, long.MaxValue) ?? 0, 0, 100);
    }

    [Fact]
    public void After_the_keep_time_a_stream_begins_anew_whether_it_was_dropped_or_not()
    {
        // How far the watermark has come depends on the other calls of the partition.
        StreamCounters kept = new(KeepMs), dropped = new(KeepMs);
        foreach (StreamCounters each in (StreamCounters[])[kept, dropped])
            each.IntervalLossPercent(Report(100, 90, 10, 1));
        dropped.DropBefore(100 + KeepMs);
        EventRecord next = Report(100 + KeepMs, 90, 30, 1);
        Assert.Equal(25, dropped.IntervalLossPercent(next));
        Assert.Equal(25, kept.IntervalLossPercent(next));
    }

    [Fact]
    public void Within_the_keep_time_a_stream_is_never_dropped()
    {
        counters.DropBefore(0);
        Loss(100, 90, 10);
        counters.DropBefore(100 + KeepMs - 1);
        Assert.Equal(50, Loss(100 + KeepMs - 1, 100, 20));
    }

    [Fact]
    public void A_snapshot_brings_everything_back_and_is_only_written_on_change()
    {
        Loss(100, 90, -10);
        List<SnapshotPart> parts = [];
        counters.Save(parts, whole: false);
        StreamCounters restored = new(KeepMs);
        restored.Load(parts.ToDictionary(part => part.Key, part => part.Value!));
        Assert.Equal(50, restored.IntervalLossPercent(Report(200, 100, 0, 1)));
        parts.Clear();
        counters.Save(parts, whole: false);
        Assert.Empty(parts);
        counters.Save(parts, whole: true);
        Assert.Single(parts);
    }

    private double? Loss(long at, long received, long lost, ulong stream = 1) =>
        counters.IntervalLossPercent(Report(at, received, lost, stream));

    private EventRecord Report(long at, long received, long lost, ulong stream)
    {
        record.Reset();
        record.EventTimeMs = at;
        record.StreamId = stream;
        record.PacketsReceivedTotal = received;
        record.PacketsLostTotal = lost;
        return record;
    }
}
