namespace Earshot.Analytics;

/// <summary>How one direction of the media flows.</summary>
internal enum MediaFlow : byte
{
    /// <summary>Nothing is known of it.</summary>
    Unknown,

    /// <summary>No packets.</summary>
    Missing,

    /// <summary>Silent by its audio level.</summary>
    Quiet,

    /// <summary>Packets; what is heard is not known.</summary>
    Packets,

    /// <summary>Heard.</summary>
    Heard,
}

/// <summary>What both directions together say of silent and one_way_audio.</summary>
internal static class MediaFlows
{
    /// <summary>
    /// How a direction flows. Without packets a level is an old one, so packets come first.
    /// </summary>
    public static MediaFlow Of(MediaDirection direction, double silentLevelMax) => direction switch
    {
        { Packets: 0 } => MediaFlow.Missing,
        { Level: { } level } when !double.IsNaN(level) =>
            level <= silentLevelMax ? MediaFlow.Quiet : MediaFlow.Heard,
        { Packets: > 0 } => MediaFlow.Packets,
        _ => MediaFlow.Unknown,
    };

    /// <summary>Whether the two tags are raised; null: not known.</summary>
    public static (bool? Silent, bool? OneWay) Judge(MediaFlow inward, MediaFlow outward)
    {
        if (inward == MediaFlow.Unknown && outward == MediaFlow.Unknown)
            return (null, null);
        bool silent = !Flows(inward) && !Flows(outward);
        if (inward == MediaFlow.Unknown || outward == MediaFlow.Unknown)
            return (silent, null);
        (MediaFlow less, MediaFlow more) =
            inward < outward ? (inward, outward) : (outward, inward);
        bool? oneWay = (less, more) switch
        {
            (MediaFlow.Missing, MediaFlow.Packets or MediaFlow.Heard) => true,
            (MediaFlow.Quiet, MediaFlow.Heard) => true,
            (MediaFlow.Quiet, MediaFlow.Packets) => null,
            _ => false,
        };
        return (silent, oneWay);
    }

    /// <summary>
    /// The input that decided. silent is decided by the direction that flows more, one_way_audio
    /// by the one that flows less.
    /// </summary>
    public static (TagInput Input, double? Value, double Limit) Reason(
        in CallFacts facts, double silentLevelMax, bool isOneWay)
    {
        MediaFlow inward = Of(facts.In, silentLevelMax);
        MediaFlow outward = Of(facts.Out, silentLevelMax);
        bool byIn = isOneWay ? inward <= outward : inward >= outward;
        MediaDirection direction = byIn ? facts.In : facts.Out;
        return (byIn ? inward : outward) is MediaFlow.Quiet or MediaFlow.Heard
            ? (byIn ? TagInput.AudioLevelIn : TagInput.AudioLevelOut, direction.Level,
                silentLevelMax)
            : (byIn ? TagInput.PacketsIn : TagInput.PacketsOut, direction.Packets, 0);
    }

    private static bool Flows(MediaFlow flow) => flow is MediaFlow.Packets or MediaFlow.Heard;
}
