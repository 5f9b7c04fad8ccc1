using System.Numerics;
using Earshot.Analytics.Quality;

namespace Earshot.Analytics;

/// <summary>
/// What one event adds to <see cref="CallCounts"/>, whichever keys it counts for: decided once.
/// </summary>
/// <param name="Ones">Bit i: 1 to the count of field i.</param>
/// <param name="ConnectedMs">To the connected time, ms.</param>
public readonly record struct CountStep(ulong Ones, long ConnectedMs = 0)
{
    /// <summary>What a finished call adds.</summary>
    public static CountStep Of(in CallOutcome outcome)
    {
        ulong ones = Bit(CountFields.Calls) | EndOf(outcome.RefinedEnd)
            | SessionOf(outcome) | TagsOf(outcome.Tags, 0);
        if (outcome.Attempt)
            ones |= Bit(CountFields.Attempts);
        if (outcome.IsSipKnown)
            ones |= Bit(CountFields.SipKnown);
        if (outcome.SipResponse == 200)
            ones |= Bit(CountFields.NormalSessions);
        if (!outcome.IsAnswered || outcome.ConnectedMs is not (long connectedMs and >= 0))
            return new CountStep(ones);
        ones |= Bit(CountFields.DurationKnown);
        if (connectedMs < CallCounts.ShortMs)
            ones |= Bit(CountFields.ShortCalls);
        else if (connectedMs >= CallCounts.LongMs)
            ones |= Bit(CountFields.LongCalls);
        return new CountStep(ones, connectedMs);
    }

    /// <summary>What a stream report that carries some tags adds.</summary>
    public static CountStep Of(Tags tags) =>
        new(Bit(CountFields.Reports) | TagsOf(tags, 1));

    /// <summary>What the mean opinion score of a stream report adds.</summary>
    public static CountStep Of(in MosSource source) => new(source.Origin switch
    {
        MosOrigin.Given => Bit(CountFields.MosGiven),
        MosOrigin.Estimated => Bit(CountFields.MosEstimated)
            | (ulong)source.Assumed << CountFields.Assumed,
        _ => 0,
    });

    /// <summary>Both steps in one; they must have no field in common.</summary>
    public CountStep With(in CountStep other) =>
        new(Ones | other.Ones, ConnectedMs + other.ConnectedMs);

    private static ulong EndOf(CallEnd end) => end switch
    {
        CallEnd.Answered or CallEnd.Dropped => Bit(CountFields.Answered),
        CallEnd.Busy => Bit(CountFields.Busy),
        CallEnd.NoAnswer => Bit(CountFields.NoAnswer),
        CallEnd.Rejected => Bit(CountFields.Rejected),
        CallEnd.Failed => Bit(CountFields.Failed),
        CallEnd.Canceled => Bit(CountFields.Canceled),
        _ => 0,
    };

    private static ulong SessionOf(in CallOutcome outcome)
    {
        ulong completed = outcome.IsCompleted ? Bit(CountFields.Completed) : 0;
        int response = outcome.InviteResponse;
        return response == 0 ? completed
            : completed | Bit(CountFields.Invites) | response switch
            {
                200 => Bit(CountFields.Established) | Bit(CountFields.Effective),
                480 or 486 or 600 or 603 => Bit(CountFields.Effective),
                408 or 500 or 503 or 504 => Bit(CountFields.Ineffective),
                >= 300 and <= 399 => Bit(CountFields.Redirected),
                _ => 0,
            };
    }

    private static ulong TagsOf(Tags tags, int column)
    {
        ulong ones = 0;
        for (int bits = (int)tags & ((1 << TagNames.Count) - 1); bits != 0; bits &= bits - 1)
        {
            int tag = BitOperations.TrailingZeroCount(bits);
            ones |= Bit(CountFields.Tags + (2 * tag) + column);
        }

        return ones;
    }

    private static ulong Bit(int field) => 1UL << field;
}
