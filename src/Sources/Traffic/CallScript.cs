using State = Earshot.Schemas.V1.CallState.Types.State;

namespace Earshot.Sources.Traffic;

/// <summary>
/// How calls go. Signalling first (initialized, post-dial delay, ringing, answered), then two
/// stream reports every 10 s of talk, then the final state, a partial and a complete summary.
/// </summary>
internal sealed class CallScript(TrafficRandom random)
{
    public const int ReportEveryMs = 10_000;

    private const int SipOk = 200;
    private const double TalkSecondsMean = 170;
    private const double TalkSecondsMax = 7200;

    // In the bad hour: how much worse the degraded carrier gets.
    private const double DegradedPdd = 2.5;
    private const double DegradedJitter = 5;
    private const double DegradedLoss = 0.06;
    private const double DegradedFailures = 0.25;

    private static readonly byte[][] Accounts = TrafficWorld.Utf8(
        Enumerable.Range(0, TrafficWorld.Accounts).Select(TrafficWorld.AccountName));

    private static readonly byte[][] Parents = TrafficWorld.Utf8(
        Enumerable.Range(0, TrafficWorld.Accounts).Select(TrafficWorld.ParentName));

    private static readonly byte[][] Carriers = TrafficWorld.Utf8(TrafficWorld.Carriers);
    private static readonly byte[][] Edges = TrafficWorld.Utf8(TrafficWorld.Edges);

    private static readonly byte[][] Countries =
        TrafficWorld.Utf8(TrafficWorld.Countries.Select(country => country.Code));

    private static readonly byte[][] Regions =
        TrafficWorld.Utf8(TrafficWorld.Countries.Select(country => country.Region));

    private static readonly byte[][] Routes = TrafficWorld.Utf8(
        from carrier in TrafficWorld.Carriers
        from country in TrafficWorld.Countries
        select "RT-" + carrier[^1..] + "-" + country.Code);

    /// <summary>The route id of a carrier and country, UTF-8.</summary>
    public static byte[] RouteOf(LiveCall call) =>
        Routes[(call.Carrier * Countries.Length) + call.Country];

    /// <summary>Makes up a call that begins at <paramref name="startMs"/>.</summary>
    public void Begin(LiveCall call, ulong id, long startMs)
    {
        call.Restart();
        call.Id = id;
        call.StartMs = startMs;
        call.Step = CallStep.Initialized;
        call.StepMs = startMs;
        call.Carrier = TrafficWorld.Pick(TrafficWorld.CarrierSizes, random.Even());
        call.Country = TrafficWorld.Pick(TrafficWorld.CountrySizes, random.Even());
        int edge = TrafficWorld.Pick(TrafficWorld.EdgeSizes, random.Even());
        call.IsClient = edge >= 2;
        WriteFields(call, edge);
        DecideOutcome(call);
        DecideQuality(call);
    }

    /// <summary>Goes on to the step after the one that just happened.</summary>
    public void Next(LiveCall call)
    {
        switch (call.Step)
        {
            case CallStep.Initialized when call.HasPdd:
                Go(call, CallStep.PostDialDelay, call.StartMs + (long)(call.PddSeconds * 1000));
                break;
            case CallStep.PostDialDelay when call.Outcome is not (State.Busy or State.Failed):
                Go(call, CallStep.Ringing, call.StepMs + 1);
                break;
            case CallStep.Ringing when call.AnswerMs != 0:
                Go(call, CallStep.Answered, call.AnswerMs);
                break;
            case CallStep.ReportIn:
                Go(call, CallStep.ReportOut, call.StepMs + 3);
                break;
            case CallStep.Answered or CallStep.ReportOut or CallStep.Metric:
                Talk(call);
                break;
            case CallStep.Ended:
                Summarise(call, CallStep.PartialSummary, missing: 0.05);
                break;
            case CallStep.PartialSummary:
                Summarise(call, CallStep.CompleteSummary, missing: 0.02);
                break;
            case CallStep.CompleteSummary:
                call.Step = CallStep.Gone;
                break;
            default:
                Go(call, CallStep.Ended, call.EndMs);
                break;
        }
    }

    private static void Go(LiveCall call, CallStep step, long timeMs)
    {
        call.Step = step;
        call.StepMs = timeMs;
    }

    private static void Talk(LiveCall call)
    {
        if (Math.Min(call.NextReportMs, call.MetricMs) > call.EndMs)
        {
            Go(call, CallStep.Ended, call.EndMs);
        }
        else if (call.MetricMs < call.NextReportMs)
        {
            Go(call, CallStep.Metric, call.MetricMs);
            call.MetricMs = long.MaxValue;
        }
        else
        {
            Go(call, CallStep.ReportIn, call.NextReportMs);
            call.NextReportMs += ReportEveryMs;
        }
    }

    // A few summaries are never made. The partial one comes at once, the complete one later.
    private void Summarise(LiveCall call, CallStep step, double missing)
    {
        bool partial = step == CallStep.PartialSummary;
        if (random.Chance(missing))
        {
            call.Step = step;
            Next(call);
            return;
        }

        double seconds = partial ? random.Even(0.2, 2) : random.Even(4, 25);
        Go(call, step, call.StepMs + (long)(seconds * 1000));
    }

    private void DecideOutcome(LiveCall call)
    {
        bool degraded = TrafficWorld.IsDegraded(call.Carrier, call.StartMs);
        double typical = TrafficWorld.Countries[call.Country].PddSeconds;
        double pdd = typical * (0.6 + (0.4 * random.Exponential())) * (degraded ? DegradedPdd : 1);
        call.PddSeconds = TrafficRandom.Round(pdd, 1000);
        long offeredMs = call.StartMs + (long)(call.PddSeconds * 1000);
        double draw = random.Even();
        double failures = degraded ? 0.06 + DegradedFailures : 0.06;
        call.HasPdd = true;
        if (draw < failures)
        {
            double which = random.Even();
            (call.Outcome, call.SipResponse) =
                (State.Failed, which < 0.5 ? 503 : which < 0.75 ? 404 : which < 0.9 ? 500 : 408);
            call.HasPdd = random.Chance(0.3);
            call.EndMs = offeredMs + (long)random.Even(20, 2000);
            return;
        }

        double ringSeconds = random.Even(2, 6) + (5 * random.Exponential());
        (call.Outcome, call.SipResponse) = ((draw - failures) / (1 - failures)) switch
        {
            < 0.07 => (State.Busy, 486),
            < 0.21 => (State.Noanswer, 480),
            < 0.28 => (State.Canceled, 487),
            _ => (State.Completed, SipOk),
        };
        if (call.Outcome == State.Busy)
            ringSeconds = 0.2;
        else if (call.Outcome == State.Noanswer)
            ringSeconds = 30;
        call.EndMs = offeredMs + (long)(ringSeconds * 1000);
        if (call.Outcome == State.Completed)
            Answer(call);
    }

    private void Answer(LiveCall call)
    {
        double talk = random.Chance(0.12)
            ? random.Even(0.8, 10)
            : Math.Min(8 + (TalkSecondsMean * random.Exponential()), TalkSecondsMax);
        call.AnswerMs = call.EndMs;
        call.EndMs += (long)(talk * 1000);
        call.NextReportMs = call.AnswerMs + ReportEveryMs;
        if (random.Chance(0.1))
            call.MetricMs = call.AnswerMs + (long)(talk * 1000 * random.Even(0.2, 0.8));
    }

    private void DecideQuality(LiveCall call)
    {
        double trouble = TrafficWorld.TroubleOf(call.Carrier) * (call.IsClient ? 1.6 : 1);
        bool bad = random.Chance(0.05);
        call.JitterMs = 1.1 * trouble * (0.5 + (0.5 * random.Exponential())) * (bad ? 5 : 1);
        call.LossShare = (0.002 * trouble * random.Exponential()) + (bad ? 0.04 : 0);
        call.RttMs = TrafficWorld.Countries[call.Country].RttMs * random.Even(0.8, 1.3);
        call.SilentIn = random.Chance(0.004);
        call.SilentOut = random.Chance(0.004);
        call.IceFailed = call.IsClient && random.Chance(0.006);
    }

    /// <summary>Jitter (ms) and share of lost packets of one report interval.</summary>
    public (double JitterMs, double LossShare) QualityAt(LiveCall call, long timeMs)
    {
        double jitter = call.JitterMs * (0.7 + (0.3 * random.Exponential()));
        double loss = call.LossShare * random.Exponential();
        return TrafficWorld.IsDegraded(call.Carrier, timeMs)
            ? (jitter * DegradedJitter, loss + (DegradedLoss * random.Even(0.5, 1.5)))
            : (jitter, loss);
    }

    private void WriteFields(LiveCall call, int edge)
    {
        int account = TrafficWorld.Pick(TrafficWorld.AccountSizes, random.Even());
        WireWriter writer = new(call.Fields, 0);
        Dimension(ref writer, "account"u8, Accounts[account]);
        Dimension(ref writer, "parent_account"u8, Parents[account]);
        Dimension(ref writer, "carrier"u8, Carriers[call.Carrier]);
        Dimension(ref writer, "country"u8, Countries[call.Country]);
        Dimension(ref writer, "direction"u8, random.Chance(0.7) ? "outbound"u8 : "inbound"u8);
        Dimension(ref writer, "edge"u8, Edges[edge]);
        Dimension(ref writer, "region"u8, Regions[call.Country]);
        call.DimensionsLength = writer.Position;
        writer.Id(5, "CA"u8, call.Id, default);
        call.FieldsLength = writer.Position;
    }

    private static void Dimension(
        ref WireWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int begun = writer.Begin(4);
        writer.Bytes(1, name);
        writer.Bytes(2, value);
        writer.End(begun);
    }
}
