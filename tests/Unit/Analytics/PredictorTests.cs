using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

public class PredictorTests
{
    [Fact]
    public void NothingIsExpectedBeforeTwoWindows()
    {
        Predictor predictor = new();
        Assert.Null(predictor.Forecast);
        predictor.Observe(10);
        Assert.Null(predictor.Forecast);
        predictor.Observe(12);
        Assert.Equal(2, predictor.History);
        Assert.Equal("ewma/1", Predictor.Model);

        // Mean 11, sample variance 2, and a mean of two values: sd = sqrt(2 * 1.5).
        Forecast forecast = predictor.Forecast!.Value;
        Assert.Equal(11, forecast.Expected, 1e-12);
        Assert.Equal(11 - (1.96 * Math.Sqrt(3)), forecast.Low, 1e-12);
        Assert.Equal(11 + (1.96 * Math.Sqrt(3)), forecast.High, 1e-12);
    }

    [Fact]
    public void TheFirstTenWindowsCountAlike()
    {
        double[] means = Streams.Random(1, 10, 3, 30);
        Predictor predictor = Of(means);
        double mean = means.Average();
        double variance = means.Sum(value => (value - mean) * (value - mean)) / 9;
        Forecast forecast = predictor.Forecast!.Value;
        Assert.Equal(mean, forecast.Expected, 1e-9);
        Assert.Equal(mean + (1.96 * Math.Sqrt(variance * 1.1)), forecast.High, 1e-9);
    }

    [Fact]
    public void AConstantHistoryKeepsTheFloor()
    {
        Forecast forecast = Of(Enumerable.Repeat(50.0, 40)).Forecast!.Value;
        Assert.Equal(50, forecast.Expected, 1e-12);
        Assert.Equal(50 - (1.96 * 0.5), forecast.Low, 1e-9);
        Assert.Equal(50 + (1.96 * 0.5), forecast.High, 1e-9);
        Assert.Equal(new Forecast(0, 0, 0), Of([0, 0, 0]).Forecast);
    }

    [Fact]
    public void ANewLevelIsLearned()
    {
        Predictor predictor = Of(Enumerable.Repeat(10.0, 50).Concat(Enumerable.Repeat(40.0, 60)));
        Assert.InRange(predictor.Forecast!.Value.Expected, 39.9, 40);
    }

    [Fact]
    public void TheIntervalHoldsMostOfASteadyHistory()
    {
        Predictor predictor = new();
        int inside = 0, total = 0;
        foreach (double mean in Normal(42, 5000, 20, 3))
        {
            if (predictor.Forecast is Forecast forecast && predictor.History > 20)
            {
                total++;
                if (mean >= forecast.Low && mean <= forecast.High)
                    inside++;
            }

            predictor.Observe(mean);
        }

        Assert.InRange(100.0 * inside / total, 90, 97);
    }

    [Fact]
    public void OnlyFiniteMeansAreLearnedAndHugeOnesStayFinite()
    {
        Predictor predictor = Of([double.MaxValue, double.MinValue, 1]);
        Forecast forecast = predictor.Forecast!.Value;
        Assert.True(double.IsFinite(forecast.Low) && double.IsFinite(forecast.High));
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Observe(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => predictor.Observe(double.PositiveInfinity));
        Assert.Equal(3, predictor.History);
    }

    private static Predictor Of(IEnumerable<double> means)
    {
        Predictor predictor = new();
        foreach (double mean in means)
            predictor.Observe(mean);
        return predictor;
    }

    private static IEnumerable<double> Normal(int seed, int count, double mean, double deviation)
    {
        Random random = new(seed);
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            yield return mean + (deviation * radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
    }
}
