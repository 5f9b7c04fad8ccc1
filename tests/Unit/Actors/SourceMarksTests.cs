using Earshot.Actors.Keys;

namespace Earshot.Tests.Unit.Actors;

public sealed class SourceMarksTests
{
    private readonly SourceMarks marks = new();

    [Fact]
    public void The_watermark_is_the_least_of_all_sources_and_unknown_ones_hold_it_back()
    {
        Assert.False(Mark(0, 50, sources: 2));
        Assert.Equal(long.MinValue, marks.WatermarkMs);
        Assert.False(Mark(1, long.MinValue, sources: 2));
        Assert.True(Mark(1, 30, sources: 2));
        Assert.Equal(30, marks.WatermarkMs);
        Assert.True(Mark(1, 60, sources: 2));
        Assert.Equal(50, marks.WatermarkMs);
    }

    [Fact]
    public void The_greatest_count_of_sources_seen_is_expected()
    {
        Assert.True(Mark(0, 10, sources: 1));
        Assert.False(Mark(0, 20, sources: 3));
        Assert.False(Mark(0, 30, sources: 1));
        Assert.Equal(10, marks.WatermarkMs);
    }

    [Fact]
    public void An_idle_source_is_left_out_until_it_sends_again()
    {
        Mark(0, 10, sources: 2);
        Mark(1, 100, sources: 2);
        Assert.True(Mark(0, 10, sources: 2, idle: true));
        Assert.Equal(100, marks.WatermarkMs);
        Mark(0, 20, sources: 2);
        Assert.False(Mark(1, 200, sources: 2));
        Assert.Equal(100, marks.WatermarkMs);
        Assert.True(Mark(0, 150, sources: 2));
        Assert.Equal(150, marks.WatermarkMs);
    }

    [Fact]
    public void When_all_are_idle_the_watermark_stays()
    {
        Mark(0, 10, sources: 1);
        Assert.False(Mark(0, 500, sources: 1, idle: true));
        Assert.Equal(10, marks.WatermarkMs);
    }

    [Fact]
    public void An_ended_source_counts_with_its_end_even_when_it_was_idle()
    {
        Mark(0, long.MaxValue, sources: 2, idle: true, ended: true);
        Assert.False(marks.AllEnded);
        Assert.True(Mark(1, long.MaxValue, sources: 2, idle: true, ended: true));
        Assert.True(marks.AllEnded);
        Assert.Equal(long.MaxValue, marks.WatermarkMs);
    }

    [Fact]
    public void A_snapshot_brings_everything_back()
    {
        Mark(0, 10, sources: 2, idle: true);
        Mark(1, 20, sources: 2, ended: true);
        using MemoryStream stream = new();
        marks.Write(new BinaryWriter(stream));
        stream.Position = 0;
        SourceMarks restored = new();
        restored.Load(new BinaryReader(stream));
        Assert.Equal(20, restored.WatermarkMs);
        Assert.Equal((7L, null), (restored.NextOf(1), restored.NextOf(2)));
        Assert.False(restored.AllEnded);
        restored.Advance(0, 2, 7, 15, idle: true, ended: true);
        Assert.True(restored.AllEnded);
    }

    private bool Mark(
        int source, long watermark, int sources, bool idle = false, bool ended = false) =>
        marks.Advance(source, sources, to: 7, watermark, idle, ended);
}
