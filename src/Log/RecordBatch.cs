using System.Diagnostics;

namespace Earshot.Log;

/// <summary>One record, as a view into its batch.</summary>
public readonly ref struct LogRecord
{
    /// <summary>Offset in its partition.</summary>
    public required long Offset { get; init; }

    /// <summary>Key; empty for none.</summary>
    public required ReadOnlySpan<byte> Key { get; init; }

    /// <summary>Value.</summary>
    public required ReadOnlySpan<byte> Value { get; init; }
}

/// <summary>
/// Records of one partition in offset order, their bytes in one buffer. Covers the offsets
/// [<see cref="From"/>, <see cref="To"/>); offsets inside may be missing (transaction markers,
/// rows of other partitions).
/// </summary>
public sealed class RecordBatch
{
    private readonly byte[] bytes;
    private readonly Entry[] entries;

    internal RecordBatch(byte[] bytes, Entry[] entries, int count)
    {
        Debug.Assert(count <= entries.Length);
        this.bytes = bytes;
        this.entries = entries;
        Count = count;
    }

    /// <summary>Where the records come from; default for records yet to be appended.</summary>
    public TopicPartition Source { get; init; }

    /// <summary>First offset covered.</summary>
    public long From { get; init; }

    /// <summary>The offset after the last one covered.</summary>
    public long To { get; init; }

    /// <summary>When the log took the records in (files: when they were read), ms since the epoch.</summary>
    public long AppendTimeMs { get; init; }

    /// <summary>File name, or topic: for people.</summary>
    public string Origin { get; init; } = "";

    /// <summary>Offset of the first line of <see cref="Origin"/>; -1 where lines mean nothing.</summary>
    public long OriginStart { get; init; } = -1;

    /// <summary>Number of records.</summary>
    public int Count { get; }

    /// <summary>Bytes of all keys and values.</summary>
    public int SizeBytes => Count == 0 ? 0 : entries[Count - 1].End - entries[0].Start;

    /// <summary>Record <paramref name="index"/>, 0 to <see cref="Count"/> - 1.</summary>
    public LogRecord this[int index]
    {
        get
        {
            ref readonly Entry entry = ref entries.AsSpan(0, Count)[index];
            return new LogRecord
            {
                Offset = entry.Offset,
                Key = bytes.AsSpan(entry.Start, entry.ValueStart - entry.Start),
                Value = bytes.AsSpan(entry.ValueStart, entry.End - entry.ValueStart),
            };
        }
    }

    /// <summary>The line or record number in <see cref="Origin"/>, from 1; 0 where it means nothing.</summary>
    public long LineOf(long offset) => OriginStart < 0 ? 0 : offset - OriginStart + 1;

    internal readonly record struct Entry(long Offset, int Start, int ValueStart, int End);
}

/// <summary>Builds a <see cref="RecordBatch"/>. Reusable after it was built.</summary>
public sealed class RecordBatchBuilder
{
    private byte[] bytes = [];
    private RecordBatch.Entry[] entries = [];
    private int used;

    /// <summary>Records added so far.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of the keys and values added so far.</summary>
    public int SizeBytes => used;

    /// <summary>Adds a record. Offsets must rise.</summary>
    public void Add(long offset, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Debug.Assert(Count == 0 || offset > entries[Count - 1].Offset, "offsets must rise");
        Reserve(key.Length + value.Length);
        int start = used;
        key.CopyTo(bytes.AsSpan(used));
        used += key.Length;
        int valueStart = used;
        value.CopyTo(bytes.AsSpan(used));
        used += value.Length;
        entries[Count++] = new RecordBatch.Entry(offset, start, valueStart, used);
    }

    /// <summary>Adds a record to be appended: the log gives it its offset.</summary>
    public void Append(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Add(Count, key, value);

    /// <summary>Hands out what was added, covering [from, to), and starts anew.</summary>
    public RecordBatch Build(
        TopicPartition source, long from, long to, long appendTimeMs, string origin = "",
        long originStart = -1)
    {
        RecordBatch batch = new(bytes, entries, Count)
        {
            Source = source,
            From = from,
            To = to,
            AppendTimeMs = appendTimeMs,
            Origin = origin,
            OriginStart = originStart,
        };
        bytes = [];
        entries = [];
        used = 0;
        Count = 0;
        return batch;
    }

    /// <summary>Hands out what was added as records to append, and starts anew.</summary>
    public RecordBatch Build() => Build(default, 0, Count, 0);

    private void Reserve(int more)
    {
        if (Count == entries.Length)
            Array.Resize(ref entries, Math.Max(16, entries.Length * 2));
        if (used + more > bytes.Length)
            Array.Resize(ref bytes, Math.Max(checked(used + more), Math.Max(1024, bytes.Length * 2)));
    }
}
