using Earshot.Schemas;
using Earshot.Snapshots;
using StreamCounters = Earshot.Actors.Calls.StreamCounters;
using StreamInterval = Earshot.Actors.Calls.StreamInterval;

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
    public void A_counter_of_32_bits_counts_on_when_it_wraps()
    {
        const long Top = (1L << 32) - 1;
        Take(100, Top - 9, 0, sent: Top);
        StreamInterval next = Take(200, 10, 0, sent: 0);
        Assert.Equal((20, 1, 0), (next.Received, next.Sent, next.Backwards));
        Assert.Equal(0, next.LossPercent);
        Take(300, Top - (1 << 24) + 1, 0);
        Assert.Equal(1 << 24, Take(400, 0, 0).Received);
    }

    [Fact]
    public void A_counter_that_falls_otherwise_begins_anew_and_says_so()
    {
        const long Top = (1L << 32) - 1;
        Take(100, Top - (1 << 24), 0, sent: 50);
        StreamInterval next = Take(200, 0, 5, sent: 40);
        Assert.Equal((-1, -1, -1, 2), (next.Received, next.Sent, next.Lost, next.Backwards));
        Take(300, 1L << 32, 0);
        Assert.Equal(1, Take(400, 0, 0).Backwards);
        Assert.Equal(0, Take(500, 7, 0).Backwards);
    }

    [Fact]
    public void Packets_sent_have_an_interval_of_their_own()
    {
        StreamInterval first = Take(100, -1, long.MinValue, sent: 30);
        Assert.Equal((-1, 30, -1), (first.Received, first.Sent, first.Lost));
        StreamInterval next = Take(200, 5, 1, sent: 31);
        Assert.Equal((5, 1, 1), (next.Received, next.Sent, next.Lost));
        Assert.Equal(-1, Take(300, 5, 1).Sent);
        Assert.Equal(9, Take(400, 5, 1, sent: 40).Sent);
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
            each.Take(Report(100, 90, 10, 1));
        dropped.DropBefore(100 + KeepMs);
        EventRecord next = Report(100 + KeepMs, 90, 30, 1);
        Assert.Equal(25, dropped.Take(next).LossPercent);
        Assert.Equal(25, kept.Take(next).LossPercent);
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
        Take(100, 90, -10, sent: 7);
        List<SnapshotPart> parts = [];
        counters.Save(parts, whole: false);
        StreamCounters restored = new(KeepMs);
        restored.Load(parts.ToDictionary(part => part.Key, part => part.Value!));
        StreamInterval next = restored.Take(Report(200, 100, 0, 1, sent: 9));
        Assert.Equal((50.0, 2), (next.LossPercent, next.Sent));
        parts.Clear();
        counters.Save(parts, whole: false);
        Assert.Empty(parts);
        counters.Save(parts, whole: true);
        Assert.Single(parts);
    }

    [Fact]
    public void A_part_of_an_older_version_is_read_and_replaced()
    {
        using MemoryStream bytes = new();
        using BinaryWriter writer = new(bytes);
        writer.Write(long.MinValue);
        writer.Write7BitEncodedInt(1);
        writer.Write(1UL);
        writer.Write(100L);
        writer.Write7BitEncodedInt64(90);
        writer.Write7BitEncodedInt64(10);
        counters.Load(new Dictionary<string, byte[]> { ["streams"] = bytes.ToArray() });
        Assert.Equal(50, Loss(200, 100, 20));
        List<SnapshotPart> parts = [];
        counters.Save(parts, whole: false);
        Assert.Equal(["streams", "stream-counters"], parts.Select(part => part.Key));
        Assert.Null(parts[0].Value);
        StreamCounters restored = new(KeepMs);
        restored.Load(new Dictionary<string, byte[]> { [parts[1].Key] = parts[1].Value! });
        Assert.Equal(0, restored.Take(Report(300, 110, 20, 1)).LossPercent);
    }

    private double? Loss(long at, long received, long lost, ulong stream = 1) =>
        counters.Take(Report(at, received, lost, stream)).LossPercent;

    private StreamInterval Take(long at, long received, long lost, long sent = -1) =>
        counters.Take(Report(at, received, lost, 1, sent));

    private EventRecord Report(long at, long received, long lost, ulong stream, long sent = -1)
    {
        record.Reset();
        record.EventTimeMs = at;
        record.StreamId = stream;
        record.PacketsReceivedTotal = received;
        record.PacketsLostTotal = lost;
        record.PacketsSentTotal = sent;
        return record;
    }
}
