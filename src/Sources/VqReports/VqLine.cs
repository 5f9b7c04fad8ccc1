using System.Text;

namespace Earshot.Sources.VqReports;

/// <summary>What a line of an RFC 6035 report is about.</summary>
internal enum VqSection
{
    /// <summary>Nothing that is read.</summary>
    None,

    SessionReport,
    IntervalReport,
    AlertReport,
    CallId,
    LocalId,
    RemoteId,
    OrigId,
    LocalGroup,
    RemoteGroup,
    LocalAddr,
    RemoteAddr,
    LocalMetrics,
    RemoteMetrics,
    Timestamps,
    SessionDesc,
    JitterBuffer,
    PacketLoss,
    BurstGapLoss,
    Delay,
    Signal,
    QualityEst,
    DialogId,
}

/// <summary>Takes the lines of RFC 6035 reports apart.</summary>
internal static class VqLine
{
    private static readonly (byte[] Name, VqSection Section)[] Names =
    [
        .. new (string Name, VqSection Section)[]
        {
            ("VQSessionReport", VqSection.SessionReport),
            ("VQIntervalReport", VqSection.IntervalReport),
            ("VQAlertReport", VqSection.AlertReport), ("CallID", VqSection.CallId),
            ("LocalID", VqSection.LocalId), ("RemoteID", VqSection.RemoteId),
            ("OrigID", VqSection.OrigId), ("LocalGroup", VqSection.LocalGroup),
            ("RemoteGroup", VqSection.RemoteGroup), ("LocalAddr", VqSection.LocalAddr),
            ("RemoteAddr", VqSection.RemoteAddr), ("LocalMetrics", VqSection.LocalMetrics),
            ("Metrics", VqSection.LocalMetrics), ("RemoteMetrics", VqSection.RemoteMetrics),
            ("Timestamps", VqSection.Timestamps), ("SessionDesc", VqSection.SessionDesc),
            ("JitterBuffer", VqSection.JitterBuffer), ("PacketLoss", VqSection.PacketLoss),
            ("BurstGapLoss", VqSection.BurstGapLoss), ("Delay", VqSection.Delay),
            ("Signal", VqSection.Signal), ("QualityEst", VqSection.QualityEst),
            ("DialogID", VqSection.DialogId),
        }.Select(known => (Encoding.ASCII.GetBytes(known.Name), known.Section)),
    ];

    /// <summary>
    /// Whether a line begins with a name and a colon, known or not (a report's first line may be
    /// without the colon). Other lines go on with the one before.
    /// </summary>
    /// <param name="line">The line.</param>
    /// <param name="section">Receives what the name says; None for one not known.</param>
    /// <param name="rest">Receives what follows the colon; else the whole line.</param>
    public static bool TrySection(
        ReadOnlySpan<byte> line, out VqSection section, out ReadOnlySpan<byte> rest)
    {
        section = VqSection.None;
        rest = line.Trim(" \t\r"u8);
        int length = rest.IndexOfAnyExcept(Letters);
        ReadOnlySpan<byte> name = length < 0 ? rest : rest[..length];
        ReadOnlySpan<byte> after = rest[name.Length..].TrimStart(" \t"u8);
        if (name.IsEmpty)
            return false;
        foreach ((byte[] known, VqSection about) in Names)
        {
            if (Ascii.EqualsIgnoreCase(name, known))
                section = about;
        }

        if (after is [(byte)':', ..])
        {
            rest = after[1..].Trim(" \t"u8);
            return true;
        }

        return after.IsEmpty && IsBegin(section);
    }

    /// <summary>Whether a report begins with a line.</summary>
    public static bool BeginsReport(ReadOnlySpan<byte> line) =>
        TrySection(line, out VqSection section, out _) && IsBegin(section);

    /// <summary>Whether a line after a blank one still belongs to the report before it.</summary>
    public static bool GoesOn(ReadOnlySpan<byte> line) =>
        TrySection(line, out VqSection section, out _) && section >= VqSection.LocalMetrics;

    /// <summary>Whether a section is the first line of a report.</summary>
    public static bool IsBegin(VqSection section) =>
        section is VqSection.SessionReport or VqSection.IntervalReport or VqSection.AlertReport;

    /// <summary>Takes the next NAME=value, its value without quotes; false at the end.</summary>
    public static bool TryParameter(
        ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        rest = rest.TrimStart(" \t\r;,"u8);
        int equals = rest.IndexOf((byte)'=');
        if (equals < 0)
            return false;
        name = rest[..equals].TrimEnd(" \t"u8);
        rest = rest[(equals + 1)..];
        bool quoted = rest is [(byte)'"', ..];
        if (quoted)
            rest = rest[1..];
        int end = quoted ? rest.IndexOf((byte)'"') : rest.IndexOfAny(" \t\r"u8);
        value = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(quoted ? end + 1 : end)..];
        return true;
    }

    private static System.Buffers.SearchValues<byte> Letters { get; } =
        System.Buffers.SearchValues.Create(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);
}
