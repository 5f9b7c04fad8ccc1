namespace Earshot.Sources.Pcap;

/// <summary>The static payload types of RTP. Source: RFC 3551, tables 4 and 5.</summary>
internal static class PayloadType
{
    /// <summary>The encoding's name; null: dynamic, reserved or video.</summary>
    public static string? NameOf(int type) => type switch
    {
        0 => "PCMU",
        3 => "GSM",
        4 => "G723",
        5 or 6 or 16 or 17 => "DVI4",
        7 => "LPC",
        8 => "PCMA",
        9 => "G722",
        10 or 11 => "L16",
        12 => "QCELP",
        14 => "MPA",
        15 => "G728",
        18 => "G729",
        _ => null,
    };

    /// <summary>Ticks of its timestamps per second; 0: dynamic.</summary>
    public static int ClockOf(int type) => type switch
    {
        10 or 11 => 44_100,
        6 => 16_000,
        16 => 11_025,
        17 => 22_050,
        14 or (>= 25 and <= 34) => 90_000,
        < 19 => 8000,
        _ => 0,
    };
}
