namespace Earshot.Schemas;

/// <summary>
/// What a field of a message is for. A number from 1 to <see cref="Metrics.End"/> - 1 is the
/// value of that metric, a double; the rest are below, by wire type.
/// </summary>
internal enum FieldRole : byte
{
    /// <summary>No field: a number or a wire type that there is not.</summary>
    None,

    /// <summary>Doubles begin here.</summary>
    AudioLevelIn = Metrics.End,
    AudioLevelOut,
    MetricValue,
    OtherDouble,

    /// <summary>Varints begin here.</summary>
    EventTime,
    LoggedTime,
    State,
    SipResponse,
    Processing,
    PacketsReceived,
    PacketsLost,
    PacketsReceivedTotal,
    PacketsLostTotal,
    PacketsSent,
    PacketsSentTotal,
    OtherVarint,

    /// <summary>Strings begin here.</summary>
    EventId,
    CallId,
    StreamId,
    RouteId,
    Codec,
    IceState,
    MetricName,
    OtherText,

    /// <summary>Messages begin here: an entry of the map of dimensions.</summary>
    Dimension,
    SummaryMetrics,
    Signaling,
    PddDetail,
    StateDetail,
}

/// <summary>
/// The fields of each message and their roles, by tag: a look-up in place of comparing tags, and
/// one loop for all messages.
/// </summary>
internal static class FieldRoles
{
    private const int D = ProtoReader.Fixed64, V = ProtoReader.Varint, L = ProtoReader.Length;

    // Fields 1 to 31, every wire type: what has a greater number is none of ours.
    private const int Tags = 32 << ProtoReader.TagTypeBits;

    private static readonly FieldRole[] none = new FieldRole[Tags];

    private static readonly FieldRole[] callEvent = Event(
        (6, L, FieldRole.RouteId), (8, L, FieldRole.Signaling), (9, V, FieldRole.SipResponse));

    private static readonly FieldRole[] callMetric = Event(
        (6, L, FieldRole.MetricName), (7, D, FieldRole.MetricValue));

    private static readonly FieldRole[] streamReport = Event(
        (6, L, FieldRole.StreamId), (7, V, FieldRole.PacketsReceived),
        (8, V, FieldRole.PacketsLost), (9, D, Of(Metrics.PacketLoss)),
        (10, D, Of(Metrics.Jitter)), (11, D, Of(Metrics.MaxJitter)), (12, D, Of(Metrics.Rtt)),
        (13, D, Of(Metrics.Latency)), (14, D, Of(Metrics.Mos)),
        (15, D, FieldRole.AudioLevelIn), (16, D, FieldRole.AudioLevelOut),
        (17, L, FieldRole.Codec), (18, L, FieldRole.IceState),
        (19, D, Of(Metrics.RemoteJitter)), (20, D, Of(Metrics.RemotePacketLoss)),
        (21, V, FieldRole.PacketsReceivedTotal), (22, V, FieldRole.PacketsLostTotal),
        (23, V, FieldRole.PacketsSent), (24, V, FieldRole.PacketsSentTotal),
        (25, D, Of(Metrics.DelayedPackets)), (26, D, Of(Metrics.BurstLossDensity)),
        (27, D, Of(Metrics.BurstDuration)), (28, D, Of(Metrics.GapLossDensity)),
        (29, D, Of(Metrics.GapDuration)), (30, D, Of(Metrics.BurstRatio)));

    private static readonly FieldRole[] callSummary = Event(
        (6, V, FieldRole.Processing), (7, D, Of(Metrics.Score)),
        (8, L, FieldRole.SummaryMetrics), (9, V, FieldRole.State),
        (10, V, FieldRole.SipResponse), (11, L, FieldRole.Codec));

    private static readonly FieldRole[] summaryMetrics = Message(
        (1, D, Of(Metrics.ConnectDuration)), (2, D, Of(Metrics.Pdd)),
        (3, D, Of(Metrics.AvgJitter)), (4, D, Of(Metrics.MaxJitter)),
        (5, D, Of(Metrics.AvgLatency)), (6, D, Of(Metrics.MaxLatency)),
        (7, D, Of(Metrics.PacketLoss)), (8, D, Of(Metrics.Mos)), (9, D, Of(Metrics.Rtt)),
        (10, D, Of(Metrics.DelayedPackets)));

    private static readonly FieldRole[] signaling = Message(
        (3, L, FieldRole.PddDetail), (4, L, FieldRole.StateDetail));

    private static readonly FieldRole[] pddDetail = Message((1, D, Of(Metrics.Pdd)));
    private static readonly FieldRole[] stateDetail = Message((1, V, FieldRole.State));

    /// <summary>Roles of an event's fields, by tag.</summary>
    public static ReadOnlySpan<FieldRole> Of(EventKind kind) => kind switch
    {
        EventKind.CallEvent => callEvent,
        EventKind.CallMetric => callMetric,
        EventKind.StreamReport => streamReport,
        EventKind.CallSummary => callSummary,
        _ => none,
    };

    /// <summary>Roles of a nested message's fields, by tag.</summary>
    public static ReadOnlySpan<FieldRole> In(FieldRole message) => message switch
    {
        FieldRole.SummaryMetrics => summaryMetrics,
        FieldRole.Signaling => signaling,
        FieldRole.PddDetail => pddDetail,
        FieldRole.StateDetail => stateDetail,
        _ => none,
    };

    private static FieldRole Of(int metric) => (FieldRole)metric;

    // Fields 1 to 5 are the same in all events.
    private static FieldRole[] Event(params (int Field, int Type, FieldRole Role)[] own) => Message(
    [
        (1, V, FieldRole.EventTime), (2, V, FieldRole.LoggedTime), (3, L, FieldRole.EventId),
        (4, L, FieldRole.Dimension), (5, L, FieldRole.CallId), .. own,
    ]);

    private static FieldRole[] Message(params (int Field, int Type, FieldRole Role)[] fields)
    {
        // Nobody asks for the others, but they have to be passed over.
        FieldRole[] roles = new FieldRole[Tags];
        for (int field = 1; field < Tags >> ProtoReader.TagTypeBits; field++)
        {
            roles[(field << ProtoReader.TagTypeBits) | D] = FieldRole.OtherDouble;
            roles[(field << ProtoReader.TagTypeBits) | V] = FieldRole.OtherVarint;
            roles[(field << ProtoReader.TagTypeBits) | L] = FieldRole.OtherText;
        }

        foreach ((int field, int type, FieldRole role) in fields)
            roles[(field << ProtoReader.TagTypeBits) | type] = role;
        return roles;
    }
}
