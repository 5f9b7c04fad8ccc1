using Earshot.Schemas.V1;

namespace Earshot.Archive.Schema;

/// <summary>
/// The columns of insights that came with the counts of sessions; NULL in rows that were made by a
/// version without them, so that nothing is taken for 0 that was not counted.
/// </summary>
internal static class SessionColumns
{
    private static readonly (string Name, string Description, Func<Insight, long> Value)[] Counts =
    [
        ("rejected", "calls refused by the person called", i => i.Rejected),
        ("sip_known", "calls whose last SIP response is known", i => i.SipKnown),
        ("duration_known", "answered calls whose connected time is known", i => i.DurationKnown),
        ("invites", "attempts of which the response to the first INVITE is known",
            i => i.Sessions.Invites),
        ("redirected", "of these, response 3xx", i => i.Sessions.Redirected),
        ("established", "of these, response 200", i => i.Sessions.Established),
        ("effective", "of these, response 200, 480, 486, 600 or 603", i => i.Sessions.Effective),
        ("ineffective", "of these, response 408, 500, 503 or 504", i => i.Sessions.Ineffective),
        ("completed", "attempts that were answered and did not fail afterwards",
            i => i.Sessions.Completed),
    ];

    private static readonly (string Name, string Description, Func<Insight, double?> Value)[]
        Ratios =
        [
            ("abr", "answer-bid ratio, %: 100 * answered / calls (ITU-T E.411); NULL without calls",
                i => i.HasAbr ? i.Abr : null),
            ("ser", "session establishment ratio, %: 100 * established / (invites - redirected) "
                + "(RFC 6076 4.6); NULL without such",
                i => i.Sessions.HasSer ? i.Sessions.Ser : null),
            ("seer", "session establishment effectiveness ratio, %: 100 * effective / (invites - "
                + "redirected) (RFC 6076 4.7); NULL without such",
                i => i.Sessions.HasSeer ? i.Sessions.Seer : null),
            ("isa", "ineffective session attempts, %: 100 * ineffective / invites (RFC 6076 4.8); "
                + "NULL without such",
                i => i.Sessions.HasIsa ? i.Sessions.Isa : null),
            ("scr", "session completion ratio, %: 100 * completed / attempts (RFC 6076 4.9); NULL "
                + "without attempts",
                i => i.Sessions.HasScr ? i.Sessions.Scr : null),
            ("short_calls_share", "100 * short_calls / duration_known, %; NULL without such",
                i => i.HasShortCallsShare ? i.ShortCallsShare : null),
            ("long_calls_share", "100 * long_calls / duration_known, %; NULL without such",
                i => i.HasLongCallsShare ? i.LongCallsShare : null),
        ];

    /// <summary>The columns; all NULL where there is no insight, or one without sessions.</summary>
    internal static IEnumerable<TableColumn<T>> Of<T>(Func<T, Insight?> of)
    {
        foreach ((string name, string description, Func<Insight, long> value) in Counts)
        {
            yield return TableColumns.BigInt<T>(
                name, description,
                row => of(row.Message) is { Sessions: not null } found ? value(found) : null);
        }

        foreach ((string name, string description, Func<Insight, double?> value) in Ratios)
        {
            yield return TableColumns.Double<T>(
                name, description,
                row => of(row.Message) is { Sessions: not null } found ? value(found) : null);
        }
    }
}
