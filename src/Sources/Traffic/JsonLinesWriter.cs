using System.Text;
using Earshot.Schemas;
using Earshot.Schemas.V1;
using Google.Protobuf;

namespace Earshot.Sources.Traffic;

/// <summary>
/// Writes the events of one kind as lines of protobuf's canonical JSON, with the field names of
/// the .proto files: what the formats call-event-json, call-metric-json, stream-report-json and
/// call-summary-json read. The stream stays the caller's.
/// </summary>
public sealed class JsonLinesWriter : IDisposable
{
    private static readonly JsonFormatter Formatter =
        new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    private readonly StreamWriter writer;
    private readonly EventKind kind;

    /// <summary>Writes events of <paramref name="kind"/> to a stream, as UTF-8.</summary>
    public JsonLinesWriter(Stream stream, EventKind kind)
    {
        this.kind = kind;
        writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true)
        {
            NewLine = "\n",
        };
    }

    /// <summary>Writes an event, when it is of this kind.</summary>
    /// <returns>Whether it was.</returns>
    public bool Write(in TrafficEvent traffic)
    {
        if (traffic.Kind != kind)
            return false;
        IMessage? message = Parse(traffic.Bytes.Span);
        if (message is null)
            writer.Write("{\"event_id\":"); // a cut-off record becomes a cut-off line
        else
            Formatter.Format(message, writer);
        writer.WriteLine();
        return true;
    }

    /// <summary>Hands what is buffered to the stream.</summary>
    public void Dispose() => writer.Dispose();

    private static IMessage? Parse(ReadOnlySpan<byte> bytes)
    {
        Envelope envelope;
        try
        {
            envelope = Envelope.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }

        return envelope.EventCase switch
        {
            Envelope.EventOneofCase.CallEvent => envelope.CallEvent,
            Envelope.EventOneofCase.CallMetric => envelope.CallMetric,
            Envelope.EventOneofCase.StreamReport => envelope.StreamReport,
            Envelope.EventOneofCase.CallSummary => envelope.CallSummary,
            _ => null,
        };
    }
}
