using System.Text;

namespace Earshot.Sources.RtcStats;

/// <summary>The members that are kept of an RTP report, and of its codec's report.</summary>
internal enum RtcMember
{
    Type,
    Kind,
    Ssrc,
    PacketsReceived,
    PacketsLost,
    Jitter,
    RoundTripTime,
    FractionLost,
    AudioLevel,
    CodecId,
    MimeType,
    Timestamp,
}

/// <summary>
/// The names of the rtcstats dump format. Since its version 3 it writes those that come often as
/// numbers of fixed tables: methods, members and the types of reports.
/// </summary>
internal static class RtcNames
{
    /// <summary>A full report, as the reader makes it of what a line changes.</summary>
    public const string ResolvedReport = "resolved-rtp";

    /// <summary>A connection that failed, as the reader makes it of a state change.</summary>
    public const string ResolvedFailure = "resolved-ice";

    private static readonly (string Name, string Code, RtcMember Member)[] Members =
    [
        ("type", "", RtcMember.Type), ("kind", "11", RtcMember.Kind),
        ("mediaType", "", RtcMember.Kind), ("ssrc", "10", RtcMember.Ssrc),
        ("packetsReceived", "14", RtcMember.PacketsReceived),
        ("packetsLost", "15", RtcMember.PacketsLost), ("jitter", "16", RtcMember.Jitter),
        ("roundTripTime", "75", RtcMember.RoundTripTime),
        ("fractionLost", "77", RtcMember.FractionLost),
        ("audioLevel", "57", RtcMember.AudioLevel), ("codecId", "", RtcMember.CodecId),
        ("mimeType", "", RtcMember.MimeType), ("timestamp", "t", RtcMember.Timestamp),
    ];

    /// <summary>Number of members kept: all but the timestamp, which is last.</summary>
    public const int Kept = (int)RtcMember.Timestamp;

    private static readonly byte[][] names =
        [.. Members.Select(known => Encoding.UTF8.GetBytes(known.Name))];

    private static readonly byte[][] codes =
        [.. Members.Select(known => Encoding.UTF8.GetBytes(known.Code))];

    /// <summary>Reads a member's name; false for one that is not kept.</summary>
    public static bool TryMember(ReadOnlySpan<byte> name, out RtcMember member)
    {
        for (int i = 0; i < names.Length; i++)
        {
            if (name.SequenceEqual(names[i])
                || (codes[i].Length > 0 && name.SequenceEqual(codes[i])))
            {
                member = Members[i].Member;
                return true;
            }
        }

        member = default;
        return false;
    }

    /// <summary>The name under which a member is written.</summary>
    public static string NameOf(RtcMember member) =>
        Array.Find(Members, known => known.Member == member).Name;

    /// <summary>Whether a line holds what changed in the statistics.</summary>
    public static bool IsGetStats(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("getstats"u8) || method.SequenceEqual("getStats"u8)
        || method.SequenceEqual("g"u8) || method.SequenceEqual("1"u8);

    /// <summary>Whether a line begins a peer connection.</summary>
    public static bool IsCreate(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("create"u8) || method.SequenceEqual("39"u8);

    /// <summary>Whether a line ends a peer connection.</summary>
    public static bool IsClose(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("close"u8) || method.SequenceEqual("36"u8);

    /// <summary>Whether a line says who or where the client is.</summary>
    public static bool IsAbout(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("location"u8) || method.SequenceEqual("identity"u8);

    /// <summary>Whether a line says a new state of ICE or of the connection.</summary>
    public static bool IsConnectionState(ReadOnlySpan<byte> method)
    {
        if (method.SequenceEqual("24"u8) || method.SequenceEqual("25"u8))
            return true;
        if (method.Length > 32)
            return false;
        Span<byte> buffer = stackalloc byte[32];
        int length = 0;
        foreach (byte b in method)
            buffer[length++] = b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
        ReadOnlySpan<byte> name = buffer[..length];
        if (name.StartsWith("on"u8))
            name = name[2..];
        if (name.EndsWith("change"u8))
            name = name[..^6];
        return name.SequenceEqual("iceconnectionstate"u8)
            || name.SequenceEqual("connectionstate"u8);
    }

    /// <summary>Whether a state is that of a failure.</summary>
    public static bool IsFailed(ReadOnlySpan<byte> state) =>
        state.SequenceEqual("failed"u8) || state.SequenceEqual("ICEConnectionStateFailed"u8);

    /// <summary>The RTP report that a type's name or number means; null for others.</summary>
    public static string? RtpType(ReadOnlySpan<byte> type)
    {
        if (type.SequenceEqual("inbound-rtp"u8) || type.SequenceEqual("1"u8))
            return "inbound-rtp";
        return type.SequenceEqual("remote-inbound-rtp"u8) || type.SequenceEqual("3"u8)
            ? "remote-inbound-rtp"
            : null;
    }
}
