using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Tests.Unit.Schemas;

/// <summary>The rules of proto/README.md as a reader of newer messages sees them.</summary>
public sealed class EvolutionTests
{
    private readonly EnvelopeDecoder decoder = new();
    private readonly EventRecord record = EnvelopeOracle.NewRecord();

    [Fact]
    public void An_unknown_field_is_passed_over_and_kept()
    {
        byte[] report = new StreamReport { EventTime = 5, Jitter = 2 }.ToByteArray();
        // Field 1000 (bytes), 1001 (varint), 1002 (fixed32), 1003 (double): from a newer producer.
        byte[] newer =
        [
            0xC2, 0x3E, 0x02, 0x61, 0x62, 0xC8, 0x3E, 0x96, 0x01, 0xD5, 0x3E, 1, 2, 3, 4,
            0xD9, 0x3E, 1, 2, 3, 4, 5, 6, 7, 8,
        ];
        byte[] inner = [.. newer, .. report, .. newer];
        byte[] bytes = [0xC8, 0x3E, 0x07, 0x1A, (byte)inner.Length, .. inner];

        Assert.Equal(DecodeResult.Event, decoder.Decode(bytes, record));
        Assert.Equal(5, record.EventTimeMs);
        Assert.Equal(2, record.ValueOf(Earshot.Schemas.Metrics.Jitter));
        byte[] again = Envelope.Parser.ParseFrom(bytes).ToByteArray();
        Assert.Equal(bytes.Length, again.Length);
        Assert.Equal(2 * newer.Length + report.Length, Envelope.Parser.ParseFrom(again)
            .StreamReport.CalculateSize());
    }

    [Fact]
    public void A_field_of_another_wire_type_is_passed_over()
    {
        byte[] bytes = [0x12, 0x0A, 0x3A, 0x01, 0x61, 0x0A, 0x01, 0x61, 0x32, 0x02, 0x6D, 0x31];
        Assert.Equal(DecodeResult.Dead, decoder.Decode(bytes, record));
        Assert.Equal("no metric value", record.DeadDetail);
    }

    [Fact]
    public void An_unknown_enum_value_reads_as_not_said()
    {
        Envelope envelope = new()
        {
            CallSummary = new CallSummary
            {
                CallState = (CallState.Types.State)99,
                ProcessingState = (CallSummary.Types.ProcessingState)99,
            },
        };
        Assert.Equal(DecodeResult.Event, decoder.Decode(envelope.ToByteArray(), record));
        Assert.Equal(CallState.Types.State.Unspecified, record.State);
        Assert.False(record.Partial);
    }

    [Fact]
    public void Missing_is_absent_and_zero_is_a_value()
    {
        Envelope envelope = new() { StreamReport = new StreamReport() };
        decoder.Decode(envelope.ToByteArray(), record);
        Assert.Equal(0, record.Values.Length);
        Assert.Equal(-1, record.PacketsReceived);
        Assert.Equal(long.MinValue, record.PacketsLost);
        Assert.True(double.IsNaN(record.AudioLevelIn));
        Assert.Equal(0ul, record.EventId);
        Assert.Equal(0ul, record.CallId);

        envelope.StreamReport.Jitter = 0;
        envelope.StreamReport.PacketsLost = 0;
        envelope.StreamReport.AudioLevelIn = 0;
        decoder.Decode(envelope.ToByteArray(), record);
        Assert.Equal(0, record.ValueOf(Earshot.Schemas.Metrics.Jitter));
        Assert.Equal(0, record.PacketsLost);
        Assert.Equal(0, record.AudioLevelIn);
    }
}
