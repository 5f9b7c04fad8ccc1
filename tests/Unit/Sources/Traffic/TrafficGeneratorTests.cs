using Earshot.Schemas;
using Earshot.Sources.Traffic;
using Earshot.Tests.Unit.Schemas;

namespace Earshot.Tests.Unit.Sources.Traffic;

public sealed class TrafficGeneratorTests
{
    private const long MinuteMs = 60_000;
    private static readonly DateTimeOffset Noon = new(2025, 1, 6, 12, 0, 0, TimeSpan.Zero);

    // Slow enough for late events to come within the first hundred thousand.
    private static readonly TrafficOptions Slow = new() { Start = Noon, CallsPerSecond = 1 };

    private readonly EnvelopeDecoder decoder = new();
    private readonly EventRecord record = EnvelopeOracle.NewRecord();

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        Assert.Equal(HashOf(Slow), HashOf(Slow));
        Assert.NotEqual(HashOf(Slow), HashOf(Slow with { Seed = 2 }));
    }

    [Fact]
    public void The_bytes_of_a_seed_never_change() =>
        Assert.Equal(7180055799984431415ul, HashOf(Slow));

    [Fact]
    public void Shares_are_as_asked()
    {
        TrafficOptions options = Slow with { BrokenShare = 0.005 };
        Dictionary<TrafficFate, int> fates = [];
        const int Events = 100_000;
        TrafficGenerator generator = new(options);
        for (int i = 0; i < Events; i++)
        {
            TrafficFate fate = generator.Next().Fate;
            fates[fate] = fates.GetValueOrDefault(fate) + 1;
        }

        Assert.InRange(fates[TrafficFate.Duplicate], 0.018 * Events, 0.022 * Events);
        Assert.InRange(fates[TrafficFate.Late], 0.0010 * Events, 0.0025 * Events);
        Assert.InRange(fates[TrafficFate.Broken], 0.004 * Events, 0.006 * Events);
    }

    [Fact]
    public void Every_record_is_what_its_fate_says()
    {
        TrafficGenerator generator = new(Slow with { BrokenShare = 0.01 });
        HashSet<ulong> seen = [];
        HashSet<EventKind> kinds = [];
        long arrivalMs = 0, newestMs = 0, endsMs = Noon.AddHours(1).ToUnixTimeMilliseconds();
        while (arrivalMs < endsMs)
        {
            TrafficEvent traffic = generator.Next();
            Assert.True(traffic.ArrivalTimeMs >= arrivalMs, "arrival times never fall");
            arrivalMs = traffic.ArrivalTimeMs;
            DecodeResult result = decoder.Decode(traffic.Bytes.Span, record);
            if (traffic.Fate == TrafficFate.Broken)
            {
                Assert.True(result == DecodeResult.Dead || IsInvalid(record, arrivalMs));
                continue;
            }

            Assert.Equal(DecodeResult.Event, result);
            Assert.False(IsInvalid(record, arrivalMs));
            Assert.Equal(traffic.Kind, record.Kind);
            Assert.Equal(traffic.EventTimeMs, record.EventTimeMs);
            Assert.Equal(
                StableHash.Of(traffic.Key.Span), decoder.RoutingHash(traffic.Bytes.Span));
            Assert.Equal(traffic.Fate != TrafficFate.Duplicate, seen.Add(record.EventId));
            bool late = record.EventTimeMs < newestMs - (10 * MinuteMs);
            Assert.Equal(traffic.Fate == TrafficFate.Late, late);
            newestMs = Math.Max(newestMs, record.EventTimeMs);
            kinds.Add(record.Kind);
        }

        Assert.Equal(4, kinds.Count);
    }

    [Fact]
    public void Writes_what_the_generated_message_writes()
    {
        TrafficGenerator generator = new(Slow with { BrokenShare = 0 });
        for (int i = 0; i < 5_000; i++)
        {
            byte[] bytes = generator.Next().Bytes.ToArray();
            Earshot.Schemas.V1.Envelope envelope =
                Earshot.Schemas.V1.Envelope.Parser.ParseFrom(bytes);
            Assert.Equal(bytes, Google.Protobuf.MessageExtensions.ToByteArray(envelope));
        }
    }

    [Fact]
    public void The_degraded_carrier_is_worse_in_its_hour_and_no_other_is()
    {
        TrafficGenerator generator = new(Slow with { Start = Noon.AddMinutes(105) });
        long endsMs = Noon.AddMinutes(195).ToUnixTimeMilliseconds();
        // Sum and count of jitter, loss and PDD: [degraded carrier][in its hour].
        Dictionary<(bool Degraded, bool Hour, int Metric), (double Sum, int Count)> means = [];
        while (true)
        {
            TrafficEvent traffic = generator.Next();
            if (traffic.ArrivalTimeMs >= endsMs)
                break;
            if (traffic.Fate == TrafficFate.Broken)
                continue;
            decoder.Decode(traffic.Bytes.Span, record);
            bool degraded =
                record.DimensionValues[record.Dimensions[2]] == TrafficWorld.DegradedCarrier;
            long hour = record.EventTimeMs / (60 * MinuteMs) % 24;
            foreach (MetricValue value in record.Values)
            {
                (bool, bool, int) key = (degraded, hour == TrafficWorld.DegradedHour, value.Metric);
                (double sum, int count) = means.GetValueOrDefault(key);
                means[key] = (sum + value.Value, count + 1);
            }
        }

        Assert.InRange(Rise(true, Metrics.Jitter), 3, 8);
        Assert.InRange(Rise(true, Metrics.PacketLoss), 4, 40);
        Assert.InRange(Rise(true, Metrics.Pdd), 1.8, 3);
        Assert.InRange(Rise(false, Metrics.Jitter), 0.8, 1.25);
        Assert.InRange(Rise(false, Metrics.Pdd), 0.8, 1.25);

        double Rise(bool degraded, int metric) =>
            Mean((degraded, true, metric)) / Mean((degraded, false, metric));
        double Mean((bool, bool, int) key) => means[key].Sum / means[key].Count;
    }

    [Fact]
    public void Memory_stays_bounded()
    {
        TrafficGenerator generator = new(Slow with { CallsPerSecond = 5 });
        int most = 0;
        for (int i = 0; i < 300_000; i++)
        {
            generator.Next();
            most = Math.Max(most, generator.Pending);
        }

        // About 5 * 1.8 calls a second, 130 s each, and as many records on their way.
        Assert.InRange(most, 500, 5_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
            generator.Next();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Theory]
    [InlineData(0, 0.02, "CallsPerSecond is 0; allowed is")]
    [InlineData(double.NaN, 0.02, "CallsPerSecond is NaN; allowed is")]
    [InlineData(1, -0.1, "DuplicateShare is -0.1; allowed is 0 to 0.3")]
    [InlineData(1, 0.9, "DuplicateShare is 0.9; allowed is 0 to 0.3")]
    public void Refuses_options_out_of_range(double rate, double duplicates, string message)
    {
        TrafficOptions options = new() { CallsPerSecond = rate, DuplicateShare = duplicates };
        ArgumentException error =
            Assert.Throws<ArgumentException>(() => new TrafficGenerator(options));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    private static ulong HashOf(TrafficOptions options)
    {
        TrafficGenerator generator = new(options);
        using MemoryStream stream = new();
        using (DelimitedWriter writer = new(stream))
        {
            for (int i = 0; i < 10_000; i++)
                writer.Write(generator.Next().Bytes.Span);
        }

        return StableHash.Of(stream.ToArray());
    }

    // What no sound event has: see VOICE.md on dirt.
    private static bool IsInvalid(EventRecord record, long arrivalMs)
    {
        if (record.EventTimeMs <= 0 || record.EventTimeMs > arrivalMs + (60 * MinuteMs))
            return true;
        foreach (MetricValue value in record.Values)
        {
            if (!double.IsFinite(value.Value) || value.Value < 0)
                return true;
        }

        return false;
    }
}
