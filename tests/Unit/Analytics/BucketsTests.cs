using Earshot.Analytics;
using FsCheck.Fluent;

namespace Earshot.Tests.Unit.Analytics;

public class BucketsTests
{
    [Fact]
    public void EveryMiddleIsInItsOwnBucketAndAscends()
    {
        double last = double.NegativeInfinity;
        for (int index = -Buckets.IndexMax; index <= Buckets.IndexMax; index++)
        {
            double value = Buckets.ValueOf(index);
            Assert.Equal(index, Buckets.IndexOf(value));
            Assert.Equal(-value, Buckets.ValueOf(-index));
            Assert.True(value > last);
            last = value;
        }
    }

    [Fact]
    public void EdgesOfEveryBucketAreWithinOneIn129OfItsMiddle()
    {
        for (int octave = -40; octave < 64; octave++)
        {
            for (int part = 0; part < 64; part++)
            {
                double low = Math.ScaleB(64 + part, octave - 6);
                double high = Math.BitDecrement(Math.ScaleB(65 + part, octave - 6));
                int index = 1 + ((octave + 40) * 64) + part;
                Assert.Equal(index, Buckets.IndexOf(low));
                Assert.Equal(index, Buckets.IndexOf(high));
                double middle = Buckets.ValueOf(index);
                Assert.InRange((middle - low) / low, 0, (1.0 / 129) + 1e-15);
                Assert.InRange((high - middle) / high, 0, (1.0 / 129) + 1e-15);
            }
        }
    }

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(double.Epsilon, 0)]
    [InlineData(-double.Epsilon, 0)]
    [InlineData(9.0949470177292804e-13, 0)] // just below 2^-40
    [InlineData(9.0949470177292824e-13, 1)] // 2^-40
    [InlineData(-9.0949470177292824e-13, -1)]
    [InlineData(1.0, 2561)]
    [InlineData(-1.0, -2561)]
    [InlineData(2.0, 2625)]
    [InlineData(18446744073709549568.0, 6656)] // just below 2^64
    [InlineData(18446744073709551616.0, 6656)] // 2^64
    [InlineData(double.MaxValue, 6656)]
    [InlineData(double.MinValue, -6656)]
    public void IndexesAreFixed(double value, int index) =>
        Assert.Equal(index, Buckets.IndexOf(value));

    [Fact]
    public void IndexesAreOrderedLikeTheValues() =>
        Streams.Check(
            Streams.Value.Zip(Streams.Value),
            pair =>
            {
                (double a, double b) = (pair.Item1, pair.Item2);
                Assert.True(a <= b
                    ? Buckets.IndexOf(a) <= Buckets.IndexOf(b)
                    : Buckets.IndexOf(a) >= Buckets.IndexOf(b));
                Assert.Equal(-Buckets.IndexOf(a), Buckets.IndexOf(-a));
            },
            1000);

    [Fact]
    public void IndexesOutsideOfTheRangeAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Buckets.ValueOf(Buckets.IndexMax + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Buckets.ValueOf(-Buckets.IndexMax - 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Buckets.ValueOf(int.MinValue));
    }
}
