using System.Numerics;
using Earshot.Analytics.Quality;

namespace Earshot.Analytics;

/// <summary>
/// What is counted of the calls and stream reports of a key in a stretch of time. Integers only, so
/// that sums are exact in any order: a commutative monoid with the empty counts as identity. Ratios
/// are made from the sums, never averaged; one is null where its denominator is 0.
/// </summary>
public sealed class CallCounts
{
    /// <summary>Number of fields.</summary>
    public const int Width = CountFields.End;

    /// <summary>An answered call below this was short, ms.</summary>
    public const long ShortMs = 10_000;

    /// <summary>An answered call from this on was long, ms.</summary>
    public const long LongMs = 60_000;

    // A build error here says that the fields no longer fit.
    private const uint Unused = SparseCounts.IndexEnd - Width;

    // There may be millions of these, and most count few things.
    private SparseCounts fields;

    /// <summary>
    /// A count by its field: those up to <see cref="DurationKnown"/> in order of declaration, then
    /// for each tag its calls and its reports, then the other counts in order of declaration. New
    /// fields go to the end, so that shorter ones of an older version can be copied in front.
    /// </summary>
    /// <param name="index">0 to <see cref="Width"/> - 1.</param>
    public long this[int index] { get => fields[index]; set => fields[index] = value; }

    /// <summary>A copy of all counts, in order of the fields.</summary>
    public long[] Fields
    {
        get
        {
            long[] all = new long[Width];
            for (int i = 0; i < Width; i++)
                all[i] = fields[i];
            return all;
        }
    }

    /// <summary>Calls that ended.</summary>
    public long Calls
    {
        get => fields[CountFields.Calls];
        set => fields[CountFields.Calls] = value;
    }

    /// <summary>Of these, the ones that began with a call attempt (seizures).</summary>
    public long Attempts
    {
        get => fields[CountFields.Attempts];
        set => fields[CountFields.Attempts] = value;
    }

    /// <summary>Answered calls.</summary>
    public long Answered
    {
        get => fields[CountFields.Answered];
        set => fields[CountFields.Answered] = value;
    }

    /// <summary>Connected time of the answered calls where it is known, ms.</summary>
    public long ConnectedMs
    {
        get => fields[CountFields.ConnectedMs];
        set => fields[CountFields.ConnectedMs] = value;
    }

    /// <summary>Calls whose last SIP response is 200.</summary>
    public long NormalSessions
    {
        get => fields[CountFields.NormalSessions];
        set => fields[CountFields.NormalSessions] = value;
    }

    /// <summary>Calls that met a busy user.</summary>
    public long Busy { get => fields[CountFields.Busy]; set => fields[CountFields.Busy] = value; }

    /// <summary>Calls that nobody answered.</summary>
    public long NoAnswer
    {
        get => fields[CountFields.NoAnswer];
        set => fields[CountFields.NoAnswer] = value;
    }

    /// <summary>Calls refused by the terminal.</summary>
    public long Rejected
    {
        get => fields[CountFields.Rejected];
        set => fields[CountFields.Rejected] = value;
    }

    /// <summary>Calls that the network failed.</summary>
    public long Failed
    {
        get => fields[CountFields.Failed];
        set => fields[CountFields.Failed] = value;
    }

    /// <summary>Calls that the caller gave up.</summary>
    public long Canceled
    {
        get => fields[CountFields.Canceled];
        set => fields[CountFields.Canceled] = value;
    }

    /// <summary>Answered calls known to be connected for less than <see cref="ShortMs"/>.</summary>
    public long ShortCalls
    {
        get => fields[CountFields.ShortCalls];
        set => fields[CountFields.ShortCalls] = value;
    }

    /// <summary>Answered calls known to be connected for <see cref="LongMs"/> or more.</summary>
    public long LongCalls
    {
        get => fields[CountFields.LongCalls];
        set => fields[CountFields.LongCalls] = value;
    }

    /// <summary>Calls whose last SIP response is known.</summary>
    public long SipKnown
    {
        get => fields[CountFields.SipKnown];
        set => fields[CountFields.SipKnown] = value;
    }

    /// <summary>Stream reports.</summary>
    public long Reports
    {
        get => fields[CountFields.Reports];
        set => fields[CountFields.Reports] = value;
    }

    /// <summary>Metric values, all metrics together.</summary>
    public long Values
    {
        get => fields[CountFields.Values];
        set => fields[CountFields.Values] = value;
    }

    /// <summary>Answered calls whose connected time is known.</summary>
    public long DurationKnown
    {
        get => fields[CountFields.DurationKnown];
        set => fields[CountFields.DurationKnown] = value;
    }

    /// <summary>
    /// Attempts of which the response to the first INVITE is known: what SER, SEER and ISA are
    /// taken of. Where it is not known, an attempt is in no numerator and in no denominator of
    /// them: a source that tells no responses has no such ratios, rather than ratios of 0.
    /// </summary>
    public long Invites
    {
        get => fields[CountFields.Invites];
        set => fields[CountFields.Invites] = value;
    }

    /// <summary>Of these, the ones sent elsewhere: response 3xx.</summary>
    public long Redirected
    {
        get => fields[CountFields.Redirected];
        set => fields[CountFields.Redirected] = value;
    }

    /// <summary>Of these, the ones answered: response 200.</summary>
    public long Established
    {
        get => fields[CountFields.Established];
        set => fields[CountFields.Established] = value;
    }

    /// <summary>
    /// Of these, the ones that reached the called side: response 200, 480, 486, 600 or 603.
    /// </summary>
    public long Effective
    {
        get => fields[CountFields.Effective];
        set => fields[CountFields.Effective] = value;
    }

    /// <summary>
    /// Of these, the ones the network failed: response 408, 500, 503 or 504.
    /// </summary>
    public long Ineffective
    {
        get => fields[CountFields.Ineffective];
        set => fields[CountFields.Ineffective] = value;
    }

    /// <summary>Attempts that were answered and did not fail afterwards.</summary>
    public long Completed
    {
        get => fields[CountFields.Completed];
        set => fields[CountFields.Completed] = value;
    }

    /// <summary>Stream reports whose source gives a mean opinion score.</summary>
    public long MosGiven
    {
        get => fields[CountFields.MosGiven];
        set => fields[CountFields.MosGiven] = value;
    }

    /// <summary>Stream reports whose mean opinion score was estimated.</summary>
    public long MosEstimated
    {
        get => fields[CountFields.MosEstimated];
        set => fields[CountFields.MosEstimated] = value;
    }

    /// <summary>Whether nothing was counted.</summary>
    public bool IsEmpty => fields.IsEmpty;

    /// <summary>
    /// Answer-seizure ratio, 100 * answered / attempts, % (ITU-T E.411, E.425). Between 0 and 100
    /// when every answered call of the source is also an attempt.
    /// </summary>
    public double? AsrPercent => Percent(Answered, Attempts);

    /// <summary>
    /// Answer-bid ratio, 100 * answered / bids, % (ITU-T E.411). A bid is every call here, also one
    /// of which no attempt was seen.
    /// </summary>
    public double? AbrPercent => Percent(Answered, Calls);

    /// <summary>
    /// Network effectiveness ratio, %: 100 * (answered + busy + no answer + rejected) / attempts
    /// (ITU-T E.425). What the people at the ends did is no fault of the network.
    /// </summary>
    public double? NerPercent => Percent(Answered + Busy + NoAnswer + Rejected, Attempts);

    /// <summary>
    /// Average length of conversation, s: connected time of answered calls / answered calls (also
    /// ACD). A call whose time is not known is left out of both: missing is missing, not 0. Null
    /// when none was answered, and when of none the time is known.
    /// </summary>
    public double? AlocSeconds =>
        DurationKnown == 0 ? null : ConnectedMs / 1000.0 / DurationKnown;

    /// <summary>Share of the calls with a known last SIP response where it is 200, %.</summary>
    public double? NormalSessionsPercent => Percent(NormalSessions, SipKnown);

    /// <summary>Share of short calls among the answered ones of known length, %.</summary>
    public double? ShortCallsPercent => Percent(ShortCalls, DurationKnown);

    /// <summary>Share of long calls among the answered ones of known length, %.</summary>
    public double? LongCallsPercent => Percent(LongCalls, DurationKnown);

    /// <summary>
    /// Session establishment ratio, %: 100 * established / (INVITEs - redirected ones)
    /// (RFC 6076 4.6).
    /// </summary>
    public double? SerPercent => Percent(Established, Invites - Redirected);

    /// <summary>
    /// Session establishment effectiveness ratio, %: 100 * effective / (INVITEs - redirected ones)
    /// (RFC 6076 4.7).
    /// </summary>
    public double? SeerPercent => Percent(Effective, Invites - Redirected);

    /// <summary>
    /// Ineffective session attempts, %: 100 * ineffective / INVITEs (RFC 6076 4.8).
    /// </summary>
    public double? IsaPercent => Percent(Ineffective, Invites);

    /// <summary>
    /// Session completion ratio, %: 100 * completed / attempts (RFC 6076 4.9). Of all attempts, as
    /// ASR: whether one was answered is known without its response, and one of which nothing more
    /// is known did not complete as far as anybody can tell. So it is at most the ASR, and what it
    /// lacks to that are the calls that failed after the answer.
    /// </summary>
    public double? ScrPercent => Percent(Completed, Attempts);

    /// <summary>Connected time of answered calls, min.</summary>
    public double ConnectedMinutes => ConnectedMs / 60_000.0;

    /// <summary>How many calls carried a tag.</summary>
    /// <param name="tag">The tag's bit, 0 to <see cref="TagNames.Count"/> - 1.</param>
    public long TagCalls(int tag) => fields[TagField(tag)];

    /// <summary>How many reports carried a tag.</summary>
    /// <param name="tag">The tag's bit, 0 to <see cref="TagNames.Count"/> - 1.</param>
    public long TagReports(int tag) => fields[TagField(tag) + 1];

    /// <summary>Counts a finished call.</summary>
    public void AddCall(in CallOutcome outcome) => Add(CountStep.Of(outcome));

    /// <summary>Counts a stream report that carries some tags.</summary>
    public void AddReport(Tags tags) => Add(CountStep.Of(tags));

    /// <summary>How many estimates had to do without an input.</summary>
    /// <param name="input">One input.</param>
    public long MosWithout(AssumedInputs input)
    {
        int bit = BitOperations.TrailingZeroCount((int)input);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bit, MosSource.AssumedCount);
        return fields[CountFields.Assumed + bit];
    }

    /// <summary>Counts where the mean opinion score of a stream report comes from.</summary>
    public void AddMos(in MosSource source) => Add(CountStep.Of(source));

    /// <summary>Counts metric values.</summary>
    /// <param name="count">How many, not negative.</param>
    public void AddValues(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Values += count;
    }

    /// <summary>Counts an event.</summary>
    public void Add(in CountStep step)
    {
        fields.AddOnes(step.Ones);
        if (step.ConnectedMs != 0)
            ConnectedMs += step.ConnectedMs;
    }

    /// <summary>Counts the events of a tally.</summary>
    public void Add(in CountTally tally) => tally.AddTo(ref fields);

    /// <summary>Adds all counts of another one, which stays as it is.</summary>
    public void Merge(CallCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        fields.Add(in other.fields);
    }

    /// <summary>Sets all counts to 0.</summary>
    public void Reset() => fields.Clear();

    private static int TagField(int tag)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tag);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(tag, TagNames.Count);
        return CountFields.Tags + (2 * tag);
    }

    private static double? Percent(long part, long whole) =>
        whole == 0 ? null : 100.0 * part / whole;
}
