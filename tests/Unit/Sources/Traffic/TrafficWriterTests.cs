using System.Text;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Earshot.Sources.Traffic;
using Google.Protobuf;

namespace Earshot.Tests.Unit.Sources.Traffic;

public sealed class TrafficWriterTests
{
    private static readonly TrafficOptions Options = new() { BrokenShare = 0 };

    [Fact]
    public void Delimited_records_are_read_by_protobuf()
    {
        using MemoryStream stream = new();
        List<byte[]> records = [];
        using (DelimitedWriter writer = new(stream))
        {
            TrafficGenerator generator = new(Options);
            for (int i = 0; i < 2_000; i++)
            {
                records.Add(generator.Next().Bytes.ToArray());
                writer.Write(records[^1]);
            }
        }

        stream.Position = 0;
        foreach (byte[] record in records)
            Assert.Equal(record, Envelope.Parser.ParseDelimitedFrom(stream).ToByteArray());
        Assert.Equal(stream.Length, stream.Position);
    }

    [Fact]
    public void A_record_larger_than_the_buffer_is_written_whole()
    {
        using MemoryStream stream = new();
        byte[] large = new byte[200_000];
        new Random(1).NextBytes(large);
        using (DelimitedWriter writer = new(stream))
        {
            writer.Write([1]);
            writer.Write(large);
            writer.Write([]);
            writer.Write([2]);
        }

        byte[] expected = [1, 1, 0xC0, 0x9A, 0x0C, .. large, 0, 1, 2];
        Assert.Equal(expected, stream.ToArray());
    }

    [Theory]
    [InlineData(EventKind.CallEvent)]
    [InlineData(EventKind.CallMetric)]
    [InlineData(EventKind.StreamReport)]
    [InlineData(EventKind.CallSummary)]
    public void Json_lines_hold_the_events_of_one_kind(EventKind kind)
    {
        using MemoryStream stream = new();
        List<IMessage> messages = [];
        using (JsonLinesWriter writer = new(stream, kind))
        {
            TrafficGenerator generator = new(Options);
            for (int i = 0; i < 20_000 && messages.Count < 40; i++)
            {
                TrafficEvent traffic = generator.Next();
                Assert.Equal(traffic.Kind == kind, writer.Write(traffic));
                if (traffic.Kind == kind)
                    messages.Add(Inner(Envelope.Parser.ParseFrom(traffic.Bytes.Span)));
            }
        }

        string text = Encoding.UTF8.GetString(stream.ToArray());
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(messages);
        Assert.Equal(
            messages, lines.Select(line => JsonParser.Default.Parse(line, messages[0].Descriptor)));
        Assert.Contains("\"event_time\"", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_cut_off_record_becomes_a_cut_off_line()
    {
        using MemoryStream stream = new();
        using (JsonLinesWriter writer = new(stream, EventKind.CallEvent))
        {
            byte[] cut = [0x0A, 0x05, 0x08];
            TrafficEvent broken =
                new(cut, cut, 0, 0, EventKind.CallEvent, TrafficFate.Broken);
            Assert.True(writer.Write(broken));
        }

        Assert.Equal("{\"event_id\":\n", Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static IMessage Inner(Envelope envelope) => envelope.EventCase switch
    {
        Envelope.EventOneofCase.CallEvent => envelope.CallEvent,
        Envelope.EventOneofCase.CallMetric => envelope.CallMetric,
        Envelope.EventOneofCase.StreamReport => envelope.StreamReport,
        _ => envelope.CallSummary,
    };
}
