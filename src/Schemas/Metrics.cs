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

    private static readonly string[] Names =
    [
        "pdd", "jitter", "avg_jitter", "max_jitter", "rtt", "remote_jitter", "latency",
        "avg_latency", "max_latency", "packet_loss", "remote_packet_loss", "mos", "score",
        "connect_duration",
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
