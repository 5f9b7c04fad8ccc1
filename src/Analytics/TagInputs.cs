namespace Earshot.Analytics;

/// <summary>The names of the inputs of tags, as they are in rows.</summary>
public static class TagInputs
{
    // In the order of the enum.
    private static readonly string[] Names =
    [
        "packet_loss", "jitter", "max_jitter", "delayed_packets", "latency", "rtt", "pdd", "mos",
        "packets_in", "packets_out", "audio_level_in", "audio_level_out", "ice_failed",
    ];

    /// <summary>The name of an input: that of the metric where it is one.</summary>
    public static string NameOf(TagInput input) => Names[(int)input];
}
