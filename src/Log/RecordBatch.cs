using System.Buffers;
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

    /// <summary>Headers; empty for none.</summary>
    public RecordHeaders Headers { get; init; }

    /// <summary>When the log took it in (files: read it), ms since the epoch.</summary>
    public long AppendTimeMs { get; init; }
}

/// <summary>
/// Records of one partition in offset order, their bytes in one buffer. Covers the offsets
/// [<see cref="From"/>, <see cref="To"/>); offsets inside may be missing (transaction markers,
/// rows of other partitions).
/// </summary>
public sealed class RecordBatch
{
    // Where this batch begins in entries: slices of one batch share its arrays.
    private readonly int first;

    // Emptied by Release, so that a use after it fails loudly.
    private byte[] bytes;
    private Entry[] entries;

    internal RecordBatch(byte[] bytes, Entry[] entries, int count, bool pooled = false)
        : this(bytes, entries, 0, count) => Pooled = pooled;

    // Each record begins in bytes where the one before ends.
    private RecordBatch(byte[] bytes, Entry[] entries, int first, int count)
    {
        Debug.Assert(first >= 0 && count >= 0 && first + count <= entries.Length);
        this.bytes = bytes;
        this.entries = entries;
        this.first = first;
        Count = count;
    }

    /// <summary>Where the records come from; default for records yet to be appended.</summary>
    public TopicPartition Source { get; init; }

    /// <summary>First offset covered.</summary>
    public long From { get; init; }

    /// <summary>The offset after the last one covered.</summary>
    public long To { get; init; }

    /// <summary>
    /// When the log took in those records that have no time of their own (files: read them), ms
    /// since the epoch.
    /// </summary>
    public long AppendTimeMs { get; init; }

    /// <summary>File name, or topic: for people.</summary>
    public string Origin { get; init; } = "";

    /// <summary>Offset of the first line of the origin; -1 where lines mean nothing.</summary>
    public long OriginStart { get; init; } = -1;

    /// <summary>True when the arrays go back to the pool on <see cref="Release"/>.</summary>
    internal bool Pooled { get; private set; }

    /// <summary>Number of records.</summary>
    public int Count { get; }

    /// <summary>Bytes of all keys, values and headers.</summary>
    public int SizeBytes => Payload.Length;

    /// <summary>The bytes of each record's key, value and headers, one after the other.</summary>
    internal ReadOnlySpan<byte> Payload =>
        Count == 0 ? [] : bytes.AsSpan(Entries[0].Start..Entries[^1].End);

    internal ReadOnlySpan<Entry> Entries => entries.AsSpan(first, Count);

    /// <summary>
    /// Gives the memory back, when it came from a pool. For the one owner of a batch that has done
    /// with it: no record of it may be touched afterwards.
    /// </summary>
    public void Release()
    {
        if (!Pooled || bytes.Length == 0)
            return;
        ArrayPool<byte>.Shared.Return(bytes);
        ArrayPool<Entry>.Shared.Return(entries);
        bytes = [];
        entries = [];
    }

    /// <summary>Record <paramref name="index"/>, 0 to <see cref="Count"/> - 1.</summary>
    public LogRecord this[int index]
    {
        get
        {
            ref readonly Entry entry = ref EntryAt(index);
            return new LogRecord
            {
                Offset = entry.Offset,
                Key = bytes.AsSpan(entry.Start, entry.ValueStart - entry.Start),
                Value = bytes.AsSpan(entry.ValueStart, entry.ValueEnd - entry.ValueStart),
                Headers = new RecordHeaders(
                    bytes.AsSpan(entry.ValueEnd, entry.End - entry.ValueEnd)),
                AppendTimeMs = entry.AppendTimeMs ?? AppendTimeMs,
            };
        }
    }

    /// <summary>The value of record <paramref name="index"/>.</summary>
    public ReadOnlySpan<byte> ValueOf(int index)
    {
        ref readonly Entry entry = ref EntryAt(index);
        return bytes.AsSpan(entry.ValueStart, entry.ValueEnd - entry.ValueStart);
    }

    /// <summary>The headers of record <paramref name="index"/>.</summary>
    public RecordHeaders HeadersOf(int index)
    {
        ref readonly Entry entry = ref EntryAt(index);
        return new RecordHeaders(bytes.AsSpan(entry.ValueEnd, entry.End - entry.ValueEnd));
    }

    /// <summary>When the log took in record <paramref name="index"/>, ms since the epoch.</summary>
    public long AppendTimeOf(int index) => EntryAt(index).AppendTimeMs ?? AppendTimeMs;

    /// <summary>The offset of record <paramref name="index"/>.</summary>
    public long OffsetOf(int index) => EntryAt(index).Offset;

    /// <summary>The line or record number in the origin, from 1; 0 if it means nothing.</summary>
    public long LineOf(long offset) => OriginStart < 0 ? 0 : offset - OriginStart + 1;

    /// <summary>Records [start, start + count) of this batch, sharing its bytes.</summary>
    internal RecordBatch Slice(int start, int count)
    {
        Debug.Assert(start >= 0 && count >= 0 && start + count <= Count);
        if (count == Count)
            return this;
        return new RecordBatch(bytes, entries, first + start, count)
        {
            Source = Source,
            From = start == 0 ? From : Entries[start].Offset,
            To = start + count == Count ? To : Entries[start + count].Offset,
            AppendTimeMs = AppendTimeMs,
            Origin = Origin,
            OriginStart = OriginStart,
        };
    }

    /// <summary>
    /// The same records as a log took them in, which keeps their bytes: with the offsets from
    /// <paramref name="from"/> on.
    /// </summary>
    internal RecordBatch At(TopicPartition source, long from, long appendTimeMs)
    {
        Pooled = false;
        Entry[] moved = Entries.ToArray();
        for (int index = 0; index < moved.Length; index++)
            moved[index] = moved[index] with { Offset = from + index, AppendTimeMs = null };
        return new RecordBatch(bytes, moved, Count)
        {
            Source = source,
            From = from,
            To = from + Count,
            AppendTimeMs = appendTimeMs,
            Origin = source.Topic,
        };
    }

    private ref readonly Entry EntryAt(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
        return ref entries[first + index];
    }

    // Key [Start, ValueStart), value [ValueStart, ValueEnd), headers [ValueEnd, End).
    internal readonly record struct Entry(
        long Offset, int Start, int ValueStart, int ValueEnd, int End, long? AppendTimeMs = null);
}

/// <summary>Builds a <see cref="RecordBatch"/>. Reusable after it was built.</summary>
/// <param name="pooled">
/// True: memory comes from a pool, and the batch's owner gives it back by
/// <see cref="RecordBatch.Release"/>.
/// </param>
public sealed class RecordBatchBuilder(bool pooled = false)
{
    private byte[] bytes = [];
    private RecordBatch.Entry[] entries = [];
    private int used;

    // Sizes of the batch before: the next one is likely to be alike, and growing costs copies.
    private int usedBefore;
    private int countBefore;

    /// <summary>Records added so far.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of the keys, values and headers added so far.</summary>
    public int SizeBytes => used;

    /// <summary>Adds a record. Offsets must rise.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="key">Key; empty for none.</param>
    /// <param name="value">Value.</param>
    /// <param name="headers">Encoded headers (<see cref="RecordHeaders.Encoded"/>).</param>
    /// <param name="appendTimeMs">
    /// When the log took it in, ms since the epoch; null: with the batch.
    /// </param>
    public void Add(
        long offset, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value,
        ReadOnlySpan<byte> headers = default, long? appendTimeMs = null)
    {
        Debug.Assert(Count == 0 || offset > entries[Count - 1].Offset, "offsets must rise");
        Reserve(key.Length + value.Length + headers.Length);
        int start = used;
        key.CopyTo(bytes.AsSpan(used));
        used += key.Length;
        int valueStart = used;
        value.CopyTo(bytes.AsSpan(used));
        used += value.Length;
        int valueEnd = used;
        headers.CopyTo(bytes.AsSpan(used));
        used += headers.Length;
        entries[Count++] = new RecordBatch.Entry(
            offset, start, valueStart, valueEnd, used, appendTimeMs);
    }

    /// <summary>Adds a record to be appended: the log gives it its offset and time.</summary>
    public void Append(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value,
        ReadOnlySpan<byte> headers = default) => Add(Count, key, value, headers);

    /// <summary>Hands out what was added, covering [from, to), and starts anew.</summary>
    public RecordBatch Build(
        TopicPartition source, long from, long to, long appendTimeMs, string origin = "",
        long originStart = -1)
    {
        RecordBatch batch = new(bytes, entries, Count, pooled)
        {
            Source = source,
            From = from,
            To = to,
            AppendTimeMs = appendTimeMs,
            Origin = origin,
            OriginStart = originStart,
        };
        (usedBefore, countBefore) = (used, Count);
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
            Grow(ref entries, Math.Max(Math.Max(16, countBefore), entries.Length * 2));
        if (used + more <= bytes.Length)
            return;
        int wanted = Math.Max(Math.Max(1024, usedBefore), bytes.Length * 2);
        Grow(ref bytes, Math.Max(checked(used + more), wanted));
    }

    private void Grow<T>(ref T[] array, int length)
    {
        T[] larger = pooled
            ? ArrayPool<T>.Shared.Rent(length) : GC.AllocateUninitializedArray<T>(length);
        array.CopyTo(larger, 0);
        if (pooled && array.Length > 0)
            ArrayPool<T>.Shared.Return(array);
        array = larger;
    }
}
