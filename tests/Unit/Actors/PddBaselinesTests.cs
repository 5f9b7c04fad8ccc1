using Earshot.Actors;
using Earshot.Actors.Calls;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Schemas;
using Earshot.Snapshots;

namespace Earshot.Tests.Unit.Actors;

/// <summary>What is learned of post-dial delay, hour by hour.</summary>
public sealed class PddBaselinesTests
{
    private const long HourMs = PddHours.HourMs;

    /// <summary>A full hour.</summary>
    private const long H = 472_222 * HourMs;

    private const int Us = 1, Fr = 2;

    private static readonly PipelineOptions Some = Inputs.Options with
    {
        PddSamplesMin = 4,
        PddHistoryMs = 2 * HourMs,
    };

    private readonly SymbolTable values = new();

    public PddBaselinesTests()
    {
        values.Intern("us");
        values.Intern("fr");
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    public void A_limit_holds_from_the_given_number_of_samples_on(int delays, bool holds)
    {
        PddBaselines baselines = Taught(Some, Us, H, Enumerable.Repeat(2.0, delays));
        PddLimit? expected = holds ? new PddLimit(2, H + HourMs, delays) : null;
        long time = H + (2 * HourMs);
        Assert.Equal(expected, baselines.LimitOf(Us, time));
        Assert.Equal(
            new CountryPddLimit("us", expected?.Seconds, H + HourMs, delays),
            Assert.Single(baselines.LimitsAt(time)));
    }

    [Theory]
    [InlineData(60_000, 2 * HourMs, true)]
    [InlineData(60_000, (2 * HourMs) - 1, false)]
    [InlineData(60_000, (4 * HourMs) - 1, true)]
    [InlineData(60_000, 4 * HourMs, false)]
    [InlineData(0, HourMs, true)]
    [InlineData(0, HourMs - 1, false)]
    [InlineData(0, (3 * HourMs) - 1, true)]
    [InlineData(0, 3 * HourMs, false)]
    [InlineData(3_600_000, 2 * HourMs, true)]
    [InlineData(3_600_001, 2 * HourMs, false)]
    [InlineData(3_600_001, 3 * HourMs, true)]
    public void An_hour_counts_once_nothing_late_can_come_and_until_the_historys_end(
        long latenessMs, long afterMs, bool counts)
    {
        PddBaselines baselines =
            Taught(Some with { LatenessMs = latenessMs }, Us, H, [1, 2, 3, 4]);
        Assert.Equal(counts ? 4 : null, baselines.LimitOf(Us, H + afterMs)?.Seconds);
    }

    [Fact]
    public void Hours_merge_and_the_95th_percentile_is_the_limit()
    {
        PddBaselines baselines = Taught(Some, Us, H, Enumerable.Range(1, 10).Select(i => i * 0.1));
        foreach (int i in Enumerable.Range(11, 10))
            baselines.Teach(Us, H + HourMs, i * 0.1);

        // sorted[20 * 95 / 100] of 0.1 to 2.0.
        Assert.Equal(2.0, baselines.LimitOf(Us, H + (3 * HourMs))!.Value.Seconds, 1e-12);
        Assert.Equal(1.0, baselines.LimitOf(Us, H + (2 * HourMs))!.Value.Seconds, 1e-12);
    }

    [Fact]
    public void Countries_learn_apart_and_without_a_country_none_is_learned()
    {
        PddBaselines baselines = Taught(Some, Us, H, [1, 1, 1, 1]);
        foreach (double delay in (double[])[9, 9, 9, 9])
        {
            baselines.Teach(Fr, H, delay);
            baselines.Teach(0, H, delay);
        }

        long time = H + (2 * HourMs);
        Assert.Equal(
            [1, 9, null],
            new[] { Us, Fr, 0 }.Select(country => baselines.LimitOf(country, time)?.Seconds));
        Assert.Equal(
            ["fr 9 4", "us 1 4"],
            baselines.LimitsAt(time).Select(
                limit => $"{limit.Country} {limit.LimitSeconds} {limit.Samples}"));
    }

    [Fact]
    public void What_no_call_in_time_can_need_is_dropped_and_not_a_moment_before()
    {
        PddBaselines baselines = Taught(Some, Us, H, [1, 1, 1, 1]);
        Parts(baselines, whole: true);
        baselines.DropBefore((H + (4 * HourMs)) - 1);
        Assert.Equal(1, baselines.LimitOf(Us, H + (4 * HourMs) - 1)?.Seconds);
        Assert.Empty(Parts(baselines, whole: false));
        baselines.DropBefore(H + (4 * HourMs));
        SnapshotPart removed = Assert.Single(Parts(baselines, whole: false));
        Assert.Equal(($"pdd/{H}", true), (removed.Key, removed.Value is null));
        Assert.Empty(Parts(baselines, whole: true));
    }

    [Fact]
    public void Only_hours_that_changed_are_written_and_all_come_back()
    {
        PddBaselines baselines = Taught(Some, Us, H, Enumerable.Range(1, 100).Select(i => i * 0.1));
        baselines.Teach(Us, H + HourMs, 7);
        Dictionary<string, byte[]> stored =
            Parts(baselines, whole: true).ToDictionary(part => part.Key, part => part.Value!);
        Assert.Equal([$"pdd/{H}", $"pdd/{H + HourMs}"], stored.Keys.Order());
        baselines.Teach(Us, H + HourMs, 8);
        SnapshotPart changed = Assert.Single(Parts(baselines, whole: false));
        stored[changed.Key] = changed.Value!;

        // Symbols are of one process alone.
        SymbolTable others = new();
        others.Intern("something else");
        PddBaselines restored = new(Some, others);
        restored.Load(stored);
        int us = others.Intern("us");
        foreach (long time in (long[])[H + (2 * HourMs), H + (3 * HourMs)])
            Assert.Equal(baselines.LimitOf(Us, time), restored.LimitOf(us, time));
        Assert.Equal(102, restored.LimitOf(us, H + (3 * HourMs))?.Samples);
    }

    [Fact]
    public void Countries_past_the_most_an_hour_learns_are_counted_and_get_none()
    {
        PddBaselines baselines = new(Some with { PddSamplesMin = 1 }, values);
        for (int i = 0; i <= PddBaselines.CountriesMax; i++)
            baselines.Teach(values.Intern($"x{i}"), H, 1);
        long time = H + (2 * HourMs);
        int last = values.Intern($"x{PddBaselines.CountriesMax}");
        Assert.Equal(1, baselines.LeftOut);
        Assert.Null(baselines.LimitOf(last, time));
        Assert.Equal(1, baselines.LimitOf(last - 1, time)?.Seconds);
        Assert.Equal(PddBaselines.ShownMax, baselines.LimitsAt(time).Count);

        PddBaselines restored = new(Some, values);
        restored.Load(Parts(baselines, whole: true)
            .ToDictionary(part => part.Key, part => part.Value!));
        Assert.Equal(1, restored.LeftOut);
    }

    private PddBaselines Taught(
        PipelineOptions options, int country, long timeMs, IEnumerable<double> delays)
    {
        PddBaselines baselines = new(options, values);
        foreach (double delay in delays)
            baselines.Teach(country, timeMs, delay);
        return baselines;
    }

    private static List<SnapshotPart> Parts(PddBaselines baselines, bool whole)
    {
        List<SnapshotPart> parts = [];
        baselines.Save(parts, whole);
        return parts;
    }
}
