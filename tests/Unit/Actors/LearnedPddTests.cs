using Earshot.Actors;
using Earshot.Actors.Keys;
using Earshot.Analytics;
using static Earshot.Tests.Unit.Actors.Inputs;
using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Tests.Unit.Actors;

/// <summary>high_pdd against what a partition's own calls taught.</summary>
public sealed class LearnedPddTests
{
    private const long HourMs = PddHours.HourMs;

    /// <summary>A full hour.</summary>
    private const long H = 472_222 * HourMs;

    private static readonly int HighPdd = TagNames.All.ToList().IndexOf("high_pdd");

    private static readonly PipelineOptions Some = Options with
    {
        Windows = [WindowSpec.Parse("1h")],
        Keys = GroupingSet.ParseAll("country"),
        PddSamplesMin = 20,
        PddHistoryMs = 2 * HourMs,
    };

    [Theory]
    [InlineData(1.5, false)]
    [InlineData(1.9, false)]
    [InlineData(1.901, true)]
    public void A_call_is_tagged_above_its_countrys_learned_limit_and_not_at_it(
        double pdd, bool tagged)
    {
        // 0.0 to 1.9: sorted[20 * 95 / 100] is the greatest.
        CallBench bench = new(Some);
        bench.Give(Calls("us", H, 20))
            .Give(Summary("last", H + (2 * HourMs), pdd: pdd, country: "us"))
            .Give(Summary("far", H + (2 * HourMs), pdd: pdd, country: "fr"));
        Assert.Equal(tagged ? 1 : 0, bench.Total.Counts.TagCalls(HighPdd));
    }

    [Fact]
    public void Steps_metrics_and_calls_that_timers_count_teach_too()
    {
        List<byte[]> records = [];
        for (int i = 0; i < 20; i += 4)
        {
            records.Add(Summary($"whole{i}", H + i, pdd: 1, country: "us"));
            records.Add(Summary($"part{i}", H + i, partial: true, pdd: 1, country: "us"));
            records.Add(Metric(H + i, 1, metric: "pdd", country: "us"));
            records.Add(Step($"steps{i}", State.Initialized, H + i, country: "us"));
            records.Add(Step($"steps{i}", State.Ringing, H + i + 1000));
            records.Add(Step($"steps{i}", State.Completed, H + i + 2000));
        }

        CallBench bench = new(Some);
        bench.Give([.. records]).MoveWatermarkTo(H + HourMs)
            .Give(Summary("last", H + (2 * HourMs), pdd: 1.001, country: "us"));
        Assert.Equal(1, bench.Total.Counts.TagCalls(HighPdd));
        Assert.Equal(20, Assert.Single(bench.Stage.PddLimits).Samples);
    }

    [Fact]
    public void A_call_that_a_timer_counts_long_after_its_end_is_held_against_the_hours_of_its_end()
    {
        // Hour H teaches 1.9; the hour after it would teach 9.9.
        CallBench bench = new(Some);
        bench.Give(Calls("us", H, 20))
            .Give(Calls("us", H + HourMs, 20, add: 8))
            .Give(Summary("part", H + (2 * HourMs), partial: true, pdd: 5, country: "us"))
            .MoveWatermarkTo(H + (4 * HourMs));
        Assert.Equal(1, TaggedAt(bench, H + (2 * HourMs)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Order_within_the_lateness_and_epochs_change_no_tag(int seed)
    {
        Random random = new(seed);
        List<(long TimeMs, byte[] Bytes)> input = Input(random);
        string expected = Run(input.OrderBy(record => record.TimeMs), random);
        Assert.Contains("high_pdd", expected);
        for (int run = 0; run < 4; run++)
        {
            Assert.Equal(expected, Run(
                input.OrderBy(record => record.TimeMs + random.NextInt64(LatenessMs)), random));
        }
    }

    private static string Run(IEnumerable<(long TimeMs, byte[] Bytes)> records, Random random)
    {
        CallBench bench = new(Some with { PddSamplesMin = 3 });
        SortedDictionary<string, long> tags = [];
        void CutEpoch()
        {
            foreach (Partial partial in bench.Partials)
            {
                string key = $"{partial.Key.Values[0]} {partial.PaneMs} high_pdd";
                tags[key] = tags.GetValueOrDefault(key) + partial.Cell.Counts.TagCalls(HighPdd);
            }

            bench.Stage.ReleaseBundle();
        }

        foreach ((_, byte[] bytes) in records)
        {
            bench.Give(bytes);
            if (random.Next(20) == 0)
                CutEpoch();
        }

        bench.End();
        CutEpoch();
        Assert.Equal(0, bench.Books.Late);
        return string.Join('\n', tags.Where(tag => tag.Value > 0));
    }

    // Each call of one record, so that how a call is joined does not depend on the order.
    private static List<(long TimeMs, byte[] Bytes)> Input(Random random)
    {
        List<(long, byte[])> input = [];
        for (int i = 0; i < 300; i++)
        {
            // Many of them close to the turn of an hour.
            long time = H + (random.Next(6) * HourMs) + (random.Next(2) == 0
                ? random.Next(-20_000, 20_000) : random.Next((int)HourMs));
            string country = new[] { "us", "fr", "" }[random.Next(3)];
            double pdd = Math.Round(random.NextDouble() * 9, 2);
            input.Add((time, random.Next(3) switch
            {
                0 => Metric(time, pdd, metric: "pdd", country: country),
                1 => Summary($"c{i}", time, partial: true, pdd: pdd, country: country),
                _ => Summary($"c{i}", time, pdd: pdd, country: country),
            }));
        }

        return input;
    }

    private static byte[][] Calls(string country, long fromMs, int count, double add = 0) =>
    [
        .. Enumerable.Range(0, count).Select(i => Summary(
            $"{country}{fromMs + i}", fromMs + i, pdd: add + (i * 0.1), country: country)),
    ];

    private static long TaggedAt(CallBench bench, long paneMs) => bench.Partials
        .Where(partial => partial.PaneMs == paneMs)
        .Sum(partial => partial.Cell.Counts.TagCalls(HighPdd));
}
