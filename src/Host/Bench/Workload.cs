using Earshot.Actors;
using Earshot.Log;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Host.Bench;

/// <summary>What a workload is made of. The same options give the same bytes, everywhere.</summary>
internal sealed record WorkloadOptions
{
    /// <summary>Keys over the three grouping sets of <see cref="Workload.Keys"/>.</summary>
    public int Keys { get; init; } = 50_000;

    /// <summary>Event time, ms, that passes from one event to the next.</summary>
    public double StepMs { get; init; } = 1;

    /// <summary>Share of events that are sent a second time, a thousand events later.</summary>
    public double DuplicateShare { get; init; }

    /// <summary>Share of calls whose complete summary follows a partial one.</summary>
    public double PartialShare { get; init; }

    /// <summary>An event comes at most so long after it happened, ms.</summary>
    public int DisorderMs { get; init; }

    /// <summary>Seed of everything random.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>
/// CallSummary events over Zipf-distributed keys (exponent 1), seven metrics each. The first
/// events go through all accounts and carriers once, so that every key is alive early.
/// </summary>
internal sealed class Workload
{
    /// <summary>The grouping sets the keys are counted over.</summary>
    public const string Keys = "account;carrier,country;country";

    /// <summary>Records of a batch: as many as a partition asks its log for.</summary>
    public const int BatchRecords = 4096;

    /// <summary>When the first event happens, ms since the epoch: a midnight.</summary>
    public const long StartMs = 1_736_121_600_000;

    /// <summary>Events between the first and the second sending of a repeated one.</summary>
    private const int RepeatAfter = 1000;

    private readonly WorkloadOptions options;
    private readonly ZipfTable accounts;
    private readonly ZipfTable pairs;
    private readonly int countries;
    private readonly Envelope envelope = new() { CallSummary = NewSummary() };
    private readonly byte[] buffer = new byte[1024];

    // What is to be sent again or completed, and with which event that happens.
    private readonly Queue<(long At, Pending What)> pending = new();
    private SplitMix random;
    private long next;
    private long bytesMade;

    /// <summary>Creates the generator of one stream of events.</summary>
    public Workload(WorkloadOptions options)
    {
        this.options = options;
        random = new SplitMix(options.Seed);
        countries = Math.Clamp(options.Keys / 500, 1, 200);
        int named = options.Keys * 4 / 5;
        accounts = new ZipfTable(named);
        pairs = new ZipfTable(Math.Max(1, options.Keys - named - countries));
    }

    /// <summary>Events made so far.</summary>
    public long Count => next;

    /// <summary>Event time of the next event without its disorder, ms since the epoch.</summary>
    public long NowMs => TimeMsOf(next);

    /// <summary>Event time of an event without its disorder, ms since the epoch.</summary>
    /// <param name="index">How many were made before it.</param>
    public long TimeMsOf(long index) => StartMs + (long)(index * options.StepMs);

    /// <summary>Mean size of the records made so far, bytes.</summary>
    public double MeanBytes => next == 0 ? 0 : (double)bytesMade / next;

    /// <summary>The next events, as batches of one partition; offsets go on.</summary>
    /// <param name="count">How many events.</param>
    public RecordBatch[] Batches(int count)
    {
        TopicPartition source = new(Topics.CallsDefault, 0);
        RecordBatchBuilder builder = new();
        List<RecordBatch> batches = [];
        for (int left = count; left > 0;)
        {
            long from = next;
            for (; left > 0 && builder.Count < BatchRecords; left--)
                Append(builder);
            batches.Add(builder.Build(source, from, next, NowMs + options.DisorderMs));
        }

        return [.. batches];
    }

    /// <summary>Adds the next event.</summary>
    public void Append(RecordBatchBuilder builder)
    {
        long offset = next;
        Span<byte> id = stackalloc byte[17];
        int length = Write(id);
        builder.Add(offset, id, buffer.AsSpan(0, length));
        bytesMade += length;
    }

    /// <summary>Writes the next event into the buffer and its call id into a span.</summary>
    private int Write(Span<byte> callId)
    {
        long timeMs = NowMs;
        long at = next++;
        bool isNew = !(pending.TryPeek(out (long At, Pending What) due) && due.At <= at);
        Pending call = isNew ? NewCall(at, timeMs) : pending.Dequeue().What;
        Fill(envelope.CallSummary, call);
        if (isNew && call.IsPartial)
            pending.Enqueue((at + RepeatAfter, call with { IsPartial = false }));
        else if (isNew && random.Even() < options.DuplicateShare)
            pending.Enqueue((at + RepeatAfter, call));
        WriteId(callId, (byte)'C', call.Id);
        int length = envelope.CalculateSize();
        envelope.WriteTo(buffer.AsSpan(0, length));
        return length;
    }

    private Pending NewCall(long at, long timeMs)
    {
        long happened = timeMs + (long)(random.Even() * options.DisorderMs);
        bool first = at < accounts.Count;
        int account = first ? (int)at : accounts.Sample(random.Even());
        int pair = first ? (int)(at % pairs.Count) : pairs.Sample(random.Even());
        return new Pending(
            random.Next(), happened, account, pair, random.Even() < options.PartialShare);
    }

    private void Fill(CallSummary summary, in Pending call)
    {
        // Values follow from the call alone: what is sent again is the same.
        SplitMix values = new(call.Id);
        summary.EventTime = call.TimeMs;
        summary.LoggedTime = call.TimeMs + 250;
        summary.EventId = IdOf(call.IsPartial ? 'P' : 'E', call.Id);
        summary.CallId = IdOf('C', call.Id);
        summary.ProcessingState = call.IsPartial
            ? CallSummary.Types.ProcessingState.Partial
            : CallSummary.Types.ProcessingState.Complete;
        summary.Dimensions["account"] = $"AC{call.Account:d8}";
        summary.Dimensions["carrier"] = $"carrier-{call.Pair / countries:d3}";
        summary.Dimensions["country"] = $"C{call.Pair % countries:d2}";
        CallSummary.Types.Metrics metrics = summary.Metrics;
        metrics.ConnectDuration = Cents(300 * values.Skewed());
        metrics.Pdd = Cents(0.5 + (2 * values.Skewed()));
        metrics.AvgJitter = Cents(6 * values.Skewed());
        metrics.MaxJitter = Cents(metrics.AvgJitter * (1.5 + (3 * values.Even())));
        metrics.AvgLatency = Cents(30 + (60 * values.Skewed()));
        metrics.MaxLatency = Cents(metrics.AvgLatency * (1.2 + values.Even()));
        metrics.PacketLossPercentage = values.Even() < 0.5 ? 0 : Cents(2 * values.Skewed());
        bool answered = values.Even() < 0.8;
        summary.CallState = answered
            ? CallState.Types.State.Completed
            : CallState.Types.State.Busy;
        summary.LastSipResponse = answered ? 200 : 486;
    }

    private static CallSummary NewSummary() => new()
    {
        Dimensions =
        {
            ["account"] = "", ["carrier"] = "", ["country"] = "",
            ["direction"] = "outbound", ["edge"] = "carrier_edge",
        },
        Metrics = new CallSummary.Types.Metrics(),
        Codec = "PCMU",
        DisconnectedBy = "caller",
    };

    private static double Cents(double value) => Math.Floor(value * 100) / 100;

    private static string IdOf(char kind, ulong id) => string.Create(17, (kind, id), Spell);

    private static void Spell(Span<char> text, (char Kind, ulong Id) from)
    {
        text[0] = from.Kind;
        from.Id.TryFormat(text[1..], out _, "x16");
    }

    private static void WriteId(Span<byte> text, byte kind, ulong id)
    {
        text[0] = kind;
        id.TryFormat(text[1..], out _, "x16");
    }

    private readonly record struct Pending(
        ulong Id, long TimeMs, int Account, int Pair, bool IsPartial);
}
