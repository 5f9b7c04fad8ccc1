using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

/// <summary>Sorting few values gives what a general sort gives.</summary>
public class FewValuesTests
{
    [Fact]
    public void TheyAreSortedAsByAGeneralSort()
    {
        for (int length = 0; length <= Aggregate.RawMax; length++)
        {
            for (int seed = 0; seed < 50; seed++)
            {
                // Of few different values many are the same.
                Random random = new((1000 * length) + seed);
                int different = random.Next(1, 2 * length + 2);
                double[] values = [.. Enumerable.Range(0, length).Select(_ =>
                    Math.ScaleB(random.Next(-different, different), random.Next(-60, 60)))];
                double[] expected = [.. values.Order()];
                FewValues.Sort(values);
                Assert.Equal(expected, values);
            }
        }
    }

    [Fact]
    public void TheGreatestAndTheLeastNumbersAreSortedToo()
    {
        double[] values =
            [double.MaxValue, 0, double.MinValue, double.Epsilon, -double.Epsilon, double.MaxValue];
        FewValues.Sort(values);
        Assert.Equal(
            [
                double.MinValue, -double.Epsilon, 0, double.Epsilon, double.MaxValue,
                double.MaxValue,
            ],
            values);
    }
}
