using System.Globalization;
using System.Text;
using Earshot.Actors.Stages;
using Earshot.Actors.Wire;
using Earshot.Analytics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Actors.Calls;

/// <summary>Makes the row of a call: its values, its tags, and why it carries them.</summary>
/// <param name="topic">Topic of the input.</param>
/// <param name="partition">Source partition.</param>
/// <param name="dimensions">Dimensions of calls.</param>
/// <param name="dimensionValues">Symbols of their values.</param>
internal sealed class FinishedRows(
    string topic, int partition, DimensionSet dimensions, SymbolTable dimensionValues)
{
    public const string CompleteSummary = "complete_summary";
    public const string PartialSummary = "partial_summary";
    public const string Signalling = "signalling";
    public const string Limit = "limit";

    /// <summary>What a call's rows are grouped by.</summary>
    private const string Grouping = "call";

    private static readonly string[] reasons = ["no_end", "no_answer", "no_start"];

    private readonly RecordHeadersBuilder headers = new();

    /// <summary>The name of a reason why a call has no end.</summary>
    public static string NameOf(UnresolvedReason reason) => reasons[(int)reason];

    /// <summary>Begins the row of a call.</summary>
    /// <param name="closedBy">What closed it.</param>
    /// <param name="callId">Its id as it came; empty when there is none.</param>
    /// <param name="endedMs">When it counts, or was given up, ms since the epoch.</param>
    /// <param name="callDimensions">Symbols of its dimensions.</param>
    /// <param name="call">What is known from its steps and reports; null: nothing.</param>
    /// <param name="saysPdd">
    /// True: a PDD is what closed it says; false: an event told it before.
    /// </param>
    public FinishedCall Begin(
        string closedBy, string callId, long endedMs, ReadOnlySpan<int> callDimensions,
        CallActor? call, bool saysPdd)
    {
        FinishedCall row = new()
        {
            Key = new RowKey { Grouping = Grouping },
            CallId = callId,
            Ended = endedMs,
            ClosedBy = closedBy,
            PddBasis = saysPdd ? FinishedValues.SaidBy(closedBy) : "event",
            SourcePartition = partition,
            Reports = call?.Media?.Reports ?? 0,
        };
        if (call?.StartedMs is { } startedMs)
            row.Started = startedMs;
        for (int i = 0; i < callDimensions.Length; i++)
        {
            if (callDimensions[i] != 0)
                row.Key.Dimensions.Add(dimensions.Names[i], dimensionValues[callDimensions[i]]);
        }

        return row;
    }

    /// <summary>Fills in how a call was judged.</summary>
    /// <param name="row">Its row.</param>
    /// <param name="rules">The rules of the tags.</param>
    /// <param name="said">What the call says.</param>
    /// <param name="facts">The same, completed by its reports.</param>
    /// <param name="limit">The learned limit of its PDD.</param>
    /// <param name="outcome">How it ended, and its tags.</param>
    public static void Judge(
        FinishedCall row, TagRules rules, in CallFacts said, in CallFacts facts, PddLimit? limit,
        CallOutcome outcome)
    {
        row.State = CallEnds.NameOf(outcome.RefinedEnd);
        if (outcome.IsSipKnown)
            row.SipResponse = outcome.SipResponse;
        FinishedValues.Fill(row, said, facts);
        if (rules.Explain(facts, Tags.HighPdd) is { } pdd)
            row.PddLimit = pdd.Limit;
        if (row.HasPdd && limit is { } from)
            (row.PddLimitHour, row.PddLimitSamples) = (from.HourMs, from.Samples);
        for (int bit = 0; bit < TagNames.Count; bit++)
        {
            Tags tag = (Tags)(1 << bit);
            if ((outcome.Tags & tag) == 0 || rules.Explain(facts, tag) is not { } reason)
                continue;
            TagDecision decision = new()
            {
                Tag = TagNames.All[bit],
                Input = TagInputs.NameOf(reason.Input),
                Value = reason.Value,
                Limit = reason.Limit,
                Basis = FinishedValues.BasisOf(row, said, reason.Input),
            };
            if (tag == Tags.HighPdd && limit is { } learned)
                (decision.BaselineHour, decision.Samples) = (learned.HourMs, learned.Samples);
            row.Tags.Add(decision);
        }
    }

    /// <summary>
    /// Writes a row. A call of an id ends once at a time, so that tells it from every other,
    /// however often it is made; one without an id is known by the place of its summary.
    /// </summary>
    /// <param name="row">The row; null where none is wanted.</param>
    /// <param name="id">The call's id; 0 when there is none.</param>
    /// <param name="outputs">Takes it.</param>
    public void Write(FinishedCall? row, ulong id, EpochOutputs outputs)
    {
        if (row is null)
            return;
        if (!row.HasPdd)
            row.PddBasis = "";
        string name = id == 0
            ? string.Create(
                CultureInfo.InvariantCulture, $"{topic}-{partition}-{row.SourceOffset}/call")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{topic}-{partition}/{id:x16}/{row.Ended}/{row.ClosedBy}");
        outputs.Add(
            outputs.Topics.Finished, Encoding.UTF8.GetBytes(row.CallId), row.ToByteArray(),
            headers.Clear().Add(RowIds.Name, name).Encoded);
    }
}
