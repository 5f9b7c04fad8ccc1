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
/// <param name="willTake">Is told of each record that is to come, as it is decoded.</param>
/// <param name="willTakeNow">Is told that those are all until they are taken.</param>
internal sealed class DecodeAhead(
    IRecordDecoder decoder, Func<EventRecord> createRecord, Action<EventRecord> willTake,
    Action willTakeNow)
{
    private const int Ahead = 8;

    private readonly EventRecord[] records =
        [.. Enumerable.Range(0, Ahead).Select(_ => createRecord())];

    private readonly DecodeResult[] results = new DecodeResult[Ahead];

    // Decoded are those of the batch from "first" up to "end".
    private RecordBatch? decoded;
    private int first;
    private int end;

    /// <summary>A record of a batch, decoded. Valid until the next one is asked for.</summary>
    public EventRecord Take(RecordBatch batch, int index, out DecodeResult result)
    {
        if (!ReferenceEquals(batch, decoded) || index < first || index >= end)
            Decode(batch, index);
        int place = index - first;
        result = results[place];
        return records[place];
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
        results[0] = Decode(batch, index, records[0]);
        willTake(records[0]);
        int all = Math.Min(batch.Count - index, Ahead);
        int done = 1;
        for (; done < all && TryDecode(batch, index + done, done); done++)
            willTake(records[done]);
        (decoded, first, end) = (batch, index, index + done);
        willTakeNow();
    }

    // False hides nothing: the record is decoded again when it is due, and fails then.
    private bool TryDecode(RecordBatch batch, int index, int place)
    {
        try
        {
            results[place] = Decode(batch, index, records[place]);
            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false;
        }
    }

    private DecodeResult Decode(RecordBatch batch, int index, EventRecord into)
    {
        if (index + Ahead < batch.Count)
            CacheLine.FetchAll(batch.ValueOf(index + Ahead));
        ReadOnlySpan<byte> value = batch.ValueOf(index);
        RecordHeaders headers = batch.HeadersOf(index);
        return !headers.IsEmpty
            && headers.TryGet("content-type"u8, out ReadOnlySpan<byte> contentType)
            ? decoder.Decode(value, contentType, into)
            : decoder.Decode(value, into);
    }
}
