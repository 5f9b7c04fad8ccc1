namespace Earshot.Schemas;

/// <summary>What a decoder made of a record.</summary>
public enum DecodeResult
{
    /// <summary>An event.</summary>
    Event,

    /// <summary>The format says this row is none of ours.</summary>
    Ignored,

    /// <summary>It cannot be read: <see cref="EventRecord.DeadDetail"/> says why.</summary>
    Dead,
}

/// <summary>
/// Turns the bytes of one record into an event. Deterministic and without memory of earlier
/// records: the same bytes always give the same answer. It never throws for bad input.
/// </summary>
public interface IRecordDecoder
{
    /// <summary>Decodes one record.</summary>
    /// <param name="record">The record's bytes: a line, a CSV row, an Envelope.</param>
    /// <param name="into">Receives the event; the decoder resets it first.</param>
    DecodeResult Decode(ReadOnlySpan<byte> record, EventRecord into);

    /// <summary>
    /// Decodes one record that says its content type, UTF-8. Decoders of one format know theirs.
    /// </summary>
    DecodeResult Decode(
        ReadOnlySpan<byte> record, ReadOnlySpan<byte> contentType, EventRecord into) =>
        Decode(record, into);

    /// <summary>
    /// What spreads records over partitions: the hash of the call id, else of the event id, else
    /// of the record's bytes.
    /// </summary>
    ulong RoutingHash(ReadOnlySpan<byte> record);

    /// <summary>The same of a record that says its content type.</summary>
    ulong RoutingHash(ReadOnlySpan<byte> record, ReadOnlySpan<byte> contentType) =>
        RoutingHash(record);
}
