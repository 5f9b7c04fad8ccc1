namespace Earshot.Analytics;

/// <summary>How a call attempt ended.</summary>
public enum CallEnd
{
    /// <summary>Not known.</summary>
    None,

    /// <summary>The called side answered.</summary>
    Answered,

    /// <summary>The called side was busy.</summary>
    Busy,

    /// <summary>The called side was alerted or sought, and did not answer.</summary>
    NoAnswer,

    /// <summary>The called side refused.</summary>
    Rejected,

    /// <summary>The network did not bring the call there.</summary>
    Failed,

    /// <summary>The caller gave up.</summary>
    Canceled,

    /// <summary>The called side answered, and the call failed afterwards.</summary>
    Dropped,
}

/// <summary>What a finished call adds to <see cref="CallCounts"/>.</summary>
/// <param name="Attempt">It began with a call attempt (a seizure in E.425's words).</param>
/// <param name="End">How it ended, as the source says.</param>
/// <param name="ConnectedMs">Connected time, ms; null or negative: not known.</param>
/// <param name="SipResponse">Last SIP response, 100 to 699; anything else: not known.</param>
/// <param name="Tags">Tags the call carries.</param>
public readonly record struct CallOutcome(
    bool Attempt,
    CallEnd End,
    long? ConnectedMs,
    int SipResponse,
    Tags Tags)
{
    /// <summary>Whether the last SIP response is known.</summary>
    public bool IsSipKnown => SipResponse is >= 100 and <= 699;

    /// <summary>Whether the called side answered, however the call ended then.</summary>
    public bool IsAnswered => End is CallEnd.Answered or CallEnd.Dropped;

    /// <summary>
    /// The response that the call's first INVITE came to, as RFC 6076 counts them: 200 when the
    /// call was answered (the last response then belongs to a re-INVITE or the BYE), else the last
    /// one known; 100 to 199 when no final one was seen. 0: not known, or there was no attempt; so
    /// too where a call that was not answered says 2xx, which is the answer to its CANCEL.
    /// </summary>
    public int InviteResponse =>
        !Attempt || !IsSipKnown ? 0
        : IsAnswered ? 200
        : SipResponse is >= 200 and <= 299 ? 0
        : SipResponse;

    /// <summary>
    /// Whether the attempt became a session that ended without a failure (RFC 6076 4.9): it was
    /// answered, it was not <see cref="CallEnd.Dropped"/>, and its last response is none of those
    /// that end a dialog, 408 and 481 (RFC 3261 12.2.1.2). Other failures inside a dialog, such as
    /// 488 to a re-INVITE, leave it as it was.
    /// </summary>
    public bool IsCompleted =>
        Attempt && End == CallEnd.Answered && SipResponse is not (408 or 481);

    /// <summary>
    /// The end, made more precise by the SIP response where the source only says that the call
    /// failed, or nothing. An explicit state (busy, noanswer, canceled, ...) stands.
    /// <list type="bullet">
    /// <item>486, 600: busy (RFC 3261 21.4.24 and 21.6.1).</item>
    /// <item>480, 408: no answer. RFC 3398 7.2.4.1 maps Q.850 cause 19 "no answer from the user"
    /// to 480 and cause 18 "no user responding" to 408, and a proxy that gives up ringing acts as
    /// on a 408 (timer C, RFC 3261 16.8). RFC 6076's SEER and ISA see 408 otherwise, as a fault of
    /// the network: they are other measures than NER.</item>
    /// <item>603, 607: rejected by the person called (RFC 3261 21.6.2, RFC 8197).</item>
    /// <item>487: canceled (RFC 3261 21.4.25).</item>
    /// <item>All others from 400 on: failed; 403 and 608 too, where a server refuses and not the
    /// terminal (RFC 3261 21.4.4, RFC 8688): RFC 6076 does not count them as effective.</item>
    /// <item>Below 400 the response says nothing of the end: 3xx goes on elsewhere, and 200 may be
    /// the answer to a BYE.</item>
    /// </list>
    /// </summary>
    public CallEnd RefinedEnd
    {
        get
        {
            if (End is not (CallEnd.None or CallEnd.Failed) || !IsSipKnown)
                return End;
            return SipResponse switch
            {
                486 or 600 => CallEnd.Busy,
                480 or 408 => CallEnd.NoAnswer,
                603 or 607 => CallEnd.Rejected,
                487 => CallEnd.Canceled,
                >= 400 => CallEnd.Failed,
                _ => End,
            };
        }
    }
}
