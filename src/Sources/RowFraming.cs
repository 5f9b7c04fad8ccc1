namespace Earshot.Sources;

/// <summary>How the bytes of a file are cut into records.</summary>
public enum RowFraming
{
    /// <summary>One record per line; blank lines are none.</summary>
    Lines,

    /// <summary>RFC 4180 rows, quoted fields may span lines; the first row is the header.</summary>
    Csv,

    /// <summary>The same with semicolons between fields.</summary>
    SemicolonCsv,

    /// <summary>The same with tabs between fields.</summary>
    TabCsv,

    /// <summary>The same with vertical bars between fields.</summary>
    BarCsv,

    /// <summary>Each record after its length as a protobuf varint.</summary>
    Delimited,

    /// <summary>
    /// Lines of an rtcstats dump; one that holds statistics becomes a record per audio report, each
    /// with an offset of its own.
    /// </summary>
    RtcStats,

    /// <summary>Reports of RFC 6035, of several lines each.</summary>
    VqReports,

    /// <summary>A packet capture; the records are reports of the RTP streams in it.</summary>
    Pcap,
}

/// <summary>What the framings have in common.</summary>
public static class RowFramings
{
    /// <summary>Whether it is CSV, with whichever delimiter.</summary>
    public static bool IsCsv(this RowFraming framing) =>
        framing is >= RowFraming.Csv and <= RowFraming.BarCsv;

    /// <summary>What stands between the fields of CSV.</summary>
    public static char Delimiter(this RowFraming framing) => framing switch
    {
        RowFraming.SemicolonCsv => ';',
        RowFraming.TabCsv => '\t',
        RowFraming.BarCsv => '|',
        _ => ',',
    };
}
