using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Tests.Simulation;

/// <summary>Seeded input: all four events, duplicates, disorder, late and broken records.</summary>
internal static class Events
{
    /// <summary>When the input was read, ms since the epoch.</summary>
    public const long AppendTimeMs = StartMs + (24 * 3_600_000);

    private const long StartMs = 1_700_000_000_000;

    private static readonly string[] Carriers = ["alpha", "beta", "gamma", "dél\u00e9", ""];

    private static readonly CallState.Types.State[] Ends =
    [
        CallState.Types.State.Completed, CallState.Types.State.Failed, CallState.Types.State.Busy,
        CallState.Types.State.Noanswer, CallState.Types.State.Canceled,
    ];

    // Of calls that were not answered; 0: none is told.
    private static readonly int[] Responses = [486, 503, 0, 404, 302, 603, 408, 407];

    /// <summary>Records in arrival order.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="calls">How many calls.</param>
    /// <param name="gapMs">From the start of one call to the next.</param>
    /// <param name="disorderMs">How far an event may arrive behind later ones.</param>
    /// <param name="dirt">True: broken, late and repeated records too.</param>
    public static List<byte[]> Make(
        int seed, int calls, long gapMs, long disorderMs, bool dirt)
    {
        Random random = new(seed);
        List<(long ArrivalMs, int Order, byte[] Bytes)> records = [];
        void Add(Envelope envelope, long timeMs)
        {
            byte[] bytes = envelope.ToByteArray();
            long arrival = timeMs + random.NextInt64(disorderMs + 1);
            records.Add((arrival, records.Count, bytes));
            if (!dirt)
                return;
            if (random.Next(30) == 0)
                records.Add((arrival + random.Next(5000), records.Count, bytes));
            if (random.Next(80) == 0)
                records.Add((arrival, records.Count, bytes[..random.Next(bytes.Length)]));
            if (random.Next(80) == 0)
                records.Add((arrival + 2_000_000, records.Count, Again(envelope, random)));
        }

        for (int call = 0; call < calls; call++)
            AddCall(random, call, gapMs, Add);
        return [.. records.OrderBy(r => r.ArrivalMs).ThenBy(r => r.Order).Select(r => r.Bytes)];
    }

    private static byte[] Again(Envelope envelope, Random random)
    {
        Envelope late = envelope.Clone();
        string id = "late" + random.Next();
        switch (late.EventCase)
        {
            case Envelope.EventOneofCase.CallMetric:
                late.CallMetric.EventId = id;
                break;
            case Envelope.EventOneofCase.CallSummary:
                late.CallSummary.EventId = id;
                break;
            case Envelope.EventOneofCase.StreamReport:
                late.StreamReport.EventId = id;
                break;
            default:
                late.CallEvent.EventId = id;
                break;
        }

        return late.ToByteArray();
    }

    private static void AddCall(
        Random random, int call, long gapMs, Action<Envelope, long> add)
    {
        long start = StartMs + (call * gapMs) + random.Next(3000);

        // Some calls lie on full seconds, so that windows have events at their very edges.
        if (random.Next(3) == 0)
            start -= start % 10_000;
        string id = "call" + call, carrier = Carriers[random.Next(Carriers.Length)];
        string country = random.Next(12) == 0 ? "" : "c" + random.Next(3);
        CallState.Types.State end = Ends[random.Next(3) == 0 ? random.Next(Ends.Length) : 0];
        long durationMs = random.Next(1000, 400_000);
        void Step(string name, CallState.Types.State state, long at, int sip)
        {
            CallEvent step = new()
            {
                EventTime = at,
                EventId = $"{id}-{name}",
                CallId = id,
                SignalingEvent = new SignalingEvent { CallState = new CallState { State = state } },
            };
            if (sip > 0)
                step.SipResponse = sip;
            Dimension(step.Dimensions, carrier, country);
            add(new Envelope { CallEvent = step }, at);
        }

        // Kind 4 is media without signalling.
        int kind = random.Next(12) == 0 ? 4 : random.Next(4);
        if (kind < 3)
        {
            bool answered = end == CallState.Types.State.Completed;
            int sip = answered ? 200 : Responses[call % Responses.Length];
            Step("init", CallState.Types.State.Initialized, start, 0);
            long ringing = start + random.Next(100, 9000);
            if (answered || call % 3 != 0)
                Step("ring", CallState.Types.State.Ringing, ringing, 180);
            if (answered)
                Step("answer", CallState.Types.State.Answered, start + 9000, sip);
            bool dropped = answered && call % 7 == 0;
            if (random.Next(20) != 0)
            {
                Step(
                    "end", dropped ? CallState.Types.State.Failed : end,
                    start + 9000 + durationMs, sip);
            }
        }

        AddReports(random, call, carrier, country, start, durationMs, add);
        if (kind == 1 || kind == 3)
            AddSummary(random, id, carrier, country, end, start + 9000 + durationMs, true, add);
        if (kind is 1 or 2)
            AddSummary(random, id, carrier, country, end, start + 9000 + durationMs, false, add);
        AddMetric(random, id, carrier, country, start, add);
    }

    private static void AddMetric(
        Random random, string call, string carrier, string country, long at,
        Action<Envelope, long> add)
    {
        CallMetric metric = new()
        {
            EventTime = at,
            EventId = call + "-m",
            Metric = random.Next(2) == 0 ? "buffer_depth" : "jitter",
            Value = Math.Round((random.NextDouble() * 100) - 20, 3),
        };
        Dimension(metric.Dimensions, carrier, country);
        add(new Envelope { CallMetric = metric }, at);
    }

    private static void AddReports(
        Random random, int call, string carrier, string country, long start, long durationMs,
        Action<Envelope, long> add)
    {
        string id = "call" + call;
        // Some streams fall silent for longer than any keep time, and come back.
        bool hears = random.Next(4) > 0, speaks = random.Next(4) > 0;
        for (long at = start + 10_000; at < start + durationMs; at += 10_000)
        {
            if (call % 4 != 3 || (at - start) / 130_000 != 1)
                AddReport(random, id, carrier, country, at, add);
            if (random.Next(3) == 0)
                AddDirection(random, id, carrier, country, at, hears, speaks, add);
        }
    }

    private static void AddReport(
        Random random, string call, string carrier, string country, long at,
        Action<Envelope, long> add)
    {
        StreamReport report = new()
        {
            EventTime = at,
            EventId = $"{call}-r{at}",
            CallId = call,
            StreamId = call + "-s",
            Jitter = random.NextDouble() * 40,
            Rtt = random.Next(10, 500),
            Codec = random.Next(3) switch { 0 => "", 1 => "PCMU", _ => "mystery" },
            PacketsReceivedTotal = (at % 1_000_000) / 20,
            PacketsLostTotal = (at % 1_000_000) / 20 / (1 + random.Next(50)),
            AudioLevelIn = at % 170_000 < 80_000 ? 0 : 0.4,
            AudioLevelOut = 0.3,
        };

        // Bad spells, so that warnings raise and clear.
        bool isBad = at / 70_000 % 3 == 0;
        if (random.Next(4) != 0)
            (report.MaxJitter, report.Mos) = isBad ? (55, 2.9) : (12, 4.1);
        if (random.Next(40) == 0)
            report.IceState = random.Next(2) == 0 ? "failed" : "connected";
        Dimension(report.Dimensions, carrier, country);
        add(new Envelope { StreamReport = report }, at);
    }

    /// <summary>A report of one direction, as sources have them that know only that.</summary>
    private static void AddDirection(
        Random random, string call, string carrier, string country, long at, bool hears,
        bool speaks, Action<Envelope, long> add)
    {
        bool inward = random.Next(2) == 0;
        string edge = random.Next(2) == 0 ? "sdk_edge" : "sip_edge";
        StreamReport report = new()
        {
            EventTime = at,
            EventId = $"{call}-d{at}",
            CallId = call,
            StreamId = call + (inward ? "-in" : "-out"),
        };
        if (inward)
        {
            report.AudioLevelIn = hears ? random.NextDouble() : 0;
            report.PacketsReceived = hears ? random.Next(500) : 0;
            report.PacketsLost = random.Next(-2, 30);
            report.DelayedPacketsPercentage = random.NextDouble() * 2;
        }
        else
        {
            // Counters of 32 bits that wrap now and then.
            report.PacketsSentTotal = speaks ? (at / 20 * 1_000_000) % (1L << 32) : 0;
            report.Latency = random.Next(300);
            report.Mos = 2 + (random.NextDouble() * 3);
        }

        Dimension(report.Dimensions, carrier, country);
        report.Dimensions.Add("edge", edge);
        add(new Envelope { StreamReport = report }, at);
    }

    private static void AddSummary(
        Random random, string call, string carrier, string country, CallState.Types.State end,
        long at, bool partial, Action<Envelope, long> add)
    {
        CallSummary summary = new()
        {
            EventTime = at,
            EventId = $"{call}-s{partial}",
            CallId = call,
            ProcessingState = partial
                ? CallSummary.Types.ProcessingState.Partial
                : CallSummary.Types.ProcessingState.Complete,
            CallState = end,
            Score = random.NextDouble(),
            LastSipResponse = end == CallState.Types.State.Completed ? 200 : 486,
            Metrics = new CallSummary.Types.Metrics
            {
                Pdd = random.Next(20) == 0 ? -5 : random.NextDouble() * 10,
                ConnectDuration = end == CallState.Types.State.Completed ? random.Next(200) : 0,
            },
        };

        // One that says nothing of quality leaves that to its reports.
        if (random.Next(3) > 0)
        {
            summary.Metrics.AvgJitter = random.NextDouble() * 20;
            summary.Metrics.MaxJitter = random.NextDouble() * 60;
            summary.Metrics.PacketLossPercentage = random.NextDouble() * 8;
        }

        Dimension(summary.Dimensions, carrier, country);
        add(new Envelope { CallSummary = summary }, at);
    }

    private static void Dimension(
        Google.Protobuf.Collections.MapField<string, string> into, string carrier, string country)
    {
        if (carrier.Length > 0)
            into.Add("carrier", carrier);
        if (country.Length > 0)
            into.Add("country_code", country);
    }
}
