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
    public const int Width = FirstAssumed + MosSource.AssumedCount;

    /// <summary>An answered call below this was short, ms.</summary>
    public const long ShortMs = 10_000;

    /// <summary>An answered call from this on was long, ms.</summary>
    public const long LongMs = 60_000;

    // Tag i has its calls at FirstTag + 2i and its reports after them.
    private const int FirstTag = 16;
    private const int FirstSession = FirstTag + (2 * TagNames.Count);
    private const int FirstMos = FirstSession + 6;

    // The input of bit i of AssumedInputs is at FirstAssumed + i.
    private const int FirstAssumed = FirstMos + 2;

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
    public long Calls { get => fields[0]; set => fields[0] = value; }

    /// <summary>Of these, the ones that began with a call attempt (seizures).</summary>
    public long Attempts { get => fields[1]; set => fields[1] = value; }

    /// <summary>Answered calls.</summary>
    public long Answered { get => fields[2]; set => fields[2] = value; }

    /// <summary>Connected time of the answered calls where it is known, ms.</summary>
    public long ConnectedMs { get => fields[3]; set => fields[3] = value; }

    /// <summary>Calls whose last SIP response is 200.</summary>
    public long NormalSessions { get => fields[4]; set => fields[4] = value; }

    /// <summary>Calls that met a busy user.</summary>
    public long Busy { get => fields[5]; set => fields[5] = value; }

    /// <summary>Calls that nobody answered.</summary>
    public long NoAnswer { get => fields[6]; set => fields[6] = value; }

    /// <summary>Calls refused by the terminal.</summary>
    public long Rejected { get => fields[7]; set => fields[7] = value; }

    /// <summary>Calls that the network failed.</summary>
    public long Failed { get => fields[8]; set => fields[8] = value; }

    /// <summary>Calls that the caller gave up.</summary>
    public long Canceled { get => fields[9]; set => fields[9] = value; }

    /// <summary>Answered calls known to be connected for less than <see cref="ShortMs"/>.</summary>
    public long ShortCalls { get => fields[10]; set => fields[10] = value; }

    /// <summary>Answered calls known to be connected for <see cref="LongMs"/> or more.</summary>
    public long LongCalls { get => fields[11]; set => fields[11] = value; }

    /// <summary>Calls whose last SIP response is known.</summary>
    public long SipKnown { get => fields[12]; set => fields[12] = value; }

    /// <summary>Stream reports.</summary>
    public long Reports { get => fields[13]; set => fields[13] = value; }

    /// <summary>Metric values, all metrics together.</summary>
    public long Values { get => fields[14]; set => fields[14] = value; }

    /// <summary>Answered calls whose connected time is known.</summary>
    public long DurationKnown { get => fields[15]; set => fields[15] = value; }

    /// <summary>
    /// Attempts of which the response to the first INVITE is known: what SER, SEER and ISA are
    /// taken of. Where it is not known, an attempt is in no numerator and in no denominator of
    /// them: a source that tells no responses has no such ratios, rather than ratios of 0.
    /// </summary>
    public long Invites
    {
        get => fields[FirstSession];
        set => fields[FirstSession] = value;
    }

    /// <summary>Of these, the ones sent elsewhere: response 3xx.</summary>
    public long Redirected
    {
        get => fields[FirstSession + 1];
        set => fields[FirstSession + 1] = value;
    }

    /// <summary>Of these, the ones answered: response 200.</summary>
    public long Established
    {
        get => fields[FirstSession + 2];
        set => fields[FirstSession + 2] = value;
    }

    /// <summary>
    /// Of these, the ones that reached the called side: response 200, 480, 486, 600 or 603.
    /// </summary>
    public long Effective
    {
        get => fields[FirstSession + 3];
        set => fields[FirstSession + 3] = value;
    }

    /// <summary>
    /// Of these, the ones the network failed: response 408, 500, 503 or 504.
    /// </summary>
    public long Ineffective
    {
        get => fields[FirstSession + 4];
        set => fields[FirstSession + 4] = value;
    }

    /// <summary>Attempts that were answered and did not fail afterwards.</summary>
    public long Completed
    {
        get => fields[FirstSession + 5];
        set => fields[FirstSession + 5] = value;
    }

    /// <summary>Stream reports whose source gives a mean opinion score.</summary>
    public long MosGiven { get => fields[FirstMos]; set => fields[FirstMos] = value; }

    /// <summary>Stream reports whose mean opinion score was estimated.</summary>
    public long MosEstimated { get => fields[FirstMos + 1]; set => fields[FirstMos + 1] = value; }

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
    public void AddCall(in CallOutcome outcome)
    {
        Calls++;
        if (outcome.Attempt)
            Attempts++;
        AddEnd(outcome.RefinedEnd);
        if (outcome.IsSipKnown)
        {
            SipKnown++;
            if (outcome.SipResponse == 200)
                NormalSessions++;
        }

        AddSession(outcome);
        if (outcome.IsAnswered && outcome.ConnectedMs is long connectedMs and >= 0)
        {
            DurationKnown++;
            ConnectedMs += connectedMs;
            if (connectedMs < ShortMs)
                ShortCalls++;
            else if (connectedMs >= LongMs)
                LongCalls++;
        }

        AddTags(outcome.Tags, 0);
    }

    /// <summary>Counts a stream report that carries some tags.</summary>
    public void AddReport(Tags tags)
    {
        Reports++;
        AddTags(tags, 1);
    }

    /// <summary>How many estimates had to do without an input.</summary>
    /// <param name="input">One input.</param>
    public long MosWithout(AssumedInputs input)
    {
        int bit = BitOperations.TrailingZeroCount((int)input);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bit, MosSource.AssumedCount);
        return fields[FirstAssumed + bit];
    }

    /// <summary>Counts where the mean opinion score of a stream report comes from.</summary>
    public void AddMos(in MosSource source)
    {
        if (source.Origin == MosOrigin.Given)
            MosGiven++;
        if (source.Origin != MosOrigin.Estimated)
            return;
        MosEstimated++;
        for (int bits = (int)source.Assumed; bits != 0; bits &= bits - 1)
            fields[FirstAssumed + BitOperations.TrailingZeroCount(bits)]++;
    }

    /// <summary>Counts metric values.</summary>
    /// <param name="count">How many, not negative.</param>
    public void AddValues(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Values += count;
    }

    /// <summary>Adds all counts of another one, which stays as it is.</summary>
    public void Merge(CallCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        fields.Add(in other.fields);
    }

    /// <summary>Sets all counts to 0.</summary>
    public void Reset() => fields.Clear();

    private void AddEnd(CallEnd end)
    {
        switch (end)
        {
            case CallEnd.Answered or CallEnd.Dropped: Answered++; break;
            case CallEnd.Busy: Busy++; break;
            case CallEnd.NoAnswer: NoAnswer++; break;
            case CallEnd.Rejected: Rejected++; break;
            case CallEnd.Failed: Failed++; break;
            case CallEnd.Canceled: Canceled++; break;
            case CallEnd.None:
            default: break;
        }
    }

    private void AddSession(in CallOutcome outcome)
    {
        if (outcome.IsCompleted)
            Completed++;
        int response = outcome.InviteResponse;
        if (response == 0)
            return;
        Invites++;
        switch (response)
        {
            case 200:
                Established++;
                Effective++;
                break;
            case 480 or 486 or 600 or 603: Effective++; break;
            case 408 or 500 or 503 or 504: Ineffective++; break;
            case >= 300 and <= 399: Redirected++; break;
        }
    }

    private void AddTags(Tags tags, int column)
    {
        for (int bits = (int)tags & ((1 << TagNames.Count) - 1); bits != 0; bits &= bits - 1)
            fields[FirstTag + (2 * BitOperations.TrailingZeroCount(bits)) + column]++;
    }

    private static int TagField(int tag)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tag);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(tag, TagNames.Count);
        return FirstTag + (2 * tag);
    }

    private static double? Percent(long part, long whole) =>
        whole == 0 ? null : 100.0 * part / whole;
}
