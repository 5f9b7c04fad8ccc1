namespace Earshot.Schemas;

/// <summary>
/// The metrics with names of their own. In a table made by <see cref="CreateTable"/> their
/// symbols are these constants; a CallMetric may bring any other name.
/// </summary>
public static class Metrics
{
    /// <summary>Post-dial delay, s.</summary>
    public const int Pdd = 1;

    /// <summary>Mean jitter of a report interval, ms.</summary>
    public const int Jitter = 2;

    /// <summary>Mean jitter of a call, ms.</summary>
    public const int AvgJitter = 3;

    /// <summary>Largest jitter, ms.</summary>
    public const int MaxJitter = 4;

    /// <summary>Round-trip time, ms.</summary>
    public const int Rtt = 5;

    /// <summary>Jitter as the far end reports it, ms.</summary>
    public const int RemoteJitter = 6;

    /// <summary>One-way time of a report interval, ms.</summary>
    public const int Latency = 7;

    /// <summary>Mean latency of a call, ms.</summary>
    public const int AvgLatency = 8;

    /// <summary>Largest latency of a call, ms.</summary>
    public const int MaxLatency = 9;

    /// <summary>Packet loss, %, 0 to 100.</summary>
    public const int PacketLoss = 10;

    /// <summary>Packet loss as the far end reports it, %, 0 to 100.</summary>
    public const int RemotePacketLoss = 11;

    /// <summary>Mean opinion score, 1 to 5.</summary>
    public const int Mos = 12;

    /// <summary>Call score, 0 to 1.</summary>
    public const int Score = 13;

    /// <summary>Connected time, s.</summary>
    public const int ConnectDuration = 14;

    /// <summary>Packets late by 200 ms or more, %, 0 to 100.</summary>
    public const int DelayedPackets = 15;

    /// <summary>Loss and discard inside bursts, %, 0 to 100 (RFC 3611, 4.7.2).</summary>
    public const int BurstLossDensity = 16;

    /// <summary>Mean length of a burst, ms (RFC 3611, 4.7.2).</summary>
    public const int BurstDuration = 17;

    /// <summary>Loss and discard inside gaps, %, 0 to 100 (RFC 3611, 4.7.2).</summary>
    public const int GapLossDensity = 18;

    /// <summary>Mean length of a gap, ms (RFC 3611, 4.7.2).</summary>
    public const int GapDuration = 19;

    /// <summary>BurstR of ITU-T G.107: 1 where losses are random, more in bursts.</summary>
    public const int BurstRatio = 20;

    /// <summary>
    /// Session request delay of failed attempts, s (RFC 6076, 4.3.2). That of the others is
    /// <see cref="Pdd"/>.
    /// </summary>
    public const int SrdFailed = 21;

    /// <summary>The metrics above have the symbols 1 to this - 1.</summary>
    public const int End = 22;

    private static readonly string[] Names =
    [
        "pdd", "jitter", "avg_jitter", "max_jitter", "rtt", "remote_jitter", "latency",
        "avg_latency", "max_latency", "packet_loss", "remote_packet_loss", "mos", "score",
        "connect_duration", "delayed_packets", "burst_loss_density", "burst_duration",
        "gap_loss_density", "gap_duration", "burst_ratio", "srd_failed",
    ];

    /// <summary>A table in which the metrics above have their constants as symbols.</summary>
    public static SymbolTable CreateTable()
    {
        SymbolTable table = new();
        foreach (string name in Names)
            table.Intern(name);
        return table;
    }
}
