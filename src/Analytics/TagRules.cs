using System.Collections.Immutable;

namespace Earshot.Analytics;

/// <summary>
/// When a call or a report interval carries a tag. Every rule answers in three ways: raised, known
/// not to be, or not known because its input is missing. Where a tag can be raised in two ways
/// (high_jitter, bad_network), one of them is enough to decide: most sources know only one.
/// </summary>
public sealed class TagRules
{
    private readonly ImmutableDictionary<(Edge Edge, string Limit), double> own;
    private readonly TagLimits[] byEdge = new TagLimits[Edges.Count];

    /// <summary>Creates rules with the same limits at every edge.</summary>
    /// <param name="common">The limits; null: the defaults.</param>
    /// <exception cref="ArgumentException">
    /// A limit is outside of its range; the message names it, its value and the range.
    /// </exception>
    public TagRules(TagLimits? common = null)
        : this(common ?? new TagLimits(), ImmutableDictionary<(Edge, string), double>.Empty)
    {
    }

    private TagRules(
        TagLimits common, ImmutableDictionary<(Edge Edge, string Limit), double> own)
    {
        this.own = own;
        Common = common;
        foreach (TagLimit limit in TagLimit.All)
            limit.Require(limit.Of(common), $"tags.{limit.Name}");
        Array.Fill(byEdge, common);
        foreach (TagLimit limit in TagLimit.All)
        {
            foreach (Edge edge in Edges.Named)
            {
                if (OwnLimit(edge, limit) is not { } value)
                    continue;
                limit.Require(value, $"tags.{Edges.NameOf(edge)}.{limit.Name}");
                byEdge[(int)edge] = limit.With(byEdge[(int)edge], value);
            }
        }
    }

    /// <summary>The limits of every edge that has none of its own.</summary>
    public TagLimits Common { get; }

    /// <summary>The limits of an edge.</summary>
    public TagLimits Of(Edge edge) => byEdge[(int)edge];

    /// <summary>A limit that an edge has of its own; null: the common one holds.</summary>
    public double? OwnLimit(Edge edge, TagLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        return own.TryGetValue((edge, limit.Name), out double value) ? value : null;
    }

    /// <summary>The rules with other common limits; what edges have of their own stays.</summary>
    /// <exception cref="ArgumentException">A limit is outside of its range.</exception>
    public TagRules With(TagLimits common) => new(common, own);

    /// <summary>The rules with a limit of an edge's own; null takes it back.</summary>
    /// <exception cref="ArgumentException">It is outside of its range.</exception>
    public TagRules With(Edge edge, TagLimit limit, double? value)
    {
        ArgumentNullException.ThrowIfNull(limit);
        (Edge, string) key = (edge, limit.Name);
        return new TagRules(Common, value is { } v ? own.SetItem(key, v) : own.Remove(key));
    }

    /// <summary>The tags of a report interval. They never include high_pdd.</summary>
    public TagResult OfReport(in ReportFacts facts)
    {
        facts.AsCall(out CallFacts call);
        return OfCall(call);
    }

    /// <summary>
    /// The tags of a finished call.
    /// <para>
    /// A direction is quiet when no packets flow, or when its level is known and silent. silent:
    /// nothing flows in any direction that is known. one_way_audio needs both: one is quiet, the
    /// other flows. That packets flow says nothing of what is heard: it counts against a direction
    /// without packets, and not against one that is silent by its level.
    /// </para>
    /// </summary>
    public TagResult OfCall(in CallFacts facts)
    {
        TagLimits limits = Of(facts.Edge);
        bool? loss = Above(facts.PacketLossPercent, limits.PacketLossPercentMax);
        bool? jitter = Either(
            HasHighMeanAndPeak(facts, limits),
            Above(facts.DelayedPercent, limits.DelayedPercentMax));
        (bool? silent, bool? oneWay) = MediaFlows.Judge(
            MediaFlows.Of(facts.In, limits.SilentAudioLevelMax),
            MediaFlows.Of(facts.Out, limits.SilentAudioLevelMax));
        return default(TagResult)
            .With(Tags.HighPacketLoss, loss)
            .With(Tags.HighJitter, jitter)
            .With(Tags.BadNetwork, Either(loss, jitter))
            .With(Tags.HighLatency, Edges.IsClient(facts.Edge)
                ? Above(facts.RttMs, limits.RttMsMax)
                : Above(facts.AvgLatencyMs, limits.LatencyMsMax))
            .With(Tags.HighPdd,
                Above(facts.PddSeconds, facts.PddLimitSeconds ?? limits.PddSecondsMax))
            .With(Tags.LowMos, Below(facts.Mos, limits.MosMin))
            .With(Tags.Silent, silent)
            .With(Tags.OneWayAudio, oneWay)
            .With(Tags.IceFailure, Edges.IsGateway(facts.Edge) ? null : facts.IceFailed);
    }

    /// <summary>Why a report interval carries a tag or does not; null: that is not known.</summary>
    public TagReason? Explain(in ReportFacts facts, Tags tag)
    {
        facts.AsCall(out CallFacts call);
        return Explain(call, tag);
    }

    /// <summary>Why a call carries a tag or does not; null: that is not known.</summary>
    /// <param name="facts">What is known of it.</param>
    /// <param name="tag">One tag.</param>
    public TagReason? Explain(in CallFacts facts, Tags tag)
    {
        TagResult result = OfCall(facts);
        if ((result.Known & tag) == 0)
            return null;
        TagLimits limits = Of(facts.Edge);
        (TagInput input, double? value, double limit) = tag switch
        {
            Tags.HighPacketLoss => LossReason(facts, limits),
            Tags.HighJitter => JitterReason(facts, limits),
            Tags.BadNetwork => DecidedByLoss(result)
                ? LossReason(facts, limits) : JitterReason(facts, limits),
            Tags.HighLatency => Edges.IsClient(facts.Edge)
                ? (TagInput.Rtt, facts.RttMs, limits.RttMsMax)
                : (TagInput.AvgLatency, facts.AvgLatencyMs, limits.LatencyMsMax),
            Tags.HighPdd => (
                TagInput.Pdd, facts.PddSeconds, facts.PddLimitSeconds ?? limits.PddSecondsMax),
            Tags.LowMos => (TagInput.Mos, facts.Mos, limits.MosMin),
            Tags.Silent or Tags.OneWayAudio => MediaFlows.Reason(
                facts, limits.SilentAudioLevelMax, isOneWay: tag == Tags.OneWayAudio),
            Tags.IceFailure => (TagInput.Ice, facts.IceFailed == true ? 1 : 0, 0),
            _ => throw new ArgumentOutOfRangeException(nameof(tag), tag, "It is not one tag."),
        };
        return new TagReason(tag, input, value!.Value, limit);
    }

    private static bool DecidedByLoss(TagResult result) =>
        (result.Raised & Tags.HighPacketLoss) != 0
        || ((result.Known & Tags.HighPacketLoss) != 0 && (result.Raised & Tags.HighJitter) == 0);

    private static (TagInput, double?, double) LossReason(
        in CallFacts facts, TagLimits limits) =>
        (TagInput.PacketLoss, facts.PacketLossPercent, limits.PacketLossPercentMax);

    private static (TagInput, double?, double) JitterReason(in CallFacts facts, TagLimits limits)
    {
        bool? jitter = HasHighMeanAndPeak(facts, limits);
        bool? delayed = Above(facts.DelayedPercent, limits.DelayedPercentMax);
        if (jitter is null || (jitter == false && delayed == true))
            return (TagInput.DelayedPackets, facts.DelayedPercent, limits.DelayedPercentMax);

        // Raised by both; not raised as soon as one of them is low: then that one is named.
        bool byMean = jitter == true || Above(facts.AvgJitterMs, limits.JitterMeanMsMax) == false;
        return byMean
            ? (TagInput.AvgJitter, facts.AvgJitterMs, limits.JitterMeanMsMax)
            : (TagInput.MaxJitter, facts.MaxJitterMs, limits.JitterPeakMsMax);
    }

    private static bool? HasHighMeanAndPeak(in CallFacts facts, TagLimits limits) =>
        Above(facts.AvgJitterMs, limits.JitterMeanMsMax)
        & Above(facts.MaxJitterMs, limits.JitterPeakMsMax);

    private static bool? Either(bool? one, bool? other) =>
        one is null ? other : other is null ? one : one | other;

    private static bool? Above(double? value, double limit) =>
        value is { } known && !double.IsNaN(known) ? known > limit : null;

    private static bool? Below(double? value, double limit) =>
        value is { } known && !double.IsNaN(known) ? known < limit : null;
}
