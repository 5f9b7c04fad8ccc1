using Earshot.Log;
using Earshot.Sources.Rows;

namespace Earshot.Sources;

/// <summary>
/// Files as a log that can only be read: the input topic of a replay. The offset of a record is
/// the number, from 0, of the line on which it begins, counted over all files in order; in
/// delimited files it is the record's number, and in rtcstats dumps, whose lines may hold several
/// records, the number of lines and further records before it; in captures it is the report's
/// number. A CSV header takes its offset but is no record; blank lines take theirs. Records are
/// spread over partitions by the decoder's routing hash, and all partitions share the offsets:
/// those of records of other partitions are missing. The files must not change while a pipeline
/// reads them.
/// </summary>
public sealed class FileLog
{
    private readonly InputFile[] files;
    private readonly TimeProvider time;
    private readonly Lazy<Task<long>> end;

    /// <summary>Checks the files: that they are there, can be read, and have the columns.</summary>
    /// <param name="files">Paths, in the order to be read; .gz files are unpacked.</param>
    /// <param name="format">Their format.</param>
    /// <param name="topic">The topic they stand for.</param>
    /// <param name="partitions">How many partitions to spread the records over, 1 or more.</param>
    /// <param name="time">Gives the time of reading.</param>
    /// <exception cref="ArgumentException">No files, or no partitions.</exception>
    /// <exception cref="LogException">A file cannot be used; the message says why.</exception>
    public FileLog(
        IReadOnlyList<string> files, InputFormat format, string topic, int partitions,
        TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        if (files.Count == 0)
            throw new ArgumentException("no input files", nameof(files));
        this.files = [.. files.Select(path => new InputFile(path))];
        this.time = time;
        Files = [.. files];
        Format = format;
        Topic = topic;
        Partitions = partitions;
        BytesTotal = this.files.Sum(file => file.SizeBytes);
        Schema = CheckHeaders();
        end = new Lazy<Task<long>>(() => Task.Run(CountLines));
    }

    /// <summary>The files, in order.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Their format.</summary>
    public InputFormat Format { get; }

    /// <summary>The topic they stand for.</summary>
    public string Topic { get; }

    /// <summary>Number of partitions.</summary>
    public int Partitions { get; }

    /// <summary>
    /// The header all files share; <see cref="InputSchema.None"/> for formats without one. For
    /// <see cref="InputFormat.CreateDecoder"/>.
    /// </summary>
    public InputSchema Schema { get; }

    /// <summary>
    /// Bytes of all files on disk: the 100 % of <see cref="FileLogReader.BytesRead"/>.
    /// </summary>
    public long BytesTotal { get; }

    /// <summary>
    /// Of the files that were read to their end: which are damaged, where, and what to do. Each was
    /// read up to there, and ends with a dead letter that says the same.
    /// </summary>
    public IReadOnlyList<string> Damage =>
    [
        .. files.Where(file => file.Damage is not null)
            .Select(file => $"{file.Path}: {file.Damage}."),
    ];

    /// <summary>Opens a reader of one partition from an offset on, any offset.</summary>
    /// <exception cref="ArgumentException">There is no such partition.</exception>
    public FileLogReader OpenReader(TopicPartition source, long from)
    {
        Check(source);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        return new FileLogReader(this, files, source, from, time);
    }

    /// <summary>
    /// The offsets of the files, the same for all partitions. The first call reads all of them,
    /// to count lines, and so finds damaged gzip files (their checksum stands at their end, after
    /// the records); the answer is kept.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such partition.</exception>
    /// <exception cref="LogException">A file cannot be read to its end.</exception>
    public async ValueTask<OffsetRange> ReadRangeAsync(
        TopicPartition source, CancellationToken cancel)
    {
        Check(source);
        return new OffsetRange(0, await end.Value.WaitAsync(cancel));
    }

    private void Check(TopicPartition source)
    {
        if (source.Topic != Topic || source.Partition < 0 || source.Partition >= Partitions)
        {
            throw new ArgumentException(
                $"{source} is none of {Topic}[0] to {Topic}[{Partitions - 1}]", nameof(source));
        }
    }

    private InputSchema CheckHeaders()
    {
        InputSchema? shared = null;
        foreach (InputFile file in files)
        {
            InputSchema schema = ReadHeader(file);
            shared ??= schema;
            if (!schema.SameAs(shared))
            {
                throw new LogException(
                    $"{file.Path}: its columns differ from those of {files[0].Path}: {schema} " +
                    $"instead of {shared}. Files of one replay need the same header: replay them " +
                    "one after the other, each into a data folder of its own, or rewrite them.");
            }
        }

        return shared ?? InputSchema.None;
    }

    // Opens every file, so that one that cannot be read is told of at the start.
    private InputSchema ReadHeader(InputFile file)
    {
        FileStream stream = file.Open();
        try
        {
            using RowReader rows = file.OpenRows(stream, Format.Framing);
            bool any = rows.TryRead();
            if (!Format.Framing.IsCsv())
                return InputSchema.None;
            if (!any)
                throw new LogException($"{file.Path}: it is empty; {Format} needs a header line.");
            InputSchema schema = InputSchema.ParseCsvHeader(
                rows.Row, Format.Framing.Delimiter());
            Format.CreateDecoder(schema);
            return schema;
        }
        catch (ArgumentException e)
        {
            throw new LogException(
                $"{file.Path}: it is not {Format}: {e.Message}. Name its format with --format, " +
                $"one of: {string.Join(", ", InputFormat.Names)}.", e);
        }
        catch (Exception e) when (InputFile.IsReadError(e))
        {
            // The rows are disposed by now, and the stream with them.
            throw file.Failure(e, stream.CanRead ? stream.Position : 0, 0);
        }
        finally
        {
            stream.Dispose();
        }
    }

    private long CountLines()
    {
        long total = 0;
        foreach (InputFile file in files)
        {
            if (file.Lines < 0)
                file.Lines = LineCount.Of(file, Format.Framing);
            total += file.Lines;
        }

        return total;
    }
}
