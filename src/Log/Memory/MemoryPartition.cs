using System.Diagnostics;

namespace Earshot.Log.Memory;

/// <summary>The records of one partition. Guarded by the log's lock, but for the signal.</summary>
internal sealed class MemoryPartition(TopicPartition source)
{
    // In offset order, without gaps; the first one may begin before Begin.
    private readonly List<RecordBatch> batches = [];

    /// <summary>Pulsed when there is something new to read, or an end.</summary>
    public Signal Changed { get; } = new();

    public OffsetRange Range { get; private set; }

    /// <summary>True when nothing more will come.</summary>
    public bool IsComplete { get; private set; }

    public void RequireOpen()
    {
        if (IsComplete)
            throw new LogException($"{source} is complete: nothing can be appended to it.");
    }

    public void Append(RecordBatch records, long appendTimeMs)
    {
        Debug.Assert(!IsComplete);
        if (records.Count == 0)
            return;
        RecordBatch placed = records.At(source, Range.End, appendTimeMs);
        batches.Add(placed);
        Range = Range with { End = placed.To };
        AssertInvariants();
    }

    public void Complete() => IsComplete = true;

    public void Trim(long keepFrom)
    {
        Range = Range with { Begin = Math.Clamp(keepFrom, Range.Begin, Range.End) };
        int dead = batches.FindIndex(batch => batch.To > Range.Begin);
        batches.RemoveRange(0, dead < 0 ? batches.Count : dead);
        AssertInvariants();
    }

    /// <summary>At most <paramref name="max"/> records from an offset on; null when none yet.</summary>
    public RecordBatch? Read(long offset, int max)
    {
        if (offset < Range.Begin)
            throw LogFaults.Trimmed(source, offset, Range);
        if (offset > Range.End)
            throw LogFaults.PastEnd(source, offset, Range);
        if (offset == Range.End)
            return null;
        RecordBatch batch = batches[FindBatch(offset)];
        int start = (int)(offset - batch.From);
        return batch.Slice(start, Math.Min(max, batch.Count - start));
    }

    private int FindBatch(long offset)
    {
        int low = 0;
        int high = batches.Count - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (batches[middle].To <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(Range.Begin >= 0 && Range.Begin <= Range.End);
        Debug.Assert(batches.Count == 0 || batches[^1].To == Range.End);
        Debug.Assert(batches.Count > 0 || Range.Begin == Range.End);
        Debug.Assert(batches.Count == 0 || batches[0].From <= Range.Begin);
    }
}
