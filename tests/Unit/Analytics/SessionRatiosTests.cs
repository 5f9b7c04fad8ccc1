using Earshot.Analytics;

namespace Earshot.Tests.Unit.Analytics;

/// <summary>The ratios of RFC 6076, sections 4.6 to 4.9, as they are counted of calls.</summary>
public class SessionRatiosTests
{
    [Fact]
    public void RatiosOfAKnownHour()
    {
        CallCounts counts = new();
        Add(counts, 60, CallEnd.Answered, 200);
        Add(counts, 4, CallEnd.Dropped, 200);
        Add(counts, 5, CallEnd.Busy, 486);
        Add(counts, 3, CallEnd.NoAnswer, 480);
        Add(counts, 2, CallEnd.Rejected, 603);
        Add(counts, 6, CallEnd.Failed, 503);
        Add(counts, 5, CallEnd.Failed, 404);
        Add(counts, 1, CallEnd.Canceled, 487);
        Add(counts, 10, CallEnd.None, 302);
        Add(counts, 4, CallEnd.Answered, 0);

        Assert.Equal((100, 96), (counts.Attempts, counts.Invites));
        Assert.Equal(100.0 * 64 / 86, counts.SerPercent!.Value, 1e-12);
        Assert.Equal(100.0 * 74 / 86, counts.SeerPercent!.Value, 1e-12);
        Assert.Equal(100.0 * 6 / 96, counts.IsaPercent!.Value, 1e-12);
        Assert.Equal(64, counts.ScrPercent);
        Assert.Equal(68, counts.AsrPercent);
    }

    [Theory]
    [InlineData(200, 1, 1, 0, 0)]
    [InlineData(480, 0, 1, 0, 0)]
    [InlineData(486, 0, 1, 0, 0)]
    [InlineData(600, 0, 1, 0, 0)]
    [InlineData(603, 0, 1, 0, 0)]
    [InlineData(408, 0, 0, 1, 0)]
    [InlineData(500, 0, 0, 1, 0)]
    [InlineData(503, 0, 0, 1, 0)]
    [InlineData(504, 0, 0, 1, 0)]
    [InlineData(300, 0, 0, 0, 1)]
    [InlineData(399, 0, 0, 0, 1)]
    [InlineData(183, 0, 0, 0, 0)]
    [InlineData(404, 0, 0, 0, 0)]
    [InlineData(487, 0, 0, 0, 0)]
    [InlineData(501, 0, 0, 0, 0)]
    [InlineData(604, 0, 0, 0, 0)]
    public void EveryResponseCountsWhereItBelongs(
        int response, long established, long effective, long ineffective, long redirected)
    {
        CallCounts counts = new();
        Add(counts, 1, response == 200 ? CallEnd.Answered : CallEnd.None, response);
        Assert.Equal(1, counts.Invites);
        Assert.Equal(
            (established, effective, ineffective, redirected),
            (counts.Established, counts.Effective, counts.Ineffective, counts.Redirected));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(99)]
    [InlineData(700)]
    public void AnUnknownResponseIsInNoNumeratorAndNoDenominator(int response)
    {
        foreach (CallEnd end in Enum.GetValues<CallEnd>())
        {
            CallCounts counts = new();
            Add(counts, 1, end, response);
            Assert.Equal(0, counts.Invites);
            Assert.Null(counts.SerPercent);
            Assert.Null(counts.SeerPercent);
            Assert.Null(counts.IsaPercent);
            Assert.Equal(end == CallEnd.Answered ? 100 : 0, counts.ScrPercent);
        }
    }

    [Theory]
    [InlineData(488)]
    [InlineData(491)]
    [InlineData(503)]
    public void AFailedReInviteLeavesTheCallAsItWas(int response)
    {
        CallCounts counts = new();
        Add(counts, 1, CallEnd.Answered, response);
        Assert.Equal(
            (1, 1, 1, 0, 1),
            (counts.Invites, counts.Established, counts.Effective, counts.Ineffective,
                counts.Completed));
    }

    [Theory]
    [InlineData(408)]
    [InlineData(481)]
    public void AResponseThatEndsTheDialogIsAFailureAfterTheAnswer(int response)
    {
        CallCounts counts = new();
        Add(counts, 1, CallEnd.Answered, response);
        Assert.Equal((1, 0), (counts.Established, counts.Completed));
        Assert.Equal((100, 0), (counts.AsrPercent, counts.ScrPercent));
    }

    [Fact]
    public void The200OfACancelIsNoAnswer()
    {
        CallCounts counts = new();
        Add(counts, 1, CallEnd.Canceled, 200);
        Assert.Equal((1, 0, 0), (counts.Attempts, counts.Invites, counts.Established));
    }

    [Fact]
    public void WithRedirectedAttemptsAloneThereIsNoSer()
    {
        CallCounts counts = new();
        Add(counts, 3, CallEnd.None, 302);
        Assert.Null(counts.SerPercent);
        Assert.Null(counts.SeerPercent);
        Assert.Equal(0, counts.IsaPercent);
    }

    [Fact]
    public void ACallWithoutAnAttemptIsNoInvite()
    {
        CallCounts counts = new();
        counts.AddCall(new CallOutcome(false, CallEnd.Answered, null, 200, Tags.None));
        Assert.Equal((0, 0), (counts.Invites, counts.Completed));
        Assert.Null(counts.ScrPercent);
    }

    [Fact]
    public void ADroppedCallWasConnected()
    {
        CallCounts counts = new();
        counts.AddCall(new CallOutcome(true, CallEnd.Dropped, 90_000, 200, Tags.None));
        Assert.Equal((1, 1, 0), (counts.Answered, counts.DurationKnown, counts.Completed));
        Assert.Equal((90, 0), (counts.AlocSeconds, counts.Failed));
    }

    private static void Add(CallCounts counts, int times, CallEnd end, int response)
    {
        for (int i = 0; i < times; i++)
            counts.AddCall(new CallOutcome(true, end, null, response, Tags.None));
    }
}
