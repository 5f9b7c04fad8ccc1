using Earshot.Actors;
using Earshot.Log;
using Earshot.Log.Memory;
using Earshot.Schemas;

namespace Earshot.Host.Bench.Rows;

/// <summary>Spreads records over the partitions of the input by call, as producers do.</summary>
internal sealed class SpreadRecords(MemoryLog log, PipelineOptions pipeline)
{
    private readonly RecordBatchBuilder[] builders =
        [.. Enumerable.Range(0, pipeline.Partitions).Select(_ => new RecordBatchBuilder())];

    /// <summary>Adds a record, to be appended with the next flush.</summary>
    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        builders[(int)(StableHash.Of(key) % (ulong)builders.Length)].Append(key, value);

    /// <summary>Appends what was added.</summary>
    public void Flush(long appendTimeMs)
    {
        for (int partition = 0; partition < builders.Length; partition++)
        {
            if (builders[partition].Count > 0)
            {
                log.Append(
                    new TopicPartition(pipeline.InputTopic, partition),
                    builders[partition].Build(), appendTimeMs);
            }
        }
    }

    /// <summary>Appends the records of a batch.</summary>
    public void Append(RecordBatch batch, long appendTimeMs)
    {
        for (int i = 0; i < batch.Count; i++)
            Add(batch[i].Key, batch[i].Value);
        Flush(appendTimeMs);
    }

    /// <summary>Nothing more will come.</summary>
    public void Complete()
    {
        for (int partition = 0; partition < builders.Length; partition++)
            log.Complete(new TopicPartition(pipeline.InputTopic, partition));
    }
}
