using Earshot.Analytics;
using Earshot.Analytics.Quality;
using FsCheck;
using FsCheck.Fluent;

namespace Earshot.Tests.Unit.Analytics;

public class CallCountsTests
{
    private static readonly int[] SipResponses =
        [0, 180, 200, 302, 403, 404, 408, 480, 481, 486, 487, 503, 603];

    private static readonly Gen<CallOutcome> Outcome = Gen.Choose(0, int.MaxValue).Select(seed =>
    {
        Random random = new(seed);
        return new CallOutcome(
            random.Next(4) > 0,
            (CallEnd)random.Next(8),
            random.Next(3) == 0 ? null : random.Next(-1000, 200_000),
            SipResponses[random.Next(SipResponses.Length)],
            (Tags)random.Next(512));
    });

    [Fact]
    public void RatiosOfAKnownHour()
    {
        CallCounts counts = new();
        Add(counts, 5, new CallOutcome(true, CallEnd.Answered, 90_000, 200, Tags.None));
        Add(counts, 1, new CallOutcome(true, CallEnd.Answered, 9_000, 200, Tags.LowMos));
        Add(counts, 2, new CallOutcome(true, CallEnd.Busy, null, 486, Tags.None));
        Add(counts, 1, new CallOutcome(true, CallEnd.NoAnswer, null, 0, Tags.None));
        Add(counts, 1, new CallOutcome(true, CallEnd.Rejected, null, 603, Tags.None));
        Add(counts, 5, new CallOutcome(true, CallEnd.Failed, null, 503, Tags.None));
        Add(counts, 1, new CallOutcome(true, CallEnd.Canceled, null, 487, Tags.None));
        Add(counts, 4, new CallOutcome(false, CallEnd.None, null, 0, Tags.None));

        Assert.Equal(20, counts.Calls);
        Assert.Equal(16, counts.Attempts);
        Assert.Equal(37.5, counts.AsrPercent);
        Assert.Equal(30, counts.AbrPercent);
        Assert.Equal(62.5, counts.NerPercent);
        Assert.Equal(76.5, counts.AlocSeconds);
        Assert.Equal(7.65, counts.ConnectedMinutes, 1e-12);
        Assert.Equal(6, counts.NormalSessions);
        Assert.Equal(15, counts.SipKnown);
        Assert.Equal(40, counts.NormalSessionsPercent);
        Assert.Equal(100.0 / 6, counts.ShortCallsPercent!.Value, 1e-12);
        Assert.Equal(500.0 / 6, counts.LongCallsPercent!.Value, 1e-12);
        Assert.Equal(1, counts.TagCalls(4));
        Assert.Equal(0, counts.TagReports(4));
    }

    [Fact]
    public void WithoutADenominatorThereIsNoRatio()
    {
        CallCounts counts = new();
        Assert.Null(counts.AsrPercent);
        Assert.Null(counts.AbrPercent);
        Assert.Null(counts.NerPercent);
        Assert.Null(counts.AlocSeconds);
        Assert.Null(counts.NormalSessionsPercent);
        Assert.Null(counts.ShortCallsPercent);
        Assert.Null(counts.LongCallsPercent);
        Assert.Equal(0, counts.ConnectedMinutes);
        counts.AddCall(new CallOutcome(true, CallEnd.Failed, 5000, 0, Tags.None));
        Assert.Equal(0, counts.AsrPercent);
        Assert.Null(counts.AlocSeconds);
        Assert.Equal(0, counts.ConnectedMs);
        counts.AddCall(new CallOutcome(true, CallEnd.Answered, null, 0, Tags.None));
        Assert.Null(counts.AlocSeconds);
        counts.AddCall(new CallOutcome(true, CallEnd.Answered, -4, 0, Tags.None));
        Assert.Null(counts.AlocSeconds);
        counts.AddCall(new CallOutcome(true, CallEnd.Answered, 0, 0, Tags.None));
        Assert.Equal(0, counts.AlocSeconds);
    }

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(9_999, 1, 0)]
    [InlineData(10_000, 0, 0)]
    [InlineData(59_999, 0, 0)]
    [InlineData(60_000, 0, 1)]
    public void ShortAndLongCalls(long connectedMs, long shortCalls, long longCalls)
    {
        CallCounts counts = new();
        counts.AddCall(new CallOutcome(true, CallEnd.Answered, connectedMs, 200, Tags.None));
        Assert.Equal(shortCalls, counts.ShortCalls);
        Assert.Equal(longCalls, counts.LongCalls);
    }

    [Theory]
    [InlineData(486, CallEnd.Busy)]
    [InlineData(600, CallEnd.Busy)]
    [InlineData(480, CallEnd.NoAnswer)]
    [InlineData(408, CallEnd.NoAnswer)]
    [InlineData(603, CallEnd.Rejected)]
    [InlineData(607, CallEnd.Rejected)]
    [InlineData(487, CallEnd.Canceled)]
    [InlineData(403, CallEnd.Failed)]
    [InlineData(404, CallEnd.Failed)]
    [InlineData(503, CallEnd.Failed)]
    [InlineData(608, CallEnd.Failed)]
    public void TheSipResponseRefinesTheEnd(int response, CallEnd expected)
    {
        Assert.Equal(expected, Refined(CallEnd.None, response));
        Assert.Equal(expected, Refined(CallEnd.Failed, response));
        foreach (CallEnd end in Enum.GetValues<CallEnd>().Except([CallEnd.None, CallEnd.Failed]))
            Assert.Equal(end, Refined(end, response));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(99)]
    [InlineData(180)]
    [InlineData(200)]
    [InlineData(302)]
    [InlineData(700)]
    public void OtherResponsesSayNothingOfTheEnd(int response)
    {
        foreach (CallEnd end in Enum.GetValues<CallEnd>())
            Assert.Equal(end, Refined(end, response));
    }

    [Fact]
    public void EveryEndHasItsOwnCount()
    {
        CallCounts counts = new();
        foreach (CallEnd end in Enum.GetValues<CallEnd>())
            counts.AddCall(new CallOutcome(false, end, null, 0, Tags.None));
        long[] ends =
        [
            counts.Answered, counts.Busy, counts.NoAnswer, counts.Rejected, counts.Failed,
            counts.Canceled,
        ];
        Assert.Equal([2, 1, 1, 1, 1, 1], ends);
        Assert.Equal(8, counts.Calls);
        Assert.Equal(0, counts.Attempts);
    }

    [Fact]
    public void TagsOfCallsAndReportsAreCountedApart()
    {
        for (int tag = 0; tag < TagNames.Count; tag++)
        {
            CallCounts counts = new();
            counts.AddCall(new CallOutcome(true, CallEnd.None, null, 0, (Tags)(1 << tag)));
            counts.AddReport((Tags)(1 << tag));
            counts.AddReport((Tags)(1 << tag) | (Tags)(1 << 20));
            for (int other = 0; other < TagNames.Count; other++)
            {
                Assert.Equal(other == tag ? 1 : 0, counts.TagCalls(other));
                Assert.Equal(other == tag ? 2 : 0, counts.TagReports(other));
            }

            Assert.Equal(2, counts.Reports);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new CallCounts().TagCalls(9));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CallCounts().TagReports(-1));
    }

    [Fact]
    public void MergeIsACommutativeMonoidAndAnySplitEqualsTheBatch() =>
        Streams.Check(Streams.Triples(Gen.ArrayOf(Outcome)), triple =>
        {
            CallCounts batch = Of([.. triple.A, .. triple.B, .. triple.C]);
            CallCounts left = Of(triple.A);
            left.Merge(Of(triple.B));
            left.Merge(Of(triple.C));
            CallCounts right = Of(triple.C);
            right.Merge(Of(triple.B));
            CallCounts all = Of(triple.A);
            all.Merge(right);
            right.Merge(Of(triple.A));
            CallCounts identity = new();
            identity.Merge(batch);
            foreach (CallCounts other in new[] { left, right, all, identity })
                Assert.Equal(batch.Fields.ToArray(), other.Fields.ToArray());
        });

    [Fact]
    public void FieldsAreInOrderOfDeclaration()
    {
        Assert.Equal(49, CallCounts.Width);
        CallCounts counts = new();
        for (int i = 0; i < CallCounts.Width; i++)
            counts[i] = i;
        long[] named =
        [
            counts.Calls, counts.Attempts, counts.Answered, counts.ConnectedMs,
            counts.NormalSessions, counts.Busy, counts.NoAnswer, counts.Rejected, counts.Failed,
            counts.Canceled, counts.ShortCalls, counts.LongCalls, counts.SipKnown, counts.Reports,
            counts.Values, counts.DurationKnown,
        ];
        Assert.Equal(Enumerable.Range(0, 16).Select(i => (long)i), named);
        Assert.Equal(16, counts.TagCalls(0));
        Assert.Equal(17, counts.TagReports(0));
        Assert.Equal(33, counts.TagReports(8));
        long[] sessions =
        [
            counts.Invites, counts.Redirected, counts.Established, counts.Effective,
            counts.Ineffective, counts.Completed,
        ];
        Assert.Equal([34, 35, 36, 37, 38, 39], sessions);
        Assert.Equal((40, 41), (counts.MosGiven, counts.MosEstimated));
        Assert.Equal(
            [42, 43, 44, 45, 46, 47, 48],
            Enum.GetValues<AssumedInputs>().Skip(1).Select(counts.MosWithout));
    }

    [Fact]
    public void EmptyUntilSomethingIsCountedAndAfterAReset()
    {
        CallCounts counts = new();
        Assert.True(counts.IsEmpty);
        counts.AddValues(3);
        Assert.Equal(3, counts.Values);
        Assert.False(counts.IsEmpty);
        counts.Reset();
        Assert.True(counts.IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(() => counts.AddValues(-1));
    }

    private static CallEnd Refined(CallEnd end, int response) =>
        new CallOutcome(true, end, null, response, Tags.None).RefinedEnd;

    private static void Add(CallCounts counts, int times, CallOutcome outcome)
    {
        for (int i = 0; i < times; i++)
            counts.AddCall(outcome);
    }

    private static CallCounts Of(IEnumerable<CallOutcome> outcomes)
    {
        CallCounts counts = new();
        foreach (CallOutcome outcome in outcomes)
        {
            counts.AddCall(outcome);
            counts.AddReport(outcome.Tags);
        }

        return counts;
    }
}
