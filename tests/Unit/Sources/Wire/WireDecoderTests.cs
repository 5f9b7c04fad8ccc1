using System.Text;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Sources.Wire;
using Earshot.Tests.Unit.Schemas;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Earshot.Tests.Unit.Sources.Wire;

/// <summary>One event in every form it may come in; Google.Protobuf says what it is.</summary>
public sealed class WireDecoderTests
{
    private const int Rounds = 2000;

    private readonly WireDecoder decoder = new();
    private readonly EventRecord expected = EnvelopeOracle.NewRecord();
    private readonly EventRecord actual = EnvelopeOracle.NewRecord();

    [Fact]
    public void Every_form_of_an_event_is_the_same_event()
    {
        RandomEnvelopes envelopes = new(7);
        for (int i = 0; i < Rounds; i++)
        {
            Envelope envelope = envelopes.Next();
            byte[] raw = envelope.ToByteArray();
            bool usable = EnvelopeOracle.TryMap(envelope, expected);
            string want = EnvelopeOracle.Describe(expected);
            ulong hash = new EnvelopeDecoder().RoutingHash(raw);
            Check(raw, null, usable, want, hash);
            Check(Frame([0], raw), null, usable, want, usable ? hash : null);
            Check(Frame([2, 0], raw), "application/x-protobuf", usable, want, null);
            if (Inner(envelope) is not { } inner)
                continue;
            byte[] bare = inner.ToByteArray();
            bool hasId = IdOf(inner).Length > 0;
            int index = inner.Descriptor.Index;
            Check(
                Frame([2, (byte)(index << 1)], bare), "", usable, want, hasId ? hash : null);
            Check(
                bare, $"application/vnd.google.protobuf; messageType={inner.Descriptor.FullName}",
                usable, want, hasId ? hash : null);
        }
    }

    [Fact]
    public void Json_of_the_formatter_is_the_same_event()
    {
        RandomEnvelopes envelopes = new(8);
        JsonFormatter[] formatters =
        [
            new(JsonFormatter.Settings.Default),
            new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true)),
        ];
        int compared = 0;
        for (int i = 0; i < Rounds; i++)
        {
            Envelope envelope = envelopes.Next();
            // Names of enum values it does not know are no JSON anyone writes.
            if (Inner(envelope) is not { } inner || HasUnknownEnum(envelope))
                continue;
            Envelope read = Envelope.Parser.ParseJson(JsonFormatter.Default.Format(envelope));
            if (!EnvelopeOracle.TryMap(read, expected))
                continue;
            string want = EnvelopeOracle.Describe(expected);
            JsonFormatter formatter = formatters[i % 2];
            string text = formatter.Format(envelope);
            ulong? hash = IdOf(inner).Length > 0
                ? new EnvelopeDecoder().RoutingHash(envelope.ToByteArray())
                : null;
            byte[] json = Encoding.UTF8.GetBytes(text);
            Check(json, "application/json", true, want, hash);
            Check([0, 0, 0, 0, 9, .. json], "Application/JSON; charset=utf-8", true, want, hash);
            Check(
                Encoding.UTF8.GetBytes(formatter.Format(inner)),
                $"application/json;type=\"{inner.Descriptor.Name}\"", true, want, hash);
            compared++;
        }

        Assert.True(compared > 300, $"only {compared} were compared");
    }

    [Fact]
    public void The_indexes_are_those_of_the_proto_file()
    {
        foreach (MessageDescriptor message in EventsReflection.Descriptor.MessageTypes)
        {
            bool known = message.Name is "Envelope" or "CallEvent" or "CallMetric"
                or "StreamReport" or "CallSummary";
            byte[] record = Frame([2, (byte)(message.Index << 1)], []);
            DecodeResult result = decoder.Decode(record, actual);
            bool refused = result == DecodeResult.Dead
                && actual.DeadDetail.Contains("is none of", StringComparison.Ordinal);
            Assert.Equal(known, !refused);
            if (refused)
                Assert.Contains($"message [{message.Index}] ", actual.DeadDetail);
        }

        Assert.Equal(DecodeResult.Dead, decoder.Decode(Frame([4, 16, 0], [1]), actual));
        Assert.Contains("message [8, 0] ", actual.DeadDetail);
    }

    [Theory]
    [InlineData("text/csv", "\"text/csv\" is not among")]
    [InlineData("application/json; type=Aggregate", "\"Aggregate\" is not among")]
    [InlineData("application/avro", "\"application/avro\" is not among")]
    public void Other_content_types_are_dead_and_say_why(string type, string detail)
    {
        byte[] record = Inputs.Some();
        Assert.Equal(DecodeResult.Dead, Decode(record, type));
        Assert.Contains(detail, actual.DeadDetail);
        Assert.Equal(
            StableHash.Of(record), decoder.RoutingHash(record, Encoding.UTF8.GetBytes(type)));
        Assert.Equal(DecodeResult.Event, decoder.Decode(record, actual));
    }

    [Theory]
    [InlineData("{}", "no event")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("", "malformed JSON")]
    [InlineData("{\"callEvent\":{}", "malformed JSON")]
    [InlineData("{\"callEvent\":{}} x", "malformed JSON")]
    [InlineData("{\"callEvent\":7}", "CallEvent is not an object")]
    [InlineData("{\"callEvent\":{},\"callMetric\":{}}", "both CallEvent and CallMetric")]
    public void Broken_json_is_dead_and_says_why(string json, string detail)
    {
        Assert.Equal(DecodeResult.Dead, Decode(Encoding.UTF8.GetBytes(json), "application/json"));
        Assert.Contains(detail, actual.DeadDetail);
    }

    [Fact]
    public void Json_without_its_content_type_is_told_so()
    {
        Assert.Equal(DecodeResult.Dead, decoder.Decode("{\"callEvent\":{}}"u8, actual));
        Assert.Contains("content-type application/json", actual.DeadDetail);
    }

    [Theory]
    [InlineData(new byte[] { 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 1 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 2 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 1 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 64 })]
    public void A_broken_frame_is_dead_and_says_so(byte[] record)
    {
        Assert.Equal(DecodeResult.Dead, decoder.Decode(record, actual));
        Assert.StartsWith("Confluent framing:", actual.DeadDetail);
        Assert.Equal(StableHash.Of(record), decoder.RoutingHash(record));
    }

    [Fact]
    public void Whatever_comes_is_an_event_or_dead_and_never_throws()
    {
        Random random = new(11);
        RandomEnvelopes envelopes = new(12);
        string[] types =
            ["", "application/json", "application/x-protobuf; type=CallEvent", ";", "=;type="];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] record = random.Next(3) == 0
                ? Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(envelopes.Next()))
                : Frame(
                    [(byte)random.Next(6), (byte)random.Next(20)], envelopes.Next().ToByteArray());
            for (int damage = random.Next(4); damage > 0; damage--)
                record[random.Next(record.Length)] = (byte)random.Next(256);
            string type = types[random.Next(types.Length)];
            DecodeResult result = Decode(record, type);
            Assert.Equal(result == DecodeResult.Dead, actual.DeadDetail.Length > 0);
            decoder.RoutingHash(record, Encoding.UTF8.GetBytes(type));
        }
    }

    [Fact]
    public void Raw_and_framed_events_allocate_nothing()
    {
        byte[] raw = Inputs.Some();
        byte[] framed = Frame([0], raw);
        byte[] type = Encoding.UTF8.GetBytes("application/x-protobuf");
        long Round()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                decoder.Decode(raw, actual);
                decoder.Decode(framed, actual);
                decoder.Decode(framed, type, actual);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        // Fast code that takes over on the way may allocate once.
        Assert.Equal(0, Enumerable.Range(0, 5).Min(_ => Round()));
    }

    private void Check(byte[] record, string? type, bool usable, string want, ulong? hash)
    {
        DecodeResult result = type is null
            ? decoder.Decode(record, actual) : Decode(record, type);
        Assert.True(
            usable == (result == DecodeResult.Event),
            $"{type} {actual.DeadDetail} {Convert.ToHexString(record)}");
        if (usable)
            Assert.Equal(want, EnvelopeOracle.Describe(actual));
        if (hash is { } wanted)
        {
            Assert.Equal(wanted, type is null
                ? decoder.RoutingHash(record)
                : decoder.RoutingHash(record, Encoding.UTF8.GetBytes(type)));
        }
    }

    private DecodeResult Decode(byte[] record, string type) =>
        decoder.Decode(record, Encoding.UTF8.GetBytes(type), actual);

    private static byte[] Frame(byte[] indexes, byte[] message) =>
        [0, 0, 0, 1, 44, .. indexes, .. message];

    private static IMessage? Inner(Envelope envelope) => envelope.EventCase switch
    {
        Envelope.EventOneofCase.CallEvent => envelope.CallEvent,
        Envelope.EventOneofCase.CallMetric => envelope.CallMetric,
        Envelope.EventOneofCase.StreamReport => envelope.StreamReport,
        Envelope.EventOneofCase.CallSummary => envelope.CallSummary,
        _ => null,
    };

    private static string IdOf(IMessage message)
    {
        string Of(string field) => (string)message.Descriptor.FindFieldByName(field)
            .Accessor.GetValue(message);
        return Of("call_id") + Of("event_id");
    }

    private static bool HasUnknownEnum(Envelope envelope) =>
        (envelope.CallEvent?.SignalingEvent is { } signaling
            && (!Enum.IsDefined(signaling.EventType)
                || (signaling.CallState is { } state && !Enum.IsDefined(state.State))))
        || (envelope.CallSummary is { } summary
            && (!Enum.IsDefined(summary.CallState)
                || !Enum.IsDefined(summary.ProcessingState)));

    private static class Inputs
    {
        public static byte[] Some() => new Envelope
        {
            CallMetric = new CallMetric { Metric = "jitter", Value = 2, CallId = "c" },
        }.ToByteArray();
    }
}
