using Earshot.Analytics;
using Earshot.Analytics.Quality;

namespace Earshot.Tests.Unit.Analytics;

public sealed class CountCodeTests
{
    private const int Tag0Calls = 16, Tag0Reports = 17, Reports = 13;

    [Fact]
    public void Calls_and_reports_come_back()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            ulong ones = Ones(new Random(seed), isReport: seed % 2 == 0);
            Assert.True(CountCode.TryPack(ones, out ulong code));
            Assert.Equal(0UL, code >> CountCode.Bits);
            Assert.Equal(ones, CountCode.Unpack(code));
        }
    }

    [Fact]
    public void Tags_of_a_call_and_of_a_report_at_once_have_no_code()
    {
        foreach (ulong ones in (ulong[])[
            (1UL << Tag0Calls) | (1UL << Tag0Reports), 1UL << Tag0Reports,
            (1UL << Tag0Calls) | (1UL << Reports)])
            Assert.False(CountCode.TryPack(ones, out _), $"{ones:x}");
    }

    [Fact]
    public void Codes_added_up_are_ones_added_up()
    {
        foreach (bool isReport in (bool[])[false, true])
        {
            Random random = new(5);
            CountTally codes = default, ones = default;
            for (int i = 0; i < CountTally.EventsMax; i++)
            {
                ulong its = Ones(random, isReport);
                ones.Add(its);
                Assert.True(CountCode.TryPack(its, out ulong code));
                Assert.Equal(isReport, CountCode.IsReport(code));
                codes.Add(code);
            }

            CallCounts expected = new(), actual = new();
            expected.Add(ones);
            actual.Add(codes.Unpacked(isReport));
            Assert.Equal(expected.Fields, actual.Fields);
        }
    }

    private static ulong Ones(Random random, bool isReport)
    {
        Tags tags = (Tags)random.Next(1 << TagNames.Count);
        return isReport
            ? CountStep.Of(tags).With(CountStep.Of(new MosSource(
                MosOrigin.Estimated,
                (AssumedInputs)random.Next(1 << MosSource.AssumedCount)))).Ones
            : CountStep.Of(new CallOutcome(
                random.Next(5) > 0, (CallEnd)random.Next(8), random.Next(-1, 90_000),
                random.Next(100, 700), tags)).Ones;
    }
}
