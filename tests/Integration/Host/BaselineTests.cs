using Earshot.Host.Bench;

namespace Earshot.Tests.Integration.Host;

/// <summary>What a baseline says of a report, without measuring.</summary>
public sealed class BaselineTests
{
    private const double Yardstick = 1 << 30;

    private readonly List<string> said = [];

    [Theory]
    [InlineData(1e6, 0)]
    [InlineData(0.71e6, 0)]
    [InlineData(0.69e6, 1)]
    public void On_the_same_processor_rates_are_compared_over_the_yardstick(
        double rate, int worse)
    {
        // The floor fell with it, so over that nothing would be seen.
        Baseline baseline = Baseline.Of(Report("A", Row("core", 1e6, floor: 4e6)));
        BenchReport report = Report("A", Row("core", rate, floor: 4 * rate));
        Assert.Equal(worse, baseline.Compare(report, said.Add).Count);
        Assert.StartsWith("core: speed over the yardstick", Assert.Single(said));
    }

    [Theory]
    [InlineData(1e6, 0)]
    [InlineData(0.69e6, 1)]
    public void On_another_one_over_the_floor(double rate, int worse)
    {
        // It is slower by half at everything, yardstick apart.
        Baseline baseline = Baseline.Of(Report("A", Row("core", 1e6, floor: 4e6)));
        BenchReport report = Report("B", Row("core", rate / 2, floor: 2e6));
        Assert.Equal(worse, baseline.Compare(report, said.Add).Count);
        Assert.Contains("another processor (A)", said[0]);
        Assert.StartsWith("core: speed over the floor", said[1]);
    }

    [Fact]
    public void Without_a_floor_another_processor_says_nothing_of_speed()
    {
        Baseline baseline = Baseline.Of(Report("A", Row("close", 1e6)));
        Assert.Empty(baseline.Compare(Report("B", Row("close", 1)), said.Add));
        Assert.StartsWith("close: speed not compared", said[1]);
        Assert.Single(baseline.Compare(Report("B", Row("close", 1e6, bytes: 70)), said.Add));
    }

    private static BenchReport Report(string cpu, BenchResult row) => new(
        BenchReport.CurrentVersion, DateTimeOffset.UnixEpoch,
        new BenchMachine(cpu, 2, 0, "", "", "", null), new Dictionary<string, string>(), [row]);

    private static BenchResult Row(
        string name, double rate, double? floor = null, double bytes = 50) => new()
        {
            Name = name,
            What = "",
            Value = new Spread(rate, rate, rate),
            AllocatedPerEvent = bytes,
            Yardstick = new Spread(Yardstick, Yardstick, Yardstick),
            Floors = floor is { } its ? [new BenchFloor("f", new Spread(its, its, its), 0)] : [],
        };
}
