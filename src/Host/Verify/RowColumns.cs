using System.Globalization;
using Earshot.Archive.Schema;
using Earshot.Schemas.V1;

namespace Earshot.Host.Verify;

/// <summary>A column of a table, and what it should hold.</summary>
/// <typeparam name="T">A row as it was recomputed.</typeparam>
/// <param name="Name">The column.</param>
/// <param name="Value">Its value: long, double, bool, string or null.</param>
/// <param name="Magnitude">
/// Of a column that follows from sums, which depend in the last bits on the order of adding: the
/// size of what was added up. Null: it must be equal.
/// </param>
internal sealed record RowColumn<T>(
    string Name, Func<T, object?> Value, Func<T, double>? Magnitude = null)
{
    /// <summary>What DESIGN.md allows, relative to the value.</summary>
    private const double Relative = 1e-9;

    // Where terms cancel each other the rounding stays: relative to their size.
    private const double OfMagnitude = 1e-12;

    /// <summary>True when the archive's value is what it should be.</summary>
    public bool Holds(T row, object? archived)
    {
        object? expected = Value(row);
        if (Magnitude is null || expected is not double a || archived is not double b)
            return Equals(expected, archived);
        double allowed = Math.Max(
            Relative * Math.Max(Math.Abs(a), Math.Abs(b)), OfMagnitude * Magnitude(row));
        return Math.Abs(a - b) <= allowed || a.Equals(b);
    }
}

/// <summary>The columns that are compared, table by table. Revisions are not.</summary>
internal static class RowColumns
{
    /// <summary>Of aggregates.</summary>
    public static IReadOnlyList<RowColumn<Aggregate>> OfAggregates { get; } =
    [
        new("count", a => a.Count),
        new("min", a => a.Min),
        new("mean", a => a.Mean, Largest),
        new("max", a => a.Max),
        new("sum", a => a.Sum, a => Largest(a) * a.Count),
        new("stddev", a => a.HasStddev ? a.Stddev : null, Largest),
        new("p25", a => a.P25),
        new("p50", a => a.P50),
        new("p75", a => a.P75),
        new("p90", a => a.P90),
        new("p95", a => a.P95),
        new("p99", a => a.P99),
        new("buckets", a => TextOf(a.Buckets.Select(b => (b.Bucket_, b.Count)))),
        new("final", a => a.Final),
    ];

    /// <summary>Of insights: tags included.</summary>
    public static IReadOnlyList<RowColumn<Insight>> OfInsights { get; } =
    [
        new("calls", i => i.Calls),
        new("attempts", i => i.Attempts),
        new("answered", i => i.Answered),
        new("asr", i => i.HasAsr ? i.Asr : null, None),
        new("ner", i => i.HasNer ? i.Ner : null, None),
        new("aloc", i => i.HasAloc ? i.Aloc : null, None),
        new("connected_minutes", i => i.ConnectedMinutes, None),
        new("normal_sessions", i => i.NormalSessions),
        new("normal_sessions_share",
            i => i.HasNormalSessionsShare ? i.NormalSessionsShare : null, None),
        new("busy", i => i.Busy),
        new("noanswer", i => i.Noanswer),
        new("failed", i => i.Failed),
        new("canceled", i => i.Canceled),
        new("short_calls", i => i.ShortCalls),
        new("long_calls", i => i.LongCalls),
        new("reports", i => i.Reports),
        new("values", i => i.Values),
        new("rejected", i => i.Rejected),
        new("sip_known", i => i.SipKnown),
        new("duration_known", i => i.DurationKnown),
        new("abr", i => i.HasAbr ? i.Abr : null, None),
        new("short_calls_share", i => i.HasShortCallsShare ? i.ShortCallsShare : null, None),
        new("long_calls_share", i => i.HasLongCallsShare ? i.LongCallsShare : null, None),
        .. OfSessions,
        .. OfMosSources,
        .. ArchiveSchema.StandardTags.SelectMany(OfTag),
        new("final", i => i.Final),
    ];

    /// <summary>Of predictions.</summary>
    public static IReadOnlyList<RowColumn<Prediction>> OfPredictions { get; } =
    [
        new("observed", p => p.Observed, Largest),
        new("expected", p => p.HasExpected ? p.Expected : null, Largest),
        new("low", p => p.HasLow ? p.Low : null, Largest),
        new("high", p => p.HasHigh ? p.High : null, Largest),
        new("next_expected", p => p.HasNextExpected ? p.NextExpected : null, Largest),
        new("next_low", p => p.HasNextLow ? p.NextLow : null, Largest),
        new("next_high", p => p.HasNextHigh ? p.NextHigh : null, Largest),
        new("history", p => p.History),
        new("model", p => p.Model),
    ];

    /// <summary>Buckets as one text, as they are compared and shown.</summary>
    public static string TextOf(IEnumerable<(double Bucket, long Count)> buckets) =>
        string.Join(' ', buckets.Select(b => string.Create(
            CultureInfo.InvariantCulture, $"{b.Bucket:R}x{b.Count}")));

    private static IEnumerable<RowColumn<Insight>> OfSessions =>
    [
        new("invites", i => i.Sessions.Invites),
        new("redirected", i => i.Sessions.Redirected),
        new("established", i => i.Sessions.Established),
        new("effective", i => i.Sessions.Effective),
        new("ineffective", i => i.Sessions.Ineffective),
        new("completed", i => i.Sessions.Completed),
        new("ser", i => i.Sessions.HasSer ? i.Sessions.Ser : null, None),
        new("seer", i => i.Sessions.HasSeer ? i.Sessions.Seer : null, None),
        new("isa", i => i.Sessions.HasIsa ? i.Sessions.Isa : null, None),
        new("scr", i => i.Sessions.HasScr ? i.Sessions.Scr : null, None),
    ];

    private static IEnumerable<RowColumn<Insight>> OfMosSources =>
    [
        new("mos_given", i => i.MosSources.Given),
        new("mos_estimated", i => i.MosSources.Estimated),
        new("mos_codec_missing", i => i.MosSources.CodecMissing),
        new("mos_codec_unknown", i => i.MosSources.CodecUnknown),
        new("mos_bpl_unknown", i => i.MosSources.BplUnknown),
        new("mos_loss_missing", i => i.MosSources.LossMissing),
        new("mos_burst_ratio_missing", i => i.MosSources.BurstRatioMissing),
        new("mos_delay_missing", i => i.MosSources.DelayMissing),
        new("mos_jitter_missing", i => i.MosSources.JitterMissing),
    ];

    private static IEnumerable<RowColumn<Insight>> OfTag(string tag) =>
    [
        new(tag, i => Calls(i, tag)),
        new(tag + "_share", i => i.Calls > 0 ? 100.0 * Calls(i, tag) / i.Calls : null, None),
        new(tag + "_reports", i => i.Tags.FirstOrDefault(t => t.Tag == tag)?.Reports ?? 0),
    ];

    private static long Calls(Insight insight, string tag) =>
        insight.Tags.FirstOrDefault(t => t.Tag == tag)?.Calls ?? 0;

    private static double None<T>(T row) => 0;

    private static double Largest(Aggregate row) => Math.Max(Math.Abs(row.Min), Math.Abs(row.Max));

    private static double Largest(Prediction row) =>
        new[] { row.Observed, row.Low, row.High, row.NextLow, row.NextHigh }.Max(Math.Abs);
}
