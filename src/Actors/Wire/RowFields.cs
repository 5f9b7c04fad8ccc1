using Earshot.Analytics;
using Earshot.Analytics.Quality;

namespace Earshot.Actors.Wire;

/// <summary>
/// The fields of an aggregate and of an insight (rows.proto), from what they are made of. The
/// numbers are those of the contract; a test holds the bytes against the generated classes.
/// </summary>
internal sealed class RowFields
{
    private const int KeyField = 1;
    private static readonly int[] Percents = [25, 50, 75, 90, 95, 99];
    private readonly List<BucketCount> buckets = [];

    /// <summary>Writes the message Aggregate.</summary>
    /// <param name="into">Where to.</param>
    /// <param name="key">The message RowKey.</param>
    /// <param name="metric">The metric's name.</param>
    /// <param name="aggregate">Its values, at least one.</param>
    /// <param name="revision">The input offset at which the row is made.</param>
    /// <param name="final">True: the window is closed.</param>
    /// <returns>Its moments.</returns>
    public Moments Aggregate(
        ProtoBytes into, ReadOnlySpan<byte> key, string metric, Aggregate aggregate,
        long revision, bool final)
    {
        Span<double> quantiles = stackalloc double[Percents.Length];
        buckets.Clear();
        Moments moments = aggregate.Describe(Percents, quantiles, buckets);
        into.Message(KeyField, key);
        into.Text(2, metric);
        into.Int(3, moments.Count);
        into.Double(4, moments.Min);
        into.Double(5, moments.Mean);
        into.Double(6, moments.Max);
        into.Double(7, moments.Sum);
        into.Optional(8, moments.StandardDeviation);
        for (int i = 0; i < quantiles.Length; i++)
            into.Double(9 + i, quantiles[i]);
        foreach (BucketCount bucket in buckets)
            into.Pair(15, Buckets.ValueOf(bucket.Index), bucket.Count);
        into.Int(16, revision);
        into.Bool(17, final);
        return moments;
    }

    /// <summary>Writes the message Insight.</summary>
    /// <param name="into">Where to.</param>
    /// <param name="key">The message RowKey.</param>
    /// <param name="counts">What it says.</param>
    /// <param name="revision">The input offset at which the row is made.</param>
    /// <param name="final">True: the window is closed.</param>
    public static void Insight(
        ProtoBytes into, ReadOnlySpan<byte> key, CallCounts counts, long revision, bool final)
    {
        into.Message(KeyField, key);
        into.Int(2, counts.Calls);
        into.Int(3, counts.Attempts);
        into.Int(4, counts.Answered);
        into.Optional(5, counts.AsrPercent);
        into.Optional(6, counts.NerPercent);
        into.Optional(7, counts.AlocSeconds);
        into.Double(8, counts.ConnectedMinutes);
        into.Int(9, counts.NormalSessions);
        into.Optional(10, counts.NormalSessionsPercent);
        into.Int(11, counts.Reports);
        Tags(into, counts);
        into.Int(13, revision);
        into.Bool(14, final);
        into.Int(15, counts.Busy);
        into.Int(16, counts.NoAnswer);
        into.Int(17, counts.Failed);
        into.Int(18, counts.Canceled);
        into.Int(19, counts.ShortCalls);
        into.Int(20, counts.LongCalls);
        into.Int(21, counts.Values);
        into.Int(22, counts.Rejected);
        into.Int(23, counts.SipKnown);
        into.Int(24, counts.DurationKnown);
        into.Optional(25, counts.AbrPercent);
        Sessions(into, counts);
        into.Optional(27, counts.ShortCallsPercent);
        into.Optional(28, counts.LongCallsPercent);
        MosSources(into, counts);
    }

    private static void Tags(ProtoBytes into, CallCounts counts)
    {
        for (int tag = 0; tag < TagNames.Count; tag++)
        {
            (long calls, long reports) = (counts.TagCalls(tag), counts.TagReports(tag));
            if (calls + reports == 0)
                continue;
            int begun = into.Begin(12);
            into.Text(1, TagNames.All[tag]);
            into.Int(2, calls);
            into.Int(3, reports);
            into.End(begun);
        }
    }

    private static void Sessions(ProtoBytes into, CallCounts counts)
    {
        int begun = into.Begin(26);
        into.Int(1, counts.Invites);
        into.Int(2, counts.Redirected);
        into.Int(3, counts.Established);
        into.Int(4, counts.Effective);
        into.Int(5, counts.Ineffective);
        into.Int(6, counts.Completed);
        into.Optional(7, counts.SerPercent);
        into.Optional(8, counts.SeerPercent);
        into.Optional(9, counts.IsaPercent);
        into.Optional(10, counts.ScrPercent);
        into.End(begun);
    }

    private static void MosSources(ProtoBytes into, CallCounts counts)
    {
        int begun = into.Begin(34);
        into.Int(1, counts.MosGiven);
        into.Int(2, counts.MosEstimated);
        into.Int(3, counts.MosWithout(AssumedInputs.CodecMissing));
        into.Int(4, counts.MosWithout(AssumedInputs.CodecUnknown));
        into.Int(5, counts.MosWithout(AssumedInputs.BplUnknown));
        into.Int(6, counts.MosWithout(AssumedInputs.Loss));
        into.Int(7, counts.MosWithout(AssumedInputs.BurstRatio));
        into.Int(8, counts.MosWithout(AssumedInputs.Delay));
        into.Int(9, counts.MosWithout(AssumedInputs.Jitter));
        into.End(begun);
    }
}
