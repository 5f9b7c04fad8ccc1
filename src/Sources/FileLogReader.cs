using System.Diagnostics;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources.Rows;

namespace Earshot.Sources;

/// <summary>
/// Reads one partition of a <see cref="FileLog"/>. Reading is done on the caller's thread. Each
/// batch continues where the one before ended and holds rows of one file; the last one reaches
/// the input's end, and is empty when no record of this partition is left before it.
/// </summary>
public sealed class FileLogReader : ILogReader
{
    /// <summary>Bytes after which a batch is handed out.</summary>
    internal const int BatchBytesMax = 1 << 20;

    // How often a reader that finds nothing of its own looks whether it should stop.
    private const int RowsPerLook = 4096;

    private readonly InputFile[] files;
    private readonly RowFraming framing;
    private readonly TopicPartition source;
    private readonly TimeProvider time;
    private readonly ulong partitions;
    private readonly IRecordDecoder? router; // null with one partition
    private readonly RecordBatchBuilder builder = new(pooled: true);
    private LogException? failure;
    private RowReader? rows;
    private FileStream? stream;
    private int file = -1;
    private long fileStart;     // offset of the file's first line
    private long bytesBefore;   // bytes of the files before it
    private long position;      // the next batch's From
    private long reached;       // the offset after what was read
    private long bytesRead;
    private bool disposed;

    internal FileLogReader(
        FileLog log, InputFile[] files, TopicPartition source, long from, TimeProvider time)
    {
        this.files = files;
        this.source = source;
        this.time = time;
        framing = log.Format.Framing;
        partitions = (ulong)log.Partitions;
        router = partitions > 1 ? log.Format.CreateDecoder(log.Schema) : null;
        position = from;
    }

    /// <summary>
    /// How far it is, in bytes on disk (gzip: of the packed file), 0 to
    /// <see cref="FileLog.BytesTotal"/>. May be asked from any thread.
    /// </summary>
    public long BytesRead => Interlocked.Read(ref bytesRead);

    /// <inheritdoc/>
    /// <exception cref="LogException">
    /// A file cannot be read. What was read before is handed out first.
    /// </exception>
    public ValueTask<RecordBatch?> ReadAsync(int maxRecords, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        ObjectDisposedException.ThrowIf(disposed, this);
        try
        {
            return new ValueTask<RecordBatch?>(Read(maxRecords, cancel));
        }
        catch (Exception e) when (e is LogException or OperationCanceledException)
        {
            return ValueTask.FromException<RecordBatch?>(e);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        disposed = true;
        Close();
        return ValueTask.CompletedTask;
    }

    private RecordBatch? Read(int maxRecords, CancellationToken cancel)
    {
        while (failure is null)
        {
            cancel.ThrowIfCancellationRequested();
            bool fileEnded;
            try
            {
                if (rows is null && !OpenNext())
                    break;
                fileEnded = ReadRows(maxRecords, cancel);
            }
            catch (Exception e) when (InputFile.IsReadError(e))
            {
                failure = files[file].Failure(e, PositionInFile, reached - fileStart);
                break;
            }
            catch (LogException e)
            {
                failure = e;
                break;
            }

            RecordBatch? batch = builder.Count > 0 ? Build() : null;
            if (fileEnded)
                CloseFile();
            if (batch is not null)
                return batch;
        }

        if (builder.Count > 0)
            return Build();
        if (failure is not null)
            throw failure;
        return reached > position ? Build() : null;
    }

    // True at the end of the file.
    private bool ReadRows(int maxRecords, CancellationToken cancel)
    {
        Debug.Assert(rows is not null);
        int look = 0;
        while (builder.Count < maxRecords && builder.SizeBytes < BatchBytesMax)
        {
            if (++look % RowsPerLook == 0)
            {
                Interlocked.Exchange(ref bytesRead, bytesBefore + PositionInFile);
                if (cancel.IsCancellationRequested && builder.Count > 0)
                    return false;
                cancel.ThrowIfCancellationRequested();
            }

            bool any = rows.TryRead();
            reached = fileStart + rows.Next;
            if (!any)
                return true;
            long offset = fileStart + rows.Index;
            if (offset >= position && IsMine(rows.Row))
                builder.Add(offset, default, rows.Row);
        }

        Interlocked.Exchange(ref bytesRead, bytesBefore + PositionInFile);
        return false;
    }

    private bool IsMine(ReadOnlySpan<byte> row) =>
        router is null || router.RoutingHash(row) % partitions == (ulong)source.Partition;

    private RecordBatch Build()
    {
        RecordBatch batch = builder.Build(
            source, position, reached, time.GetUtcNow().ToUnixTimeMilliseconds(),
            files[file].Path, fileStart);
        position = reached;
        return batch;
    }

    // Files known to end before the position are passed over.
    private bool OpenNext()
    {
        while (file + 1 < files.Length)
        {
            file++;
            long lines = files[file].Lines;
            if (lines >= 0 && fileStart + lines <= position)
            {
                reached = fileStart + lines;
                PassFile(lines);
                continue;
            }

            stream = files[file].Open();
            rows = files[file].OpenRows(stream, framing);
            if (framing.IsCsv())
                rows.TryRead();
            reached = fileStart + rows.Next;
            return true;
        }

        return false;
    }

    private void CloseFile()
    {
        long lines = reached - fileStart;
        files[file].Lines = lines;
        files[file].Damage = rows?.Damage;
        Close();
        PassFile(lines);
    }

    private void PassFile(long lines)
    {
        fileStart += lines;
        bytesBefore += files[file].SizeBytes;
        Interlocked.Exchange(ref bytesRead, bytesBefore);
    }

    private void Close()
    {
        rows?.Dispose();
        rows = null;
        stream?.Dispose();
        stream = null;
    }

    private long PositionInFile => stream is { CanRead: true } open ? open.Position : 0;
}
