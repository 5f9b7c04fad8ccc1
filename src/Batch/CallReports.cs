using Earshot.Analytics;

namespace Earshot.Batch;

/// <summary>
/// The stream reports of a call that is not counted yet, in the order they came: all that is said
/// of a metric, and of packets and levels.
/// </summary>
internal sealed class CallReports
{
    private readonly Dictionary<string, List<double>> said = [];
    private readonly List<long> received = [];
    private readonly List<long> sent = [];
    private readonly List<(long Received, long Lost)> counted = [];
    private readonly List<double> levelsIn = [];
    private readonly List<double> levelsOut = [];
    private readonly List<bool> iceFailed = [];
    private Edge edge;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The time of the newest.</summary>
    public long LastMs { get; private set; } = long.MinValue;

    /// <summary>Takes in a report.</summary>
    /// <param name="e">With the packets of its interval.</param>
    /// <param name="readings">Its values that can be.</param>
    /// <param name="at">Where it was made.</param>
    public void Add(Event e, Reading[] readings, Edge at)
    {
        Count++;
        LastMs = Math.Max(LastMs, e.TimeMs);
        edge = edge == Edge.Unknown ? at : edge;
        AddTo(received, e.PacketsReceived);
        AddTo(sent, e.PacketsSent);
        AddTo(levelsIn, e.AudioLevelIn);
        AddTo(levelsOut, e.AudioLevelOut);
        AddTo(iceFailed, e.IceFailed);
        bool hasCounts = e.PacketsReceived is not null && e.PacketsLost is not null;
        if (hasCounts)
            counted.Add((e.PacketsReceived!.Value, Math.Max(0, e.PacketsLost!.Value)));
        foreach (Reading reading in readings)
        {
            if (hasCounts && reading.Metric == Readings.PacketLoss)
                continue;
            if (!said.TryGetValue(reading.Metric, out List<double>? values))
                said.Add(reading.Metric, values = []);
            values.Add(reading.Value);
        }
    }

    /// <summary>What a call says, and where it says nothing, what its reports say.</summary>
    public CallFacts Complete(CallFacts call) => call with
    {
        Edge = call.Edge == Edge.Unknown ? edge : call.Edge,
        PacketLossPercent = call.PacketLossPercent ?? LossPercent,
        AvgJitterMs = call.AvgJitterMs ?? Mean("jitter"),
        MaxJitterMs = call.MaxJitterMs ?? Greatest("jitter", "max_jitter"),
        DelayedPercent = call.DelayedPercent ?? Mean("delayed_packets"),
        AvgLatencyMs = call.AvgLatencyMs ?? Mean("latency"),
        RttMs = call.RttMs ?? Mean("rtt"),
        Mos = call.Mos ?? Mean("mos"),
        In = new MediaDirection(Sum(received), Greatest(levelsIn)),
        Out = new MediaDirection(Sum(sent), Greatest(levelsOut)),
        IceFailed = iceFailed.Count == 0 ? null : iceFailed.Contains(true),
    };

    /// <summary>By packets where they are known, else the mean of what the reports say.</summary>
    private double? LossPercent
    {
        get
        {
            long lost = Sum(counted.Select(report => report.Lost)) ?? 0;
            long expected = Sum(counted.Select(report => Add(report.Received, report.Lost))) ?? 0;
            return expected > 0 ? 100.0 * lost / expected : Mean(Readings.PacketLoss);
        }
    }

    private double? Mean(string metric) =>
        said.TryGetValue(metric, out List<double>? values) ? values.Sum() / values.Count : null;

    private double? Greatest(params string[] metrics) =>
        Greatest(metrics.SelectMany(metric => said.GetValueOrDefault(metric) ?? []));

    private static double? Greatest(IEnumerable<double> values) =>
        values.Select(value => (double?)value).Max();

    private static long? Sum(IEnumerable<long> packets)
    {
        long? sum = null;
        foreach (long some in packets)
            sum = Add(sum ?? 0, some);
        return sum;
    }

    // No more than fits: a source may report anything.
    private static long Add(long a, long b) => (long)Int128.Min(long.MaxValue, (Int128)a + b);

    private static void AddTo<T>(List<T> values, T? value) where T : struct
    {
        if (value is { } known)
            values.Add(known);
    }
}
