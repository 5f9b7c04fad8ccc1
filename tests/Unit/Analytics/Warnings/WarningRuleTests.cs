using Earshot.Analytics;
using Earshot.Analytics.Warnings;

namespace Earshot.Tests.Unit.Analytics.Warnings;

/// <summary>Samples are written x (crosses the limit) and . (does not), 10 s apart.</summary>
public sealed class WarningRuleTests
{
    private static readonly WarningRule Rule = new();

    [Theory]
    [InlineData("xx", "--")]
    [InlineData("xxx", "--R")]
    [InlineData("x.x.x", "----R")]
    [InlineData("x..x.x", "------")]
    [InlineData("xx...x", "------")]
    [InlineData("xxxxx", "--R--")]
    [InlineData(".....xxx", "-------R")]
    public void Raised_when_3_of_the_last_5_cross(string samples, string changes) =>
        Assert.Equal(changes, Changes(Rule, samples));

    [Theory]
    [InlineData("xxx....", "--R----")]
    [InlineData("xxx.....", "--R----C")]
    [InlineData("xxx....x....", "--R---------")]
    [InlineData("xxx....x.....", "--R---------C")]
    [InlineData("x.x.x.....", "----R----C")]
    public void Cleared_when_none_of_the_last_5_crosses(string samples, string changes) =>
        Assert.Equal(changes, Changes(Rule, samples));

    [Fact]
    public void Raised_again_after_it_was_cleared() =>
        Assert.Equal("--R----C--R", Changes(Rule, "xxx.....xxx"));

    [Theory]
    [InlineData(999, "--R-----")]
    [InlineData(1000, "--R----C")]
    public void Not_cleared_before_5_seconds_have_passed(long everyMs, string changes) =>
        Assert.Equal(changes, Changes(Rule, "xxx.....", everyMs));

    [Fact]
    public void A_sample_after_the_5_seconds_clears_it() =>
        Assert.Equal("--R------C", Changes(Rule, "xxx.......", everyMs: 800));

    [Fact]
    public void With_one_sample_it_follows_each() => Assert.Equal(
        "RC-RC", Changes(new WarningRule { Samples = 1, RaiseAt = 1, ClearAfterMs = 0 }, "x..x."));

    [Fact]
    public void A_window_counts_as_a_queue_of_samples_does()
    {
        Random random = new(1);
        for (int samples = 1; samples <= WarningWindow.SamplesMax; samples++)
        {
            WarningWindow window = default;
            Queue<bool> queue = [];
            for (int i = 0; i < 200; i++)
            {
                bool crosses = random.Next(2) == 0;
                window = WarningWindow.Unpack(window.With(crosses, samples).Packed);
                queue.Enqueue(crosses);
                if (queue.Count > samples)
                    queue.Dequeue();
                Assert.Equal((queue.Count, queue.Count(x => x)), (window.Known, window.Crossed));
            }
        }
    }

    [Fact]
    public void A_quiet_window_stays_as_it_is_and_no_other_does()
    {
        Random random = new(5);
        for (int samples = 1; samples <= WarningWindow.SamplesMax; samples++)
        {
            WarningRule rule = new() { Samples = samples, RaiseAt = 1 };
            WarningWindow window = default;
            for (int i = 0; i < 500; i++)
            {
                WarningWindow next = window;
                WarningChange change = rule.Take(ref next, crosses: false, raisedForMs: null);
                Assert.Equal(
                    rule.IsQuiet(window), next == window && change == WarningChange.None);
                rule.Take(ref window, random.Next(samples + 1) == 0, raisedForMs: null);
            }
        }
    }

    [Theory]
    [InlineData(0, 1, 0, "Samples is 0; allowed is 1 to 15.")]
    [InlineData(16, 1, 0, "Samples is 16; allowed is 1 to 15.")]
    [InlineData(5, 6, 0, "RaiseAt is 6; allowed is 1 to 5.")]
    [InlineData(5, 0, 0, "RaiseAt is 0; allowed is 1 to 5.")]
    [InlineData(5, 3, -1, "ClearAfterMs is -1; allowed is 0 or more.")]
    public void Numbers_outside_of_their_range_are_refused(
        int samples, int raiseAt, long clearAfterMs, string message)
    {
        WarningRule rule =
            new() { Samples = samples, RaiseAt = raiseAt, ClearAfterMs = clearAfterMs };
        Assert.Equal(message, Assert.Throws<ArgumentException>(rule.Validate).Message);
        new WarningRule().Validate();
    }

    [Fact]
    public void Conditions_are_single_tags_that_reports_carry()
    {
        Assert.All(WarningRule.Conditions, tag => Assert.True(int.IsPow2((int)tag)));
        Assert.DoesNotContain(Tags.HighPdd, WarningRule.Conditions);
        Assert.DoesNotContain(Tags.BadNetwork, WarningRule.Conditions);
        Assert.Equal(TagNames.Count - 2, WarningRule.Conditions.Distinct().Count());
    }

    private static string Changes(WarningRule rule, string samples, long everyMs = 10_000)
    {
        WarningWindow window = default;
        long? raisedAt = null;
        char[] changes = new char[samples.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            long now = i * everyMs;
            WarningChange change = rule.Take(ref window, samples[i] == 'x', now - raisedAt);
            raisedAt = change switch
            {
                WarningChange.Raised => now,
                WarningChange.Cleared => null,
                _ => raisedAt,
            };
            changes[i] = change == WarningChange.None ? '-' : change.ToString()[0];
        }

        return new string(changes);
    }
}
