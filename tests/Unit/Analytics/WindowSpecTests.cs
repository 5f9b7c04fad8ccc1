using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

public class WindowSpecTests
{
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    [Theory]
    [InlineData("5m", "5m", 5 * Minute, 5 * Minute)]
    [InlineData("24h", "24h", Day, Day)]
    [InlineData(" 1H / 5M ", "1h/5m", Hour, 5 * Minute)]
    [InlineData("1000ms", "1000ms", 1000, 1000)]
    [InlineData("366d", "366d", 366 * Day, 366 * Day)]
    [InlineData("1s/1ms", "1s/1ms", 1000, 1)]
    [InlineData("2h/2h", "2h/2h", 2 * Hour, 2 * Hour)]
    public void Reads(string text, string name, long lengthMs, long slideMs)
    {
        WindowSpec spec = WindowSpec.Parse(text);
        Assert.Equal(name, spec.Name);
        Assert.Equal(lengthMs, spec.LengthMs);
        Assert.Equal(slideMs, spec.SlideMs);
        Assert.Equal(spec, WindowSpec.Parse(name));
    }

    [Theory]
    [InlineData("", "allowed is a whole number and a unit")]
    [InlineData("5", "allowed is a whole number and a unit")]
    [InlineData("5 m", "allowed is a whole number and a unit")]
    [InlineData("-5m", "allowed is a whole number and a unit")]
    [InlineData("1.5h", "allowed is a whole number and a unit")]
    [InlineData("5w", "allowed is a whole number and a unit")]
    [InlineData("1h/", "allowed is a whole number and a unit")]
    [InlineData("1h/5m/1m", "LENGTH or LENGTH/SLIDE")]
    [InlineData("0s", "1s to 366d")]
    [InlineData("999ms", "1s to 366d")]
    [InlineData("367d", "1s to 366d")]
    [InlineData("99999999999999999d", "too long")]
    [InlineData("1h/7m", "must divide the length")]
    [InlineData("5m/1h", "must divide the length")]
    [InlineData("1h/0s", "must divide the length")]
    [InlineData("1001s/1s", "at least a 1000th")]
    public void RefusesAndSaysWhatIsAllowed(string text, string reason)
    {
        string message = Assert.Throws<FormatException>(() => WindowSpec.Parse(text)).Message;
        Assert.Contains($"'{text}' is not a window", message);
        Assert.Contains(reason, message);
    }

    [Fact]
    public void WindowsAlignToTheEpochInUtc()
    {
        DateTimeOffset time = new(2022, 12, 21, 13, 37, 5, TimeSpan.Zero);
        long timeMs = time.ToUnixTimeMilliseconds();
        long start = WindowSpec.Parse("2h").FirstStart(timeMs);
        Assert.Equal(12, DateTimeOffset.FromUnixTimeMilliseconds(start).Hour);
        Assert.Equal(0, start % Hour);
        long midnight = WindowSpec.Parse("1d").FirstStart(timeMs);
        Assert.Equal(
            new DateTimeOffset(2022, 12, 21, 0, 0, 0, TimeSpan.Zero),
            DateTimeOffset.FromUnixTimeMilliseconds(midnight));
        WindowSpec five = WindowSpec.Parse("5m");
        Assert.Equal(five.FirstStart(timeMs), five.LastStart(timeMs));
        Assert.Equal(0, five.FirstStart((5 * Minute) - 1));
        Assert.Equal(5 * Minute, five.FirstStart(5 * Minute));
        Assert.Equal(-5 * Minute, five.FirstStart(-1));
    }

    [Theory]
    [InlineData("1h/5m")]
    [InlineData("10s/2s")]
    [InlineData("5m")]
    [InlineData("1s/1ms")]
    public void EveryTimeIsInExactlyItsWindows(string text)
    {
        WindowSpec spec = WindowSpec.Parse(text);
        Random random = new(11);
        for (int i = 0; i < 200; i++)
        {
            long time = random.NextInt64(-3 * Hour, 3 * Hour);
            if (i % 4 == 0)
                time -= time % spec.SlideMs;
            long first = spec.FirstStart(time), last = spec.LastStart(time);
            Assert.Equal(spec.LengthMs / spec.SlideMs, ((last - first) / spec.SlideMs) + 1);
            Assert.Equal(0, first % spec.SlideMs);
            Assert.Equal(0, last % spec.SlideMs);
            Assert.True(first <= time && time < first + spec.LengthMs);
            Assert.True(last <= time && time < last + spec.SlideMs);
            Assert.False(time < first - spec.SlideMs + spec.LengthMs);
        }
    }

    [Fact]
    public void PanesAreTheGreatestCommonDivisor()
    {
        Assert.Equal(5 * Minute, Panes.LengthOf([WindowSpec.Parse("5m")]));
        Assert.Equal(5 * Minute, Panes.LengthOf([WindowSpec.Parse("1h/5m")]));
        Assert.Equal(Minute, Panes.LengthOf([WindowSpec.Parse("5m"), WindowSpec.Parse("7m")]));
        Assert.Equal(
            30_000, Panes.LengthOf([WindowSpec.Parse("1d"), WindowSpec.Parse("90s/30s")]));
        Assert.Throws<ArgumentException>(() => Panes.LengthOf([]));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(999, 0)]
    [InlineData(1000, 1000)]
    [InlineData(-1, -1000)]
    [InlineData(-1000, -1000)]
    [InlineData(-1001, -2000)]
    public void PanesStartBelowNegativeTimesToo(long time, long start) =>
        Assert.Equal(start, Panes.StartOf(time, 1000));

    [Theory]
    [InlineData("0s", 0)]
    [InlineData("10m", 600_000)]
    [InlineData("250ms", 250)]
    [InlineData("90s", 90_000)]
    [InlineData("1d", Day)]
    [InlineData("36h", 36 * Hour)]
    public void DurationsReadBack(string text, long ms)
    {
        Assert.Equal(ms, Durations.ParseMs(text));
        Assert.Equal(text, Durations.Format(ms));
    }

    [Fact]
    public void DurationsInOtherForms()
    {
        Assert.Equal(0, Durations.ParseMs("0ms"));
        Assert.Equal(Hour, Durations.ParseMs(" 60M "));
        Assert.Equal("1h", Durations.Format(Hour));
        Assert.Equal("1d", Durations.Format(24 * Hour));
        Assert.Equal("-5m", Durations.Format(-5 * Minute));
        Assert.Equal(long.MaxValue, Durations.ParseMs(Durations.Format(long.MaxValue)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("10")]
    [InlineData("1h30m")]
    [InlineData("+1h")]
    [InlineData("99999999999999999999s")]
    public void WhatIsNoDurationIsRefused(string text)
    {
        string message = Assert.Throws<FormatException>(() => Durations.ParseMs(text)).Message;
        Assert.Contains($"'{text}'", message);
        Assert.Contains("10m", message);
    }
}
