using Earshot.Actors.Keys;
using Earshot.Analytics;
using Earshot.Analytics.Quality;
using Earshot.Schemas;

namespace Earshot.Tests.Unit.Actors;

public sealed class EventRowTests
{
    private static readonly int[] Named =
        [Metrics.Pdd, Metrics.Jitter, Metrics.ConnectDuration, Metrics.SrdFailed];

    // Beyond the short rows' metrics, and the last one that rows have.
    private static readonly int[] Others = [22, 40, EventRow.MetricsEnd - 1];

    [Fact]
    public void A_row_gives_back_what_was_written()
    {
        int shortRows = 0, longRows = 0;
        for (int seed = 0; seed < 20_000; seed++)
        {
            Random random = new(seed);
            MetricValue[] values = Values(random);
            CountStep step = Step(random, values);
            long[] row = new long[EventRow.LengthMax];
            Assert.True(EventRow.TryWrite(row, step, values));
            if (EventRow.IsLong(row[0]))
                longRows++;
            else
                shortRows++;
            AssertIs(row, step, values, counted: values.Length);
        }

        Assert.True(shortRows > 1000 && longRows > 1000, $"{shortRows} and {longRows}");
    }

    [Fact]
    public void A_call_with_seven_values_is_as_long_as_a_line_of_the_cache()
    {
        MetricValue[] values = [.. Enumerable.Range(Metrics.AvgLatency, 7)
            .Select(metric => new MetricValue(metric, 12.34))];
        Assert.Contains(values, value => value.Metric == Metrics.ConnectDuration);
        CountStep step = CountStep.Of(
            new CallOutcome(true, CallEnd.Answered, 12_340, 200, (Tags)0x1FF));
        long[] row = new long[EventRow.LengthMax];
        Assert.True(EventRow.TryWrite(row, step, values));
        Assert.Equal(64 / sizeof(long), EventRow.LengthOf(row[0]));
        AssertIs(row, step, values, counted: 7);
    }

    [Fact]
    public void The_form_on_the_wire_stays()
    {
        MetricValue[] values =
            [new(Metrics.Pdd, 1.5), new(Metrics.Mos, 4), new(Metrics.ConnectDuration, 61.25)];
        CountStep step = new(
            (1UL << 39) | (1UL << 32) | (1UL << 20) | 0x7, ConnectedMs: 61_250);
        long[] row = new long[EventRow.LengthMax];
        Assert.True(EventRow.TryWrite(row, step, values));
        const ulong First = 0x8000_0000_0000_0000 | (1UL << 52) | (0x104UL << 38) | (0x7UL << 22)
            | 0x5002;
        Assert.Equal(First, (ulong)row[0]);
        AssertIs(row, step, values, counted: 3);
    }

    [Fact]
    public void Values_added_one_by_one_count_nothing()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            Random random = new(seed);
            MetricValue[] values = Values(random);
            random.Shuffle(values);
            long[] row = new long[EventRow.LengthMax];
            EventRow.Begin(row);
            Assert.True(EventRow.SaysNothing(row));
            foreach (MetricValue value in values)
            {
                Assert.True(EventRow.TryAdd(row, value.Metric, value.Value));
                Assert.False(EventRow.TryAdd(row, value.Metric, 0));
                Assert.False(EventRow.SaysNothing(row));
            }

            AssertIs(row, default, [.. values.OrderBy(value => value.Metric)], counted: 0);
        }
    }

    [Fact]
    public void What_a_row_has_no_place_for_is_told_and_still_counted()
    {
        long[] row = new long[EventRow.LengthMax];
        MetricValue[] twice = [new(Metrics.Mos, 4), new(Metrics.Mos, 3)];
        Assert.False(EventRow.TryWrite(row, new CountStep(1), twice));
        AssertIs(row, new CountStep(1), [twice[0]], counted: 2);
        MetricValue[] beyond = [new(Metrics.Mos, 4), new(EventRow.MetricsEnd, 3)];
        Assert.False(EventRow.TryWrite(row, new CountStep(1), beyond));
        AssertIs(row, new CountStep(1), [beyond[0]], counted: 2);
        EventRow.SetFurther(row, EventRow.MetricsEnd, 3);
        Assert.True(EventRow.IsFurther(row));
        Assert.Equal((EventRow.MetricsEnd, 3.0), EventRow.FurtherOf(row));
        Assert.Equal(EventRow.LongHead + 1, EventRow.LengthOf(row[0]));
    }

    private static MetricValue[] Values(Random random)
    {
        IEnumerable<int> metrics = random.Next(3) == 0 ? [.. Named, .. Others] : Named;
        return [.. metrics.Where(_ => random.Next(3) > 0)
            .Select(metric => new MetricValue(metric, Math.Round(random.NextDouble() * 90, 2)))];
    }

    private static CountStep Step(Random random, MetricValue[] values)
    {
        MetricValue duration = Array.Find(
            values, value => value.Metric == Metrics.ConnectDuration);
        long connectedMs = random.Next(4) == 0 || duration.Metric == 0
            ? random.Next(9000) : (long)Math.Round(duration.Value * 1000);
        Tags tags = (Tags)random.Next(1 << TagNames.Count);
        return random.Next(6) switch
        {
            0 => default,
            1 => CountStep.Of(tags).With(CountStep.Of(
                new MosSource(
                    MosOrigin.Estimated,
                    (AssumedInputs)random.Next(1 << MosSource.AssumedCount)))),
            2 => CountStep.Of(tags).With(new CountStep(0, connectedMs)),
            3 => new CountStep((ulong)random.NextInt64() & ((1UL << CallCounts.Width) - 1)),
            _ => CountStep.Of(new CallOutcome(
                random.Next(5) > 0, (CallEnd)random.Next(8), connectedMs,
                random.Next(3) == 0 ? 200 : 486, tags)),
        };
    }

    private static void AssertIs(
        long[] row, in CountStep step, MetricValue[] values, int counted)
    {
        int length = EventRow.LengthOf(row[0]);
        Assert.Equal(EventRow.HeadOf(row[0]) + values.Length, length);
        if (Array.TrueForAll(values, value => value.Metric < Metrics.End))
            EventRow.Require(row.AsSpan(0, length));
        RowColumns columns = new(0, [], []);
        columns.Count(row.AsSpan(0, length));
        CallCounts expected = new(), actual = new();
        expected.Add(step);
        expected.AddValues(counted);
        columns.CountInto(actual);
        Assert.Equal(expected.Fields, actual.Fields);
        foreach (MetricValue value in values)
        {
            Assert.Equal(1UL, EventRow.MetricsOf(row[0]) >> value.Metric & 1);
            int place = EventRow.PlaceOf(row[0], value.Metric);
            Assert.Equal(value.Value, BitConverter.Int64BitsToDouble(row[place]));
        }
    }
}
