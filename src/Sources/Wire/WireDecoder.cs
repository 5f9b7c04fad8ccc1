using Earshot.Schemas;
using Earshot.Sources.Json;
using Earshot.Sources.Text;

namespace Earshot.Sources.Wire;

/// <summary>
/// Decodes the records of a topic, each as it says itself: raw protobuf Envelopes, events or
/// Envelopes in Confluent's framing (first byte 0), and canonical JSON where the
/// <c>content-type</c> header says application/json. A <c>type</c> parameter of the content type
/// names an event that stands without an Envelope: <c>application/json; type=CallSummary</c>.
/// Owns buffers: one per partition, one caller at a time.
/// </summary>
public sealed class WireDecoder : IRecordDecoder
{
    // A longer one is read anew each time.
    private const int CachedBytesMax = 256;

    private readonly EnvelopeDecoder protobuf = new();
    private readonly JsonEventDecoder[] json;
    private readonly JsonText text = new();

    // The last content type seen and what it says: a topic has one, or a few.
    private readonly byte[] lastHeader = new byte[CachedBytesMax];
    private int lastLength;
    private ContentType last = ContentType.Default;

    /// <summary>Creates one.</summary>
    public WireDecoder() => json =
        [.. Enum.GetValues<EventKind>().Where(kind => kind != EventKind.None)
            .Select(kind => new JsonEventDecoder(kind))];

    /// <inheritdoc/>
    public DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into) =>
        DecodeProtobuf(record, EventKind.None, into);

    /// <inheritdoc/>
    public DecodeResult Decode(
        ReadOnlySpan<byte> record, ReadOnlySpan<byte> contentType, EventRecord into)
    {
        ContentType type = TypeOf(contentType);
        if (type.Encoding == WireEncoding.Protobuf)
            return DecodeProtobuf(record, type.Kind, into);
        if (type.Encoding == WireEncoding.Unknown)
            return Detail.Dead(into, type.Fault!);
        string? error = FindJson(record, type.Kind, out EventKind kind, out var inner);
        return error is null ? JsonOf(kind).Decode(inner, into) : Detail.Dead(into, error);
    }

    /// <inheritdoc/>
    public ulong RoutingHash(ReadOnlySpan<byte> record) =>
        ProtobufRoutingHash(record, EventKind.None);

    /// <inheritdoc/>
    public ulong RoutingHash(ReadOnlySpan<byte> record, ReadOnlySpan<byte> contentType)
    {
        ContentType type = TypeOf(contentType);
        if (type.Encoding == WireEncoding.Protobuf)
            return ProtobufRoutingHash(record, type.Kind);
        bool isEvent = type.Encoding == WireEncoding.Json
            & FindJson(record, type.Kind, out EventKind kind, out var inner) is null;
        return isEvent ? JsonOf(kind).RoutingHash(inner) : StableHash.Of(record);
    }

    /// <summary>
    /// Where the message of a record lies, and which it is. For showing records to people.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="contentType">Its content type; empty when it says none.</param>
    /// <param name="kind">The event that stands there; None: an Envelope.</param>
    /// <param name="message">The bytes of the message, without framing.</param>
    /// <param name="isJson">Whether they are JSON, else protobuf.</param>
    /// <returns>False when it cannot be told.</returns>
    public bool TryLocate(
        ReadOnlySpan<byte> record, ReadOnlySpan<byte> contentType, out EventKind kind,
        out ReadOnlySpan<byte> message, out bool isJson)
    {
        ContentType type = TypeOf(contentType);
        kind = type.Kind;
        message = record;
        isJson = type.Encoding == WireEncoding.Json;
        if (isJson && ConfluentFrame.IsFramed(record))
            message = ConfluentFrame.Body(record);
        else if (!isJson && ConfluentFrame.IsFramed(record))
            return ConfluentFrame.Read(record, out kind, out message) is null;
        return type.Fault is null;
    }

    private DecodeResult DecodeProtobuf(
        ReadOnlySpan<byte> record, EventKind kind, EventRecord into)
    {
        if (!ConfluentFrame.IsFramed(record))
        {
            DecodeResult result = protobuf.Decode(record, kind, into);
            // '{' would begin a group, which no Envelope has.
            if (result == DecodeResult.Dead && record.StartsWith("{"u8))
                into.DeadDetail += "; if it is JSON, say so: content-type application/json";
            return result;
        }

        string? error = ConfluentFrame.Read(record, out kind, out ReadOnlySpan<byte> message);
        return error is null
            ? protobuf.Decode(message, kind, into)
            : Detail.Dead(into, error);
    }

    private ulong ProtobufRoutingHash(ReadOnlySpan<byte> record, EventKind kind)
    {
        ReadOnlySpan<byte> message = record;
        if (ConfluentFrame.IsFramed(record)
            && ConfluentFrame.Read(record, out kind, out message) is not null)
            return StableHash.Of(record);
        return kind == EventKind.None
            ? protobuf.RoutingHash(message)
            : EnvelopeDecoder.BareRoutingHash(message);
    }

    // Confluent's framing of JSON Schema has no indexes: what follows is the document.
    private string? FindJson(
        ReadOnlySpan<byte> record, EventKind said, out EventKind kind,
        out ReadOnlySpan<byte> inner)
    {
        kind = said;
        inner = ConfluentFrame.IsFramed(record) ? ConfluentFrame.Body(record) : record;
        return said == EventKind.None
            ? JsonEnvelope.Find(inner, text, out kind, out inner)
            : null;
    }

    private JsonEventDecoder JsonOf(EventKind kind) => json[(int)kind - 1];

    private ContentType TypeOf(ReadOnlySpan<byte> header)
    {
        if (header.SequenceEqual(lastHeader.AsSpan(0, lastLength)))
            return last;
        ContentType type = ContentType.Parse(header);
        if (header.Length <= CachedBytesMax)
        {
            header.CopyTo(lastHeader);
            lastLength = header.Length;
            last = type;
        }

        return type;
    }
}
