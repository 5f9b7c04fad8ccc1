using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Actors.Calls;

/// <summary>
/// Decodes the records of a batch some ahead of their turn: what each will be looked up by is then
/// fetched while those before it are counted. It changes no answer: a decoder knows nothing of the
/// records before.
/// </summary>
/// <param name="decoder">Reads the input's format.</param>
/// <param name="createRecord">Makes an empty record.</param>
/// <param name="willTake">Is told of the records that are to come.</param>
internal sealed class DecodeAhead(
    IRecordDecoder decoder, Func<EventRecord> createRecord, DecodeAhead.WillTake willTake)
{
    private const int Ahead = 8;

    private readonly EventRecord[] records =
        [.. Enumerable.Range(0, Ahead).Select(_ => createRecord())];

    private readonly DecodeResult[] results = new DecodeResult[Ahead];

    // Decoded are those of the batch from "first" up to "end".
    private RecordBatch? decoded;
    private int first;
    private int end;

    /// <summary>Is told of records that are to come; an id of 0 is none.</summary>
    public delegate void WillTake(ReadOnlySpan<EventRecord> next);

    /// <summary>A record of a batch, decoded. Valid until the next one is asked for.</summary>
    public EventRecord Take(RecordBatch batch, int index, out DecodeResult result)
    {
        if (!ReferenceEquals(batch, decoded) || index < first || index >= end)
            Decode(batch, index);
        result = results[index - first];
        return records[index - first];
    }

    /// <summary>A record of which nothing is known, in place of all that was decoded.</summary>
    public EventRecord TakeNone()
    {
        Forget();
        records[0].Reset();
        return records[0];
    }

    /// <summary>What was decoded may mean something else from now on: symbols are free.</summary>
    public void Forget() => decoded = null;

    private void Decode(RecordBatch batch, int index)
    {
        Forget();
        results[0] = Decode(batch[index], records[0]);
        (decoded, first, end) = (batch, index, index + 1);
        int last = Math.Min(batch.Count, index + Ahead);
        try
        {
            for (; end < last; end++)
                results[end - first] = Decode(batch[end], records[end - first]);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Hides nothing: the record is decoded again when it is due, and fails then.
        }

        willTake(records.AsSpan(0, end - first));
    }

    private DecodeResult Decode(LogRecord input, EventRecord into) =>
        !input.Headers.IsEmpty
            && input.Headers.TryGet("content-type"u8, out ReadOnlySpan<byte> contentType)
            ? decoder.Decode(input.Value, contentType, into)
            : decoder.Decode(input.Value, into);
}
