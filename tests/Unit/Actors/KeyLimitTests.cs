using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Actors.Partitions;
using Earshot.Actors.Stages;
using Earshot.Analytics;
using Earshot.Log;
using Microsoft.Extensions.Logging;
using static Earshot.Tests.Unit.Actors.Inputs;

namespace Earshot.Tests.Unit.Actors;

public sealed class KeyLimitTests
{
    private const long Idle = 100_000;

    /// <summary>An event at this time has a watermark at a period's very start.</summary>
    private const long Start = (((T0 / Idle) + 1) * Idle) + LatenessMs;

    private static readonly PipelineOptions Two = Options with
    {
        Keys = GroupingSet.ParseAll("carrier"),
        KeysMax = 2,
        KeyIdleMs = Idle,
    };

    private readonly CallBench bench = new(Two);

    [Fact]
    public void Below_and_at_the_limit_every_key_has_its_own_place()
    {
        Give(0, "a", "b", "a");
        Assert.Equal(["a 2", "b 1"], Keys());
        Assert.Equal((0L, 0L), (bench.Books.KeysRefused, bench.Books.KeyLimitPeriods));
    }

    [Fact]
    public void Above_it_further_keys_are_counted_as_other()
    {
        Give(0, "a", "b", "c", "d", "a", "c");
        Assert.Equal(["a 2", "b 1", "other 3"], Keys());
        Assert.Equal((3L, 1L), (bench.Books.KeysRefused, bench.Books.KeyLimitPeriods));
    }

    [Fact]
    public void A_value_that_is_missing_is_a_key_like_any_other()
    {
        Give(0, "", "a", "b", "");
        Assert.Equal([" 2", "a 1", "other 1"], Keys());
    }

    [Fact]
    public void What_the_input_calls_other_is_the_same_key_and_takes_no_room()
    {
        Give(0, "other", "a", "other", "b", "c");
        Assert.Equal(["a 1", "b 1", "other 3"], Keys());
        Assert.Equal(1, bench.Books.KeysRefused);
    }

    [Fact]
    public void A_key_stays_live_through_the_period_after_its_last_use()
    {
        Give(0, "a", "b");
        Give(1, "a", "c");
        Assert.Equal(["a 2", "b 1", "other 1"], Keys());

        // In the third period b, not used in the second, has made room.
        Give(2, "c", "b");
        Assert.Equal(["a 2", "b 1", "c 1", "other 2"], Keys());
        Assert.Equal((2L, 2L), (bench.Books.KeysRefused, bench.Books.KeyLimitPeriods));
    }

    [Fact]
    public void A_period_begins_with_the_record_that_brings_the_watermark_there()
    {
        Give(0, "a", "b");
        bench.Give(Metric(Start + (2 * Idle) - 1, carrier: "c"));
        Assert.Equal(["a 1", "b 1", "other 1"], Keys());
        bench.Give(Metric(Start + (2 * Idle), carrier: "c"));
        Assert.Equal(["a 1", "b 1", "c 1", "other 1"], Keys());
    }

    [Fact]
    public void After_a_gap_in_time_there_is_room_for_everyone()
    {
        Give(0, "a", "b");
        Give(5, "c", "d", "a");
        Assert.Equal(["a 1", "b 1", "c 1", "d 1", "other 1"], Keys());
    }

    [Fact]
    public void Each_set_has_its_own_room_and_the_total_needs_none()
    {
        CallBench wide = new(Two with
        {
            Keys = GroupingSet.ParseAll("();carrier;carrier,country"),
            KeysMax = 1,
        });
        wide.Give(Metric(Start, carrier: "a"), Metric(Start, carrier: "b"));
        Assert.Equal(
            ["0", "1|a", "1|other", "2|a|", "2|other|other"],
            wide.Partials.Select(p => string.Join('|', p.Key.Values.Prepend($"{p.Key.Grouping}")))
                .Order(StringComparer.Ordinal));
        Assert.Equal(2, wide.Books.KeysRefused);
    }

    [Fact]
    public void Calls_that_are_due_together_find_room_by_their_id()
    {
        // Whichever came first, and however often the state was saved and loaded meanwhile.
        List<string[]> found = [];
        foreach (string[] order in (string[][])[["x", "y", "z"], ["z", "y", "x"]])
        {
            CallBench calls = new(Two);
            foreach (string call in order)
                calls.Give(Summary(call, Start, partial: true, mos: 4, carrier: "of " + call));
            calls.Give(Metric(Start + LatenessMs + 1, carrier: "of x"));
            found.Add([.. KeysOf(calls)]);
        }

        Assert.Contains("other 1", found[0]);
        Assert.Equal(found[0], found[1]);
    }

    [Fact]
    public void Names_of_metrics_beyond_the_limit_are_left_out_and_counted()
    {
        bench.Give([.. Enumerable.Range(0, MetricLimit.NamesMax + 3)
            .Select(i => Metric(Start, metric: "m" + i))]);
        bench.Give(Metric(Start, metric: "m0"), Metric(Start, metric: "jitter"));
        Assert.Equal(3, bench.Books.MetricLimited);
        Assert.Equal(MetricLimit.NamesMax + 5, bench.Books.Aggregated);
        Assert.Equal(MetricLimit.NamesMax + 2, bench.Total.Counts.Values);
    }

    [Fact]
    public void The_alarm_is_raised_once_a_period_and_not_for_what_was_known()
    {
        Messages messages = new();
        KeyLimitAlarm alarm = new(new TopicPartition("calls", 3), Two, messages);
        alarm.StartFrom(new StageProgress { KeyLimitPeriods = 4, KeysRefused = 50 });
        alarm.Look(new StageProgress { KeyLimitPeriods = 4, KeysRefused = 60 });
        Assert.Empty(messages.All);
        alarm.Look(new StageProgress { KeyLimitPeriods = 5, KeysRefused = 61 });
        alarm.Look(new StageProgress { KeyLimitPeriods = 5, KeysRefused = 99 });
        string message = Assert.Single(messages.All);
        Assert.StartsWith("Warning calls[3]: more than 2 keys", message, StringComparison.Ordinal);
        Assert.Contains("61 times", message, StringComparison.Ordinal);
    }

    private void Give(int period, params string[] carriers) => bench.Give(
        [.. carriers.Select(carrier => Metric(Start + (period * Idle), carrier: carrier))]);

    private IEnumerable<string> Keys() => KeysOf(bench);

    private static IEnumerable<string> KeysOf(CallBench of) => of.Partials
        .GroupBy(partial => partial.Key.Values[0] ?? "")
        .Select(key => $"{key.Key} {key.Sum(partial => partial.Cell.Counts.Values)}")
        .Order(StringComparer.Ordinal);

    private sealed class Messages : ILogger
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            All.Add($"{logLevel} {formatter(state, exception)}");
    }
}
