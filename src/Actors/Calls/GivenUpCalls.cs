using Earshot.Analytics;
using Earshot.Schemas;
using Earshot.Schemas.V1;

namespace Earshot.Actors.Calls;

/// <summary>
/// Judges calls that were given up by what their steps and reports have said until then. They count
/// in no window, so their tags are in their rows alone, and their delays teach nothing.
/// </summary>
/// <param name="rules">The rules of the tags.</param>
/// <param name="dimensions">Dimensions of calls.</param>
/// <param name="combiner">Knows the edge of a call.</param>
/// <param name="baselines">Learned limits of post-dial delay.</param>
internal sealed class GivenUpCalls(
    TagRules rules, DimensionSet dimensions, Combiner combiner, PddBaselines baselines)
{
    private readonly int countryOrdinal = dimensions.OrdinalOf("country"u8);

    /// <summary>Fills in the begun row of a call.</summary>
    /// <param name="row">The row; it says when the call was given up.</param>
    /// <param name="call">The call.</param>
    /// <param name="why">Why it has no end.</param>
    public void Judge(FinishedCall row, CallActor call, UnresolvedReason why)
    {
        double? pdd = PddOf(call);
        PddLimit? limit = pdd is null
            ? null : baselines.LimitOf(call.Dimensions[countryOrdinal], row.Ended);
        CallFacts said = new()
        {
            Edge = combiner.EdgeOf(call.Dimensions),
            PddSeconds = pdd,
            PddLimitSeconds = limit?.Seconds,
        };
        CallFacts facts = call.Media?.Complete(said) ?? said;
        CallOutcome outcome = new(
            Attempt: true, CallEnd.None, ConnectedMs: null, call.SipResponse,
            rules.OfCall(facts).Raised);
        FinishedRows.Judge(row, rules, said, facts, limit, outcome);
        row.State = FinishedRows.NameOf(why);
    }

    // What its steps measure was never counted, so an absurd delay is not counted as set aside.
    private static double? PddOf(CallActor call) =>
        call.PddCounted ? call.CountedPddSeconds
        : call.PddSeconds is { } pdd && Plausible.Is(Metrics.Pdd, pdd) ? pdd
        : null;
}
