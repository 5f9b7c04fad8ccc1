using Earshot.Analytics;
using Earshot.Schemas.V1;

namespace Earshot.Actors.Calls;

/// <summary>The values of a call in its row, and where they are from.</summary>
internal static class FinishedValues
{
    private const string Reports = "reports";

    /// <summary>Fills in what the tags are decided by.</summary>
    /// <param name="row">The row.</param>
    /// <param name="said">What the call says.</param>
    /// <param name="facts">The same, completed by its reports.</param>
    public static void Fill(FinishedCall row, in CallFacts said, in CallFacts facts)
    {
        if (facts.PddSeconds is { } pdd)
            row.Pdd = pdd;
        if (facts.PacketLossPercent is { } loss)
            row.PacketLoss = loss;
        if (facts.AvgJitterMs is { } jitter)
            row.Jitter = jitter;
        if (facts.MaxJitterMs is { } maxJitter)
            row.MaxJitter = maxJitter;
        if (facts.DelayedPercent is { } delayed)
            row.DelayedPackets = delayed;
        if (facts.AvgLatencyMs is { } latency)
            row.Latency = latency;
        if (facts.RttMs is { } rtt)
            row.Rtt = rtt;
        if (facts.Mos is { } mos)
            row.Mos = mos;
        if (facts.In.Packets is { } packetsIn)
            row.PacketsIn = packetsIn;
        if (facts.Out.Packets is { } packetsOut)
            row.PacketsOut = packetsOut;
        if (facts.In.Level is { } levelIn)
            row.AudioLevelIn = levelIn;
        if (facts.Out.Level is { } levelOut)
            row.AudioLevelOut = levelOut;
        if (facts.IceFailed is { } failed)
            row.IceFailed = failed;
        for (TagInput input = TagInput.PacketLoss; input <= TagInput.Mos; input++)
        {
            if (ValueOf(facts, input) is not null && ValueOf(said, input) is null)
                row.FromReports.Add(TagInputs.NameOf(input));
        }
    }

    /// <summary>Where the value of an input is from.</summary>
    public static string BasisOf(FinishedCall row, in CallFacts said, TagInput input) =>
        input == TagInput.Pdd ? row.PddBasis
        : ValueOf(said, input) is null ? Reports
        : SaidBy(row.ClosedBy);

    /// <summary>Where it is from what a call says itself.</summary>
    public static string SaidBy(string closedBy) =>
        closedBy is FinishedRows.Signalling or FinishedRows.Limit ? "steps" : "summary";

    private static double? ValueOf(in CallFacts facts, TagInput input) => input switch
    {
        TagInput.PacketLoss => facts.PacketLossPercent,
        TagInput.AvgJitter => facts.AvgJitterMs,
        TagInput.MaxJitter => facts.MaxJitterMs,
        TagInput.DelayedPackets => facts.DelayedPercent,
        TagInput.AvgLatency => facts.AvgLatencyMs,
        TagInput.Rtt => facts.RttMs,
        TagInput.Pdd => facts.PddSeconds,
        TagInput.Mos => facts.Mos,
        _ => null,
    };
}
