using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Host.Bench.Rows;

/// <summary>The barest loops over records in memory: floors of the rows.</summary>
internal static class BareLoops
{
    /// <summary>Decodes every record, and does nothing with it.</summary>
    /// <returns>How many events there were.</returns>
    public static long Decode(RecordBatch[] batches, EnvelopeDecoder decoder, EventRecord record)
    {
        long count = 0;
        foreach (RecordBatch batch in batches)
        {
            for (int i = 0; i < batch.Count; i++)
                count += decoder.Decode(batch[i].Value, record) == DecodeResult.Event ? 1 : 0;
        }

        return count;
    }

    /// <summary>Adds up the lengths of the records.</summary>
    /// <returns>How many records there were.</returns>
    public static long Walk(RecordBatch[] batches)
    {
        long count = 0, sum = 0;
        foreach (RecordBatch batch in batches)
        {
            for (int i = 0; i < batch.Count; i++)
                sum += batch[i].Value.Length;
            count += batch.Count;
        }

        return sum > 0 ? count : 0;
    }
}
