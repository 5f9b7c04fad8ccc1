using System.Diagnostics.CodeAnalysis;

namespace Earshot.Analytics;

/// <summary>
/// Insight tags of a call or a report interval; what raises one is in <see cref="TagRules"/>.
/// </summary>
[Flags]
public enum Tags
{
    /// <summary>Nothing stands out, or nothing is known.</summary>
    None = 0,

    /// <summary>Packet loss above its limit.</summary>
    HighPacketLoss = 1,

    /// <summary>Jitter above its limits.</summary>
    HighJitter = 2,

    /// <summary>Latency above the limit of the edge.</summary>
    HighLatency = 4,

    /// <summary>Post-dial delay above its limit.</summary>
    HighPdd = 8,

    /// <summary>Mean opinion score below its limit.</summary>
    LowMos = 16,

    /// <summary>The media stream is missing or fully silent.</summary>
    Silent = 32,

    /// <summary>Exactly one direction is silent or without packets, the other flows.</summary>
    OneWayAudio = 64,

    /// <summary>The ICE connection failed.</summary>
    IceFailure = 128,

    /// <summary>High packet loss or high jitter.</summary>
    BadNetwork = 256,
}

/// <summary>The names of the tags, as they are in messages, rows and metrics.</summary>
public static class TagNames
{
    /// <summary>Number of tags: bits 0 to 8 of <see cref="Tags"/>.</summary>
    public const int Count = 9;

    private static readonly string[] Names =
    [
        "high_packet_loss", "high_jitter", "high_latency", "high_pdd", "low_mos", "silent",
        "one_way_audio", "ice_failure", "bad_network",
    ];

    /// <summary>All names in bit order: the name at i is that of the tag 1 &lt;&lt; i.</summary>
    public static IReadOnlyList<string> All { get; } = Array.AsReadOnly(Names);

    /// <summary>The tag of a name, upper or lower case.</summary>
    /// <exception cref="FormatException">No tag has this name; the message lists them.</exception>
    public static Tags Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TryParse(name, out Tags tag)
            ? tag
            : throw new FormatException(
                $"'{name}' is not a tag. Tags are: {string.Join(", ", Names)}.");
    }

    /// <summary>The tag of a name, upper or lower case; false for a name of none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? name, out Tags tag)
    {
        for (int bit = 0; bit < Count; bit++)
        {
            if (string.Equals(name, Names[bit], StringComparison.OrdinalIgnoreCase))
            {
                tag = (Tags)(1 << bit);
                return true;
            }
        }

        tag = Tags.None;
        return false;
    }

    /// <summary>The names of the tags in a set in bit order, by commas; "" for none.</summary>
    public static string Format(Tags tags)
    {
        List<string> names = [];
        for (int bit = 0; bit < Count; bit++)
        {
            if (((int)tags & (1 << bit)) != 0)
                names.Add(Names[bit]);
        }

        return string.Join(',', names);
    }
}
