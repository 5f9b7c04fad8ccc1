using Earshot.Log;
using Earshot.Sources.Rows;

namespace Earshot.Sources;

/// <summary>One input file.</summary>
internal sealed class InputFile
{
    private long lines = -1;
    private volatile string? damage;

    /// <exception cref="LogException">There is no such file.</exception>
    public InputFile(string path)
    {
        Path = path;
        FileInfo info = new(path);
        if (!info.Exists)
            throw new LogException($"{path}: there is no such file. Check the path.");
        SizeBytes = info.Length;
    }

    /// <summary>As the user gave it.</summary>
    public string Path { get; }

    /// <summary>Bytes on disk.</summary>
    public long SizeBytes { get; }

    /// <summary>Physical lines (delimited: records); -1 until it was read to its end.</summary>
    public long Lines
    {
        get => Interlocked.Read(ref lines);
        set => Interlocked.Exchange(ref lines, value);
    }

    /// <summary>
    /// Where it is damaged, in words, so that it was read up to there; null: nowhere, as far as it
    /// was read.
    /// </summary>
    public string? Damage
    {
        get => damage;
        set => damage = value;
    }

    private bool IsGzip => Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    /// <summary>Opens it for reading from its beginning.</summary>
    /// <exception cref="LogException">It cannot be opened.</exception>
    public FileStream Open()
    {
        try
        {
            // The rows have their own buffer.
            FileStream stream = new(
                Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0,
                FileOptions.SequentialScan);
            return stream;
        }
        catch (Exception e) when (IsReadError(e))
        {
            throw Failure(e, 0, 0);
        }
    }

    /// <summary>Its rows. Disposing them disposes the stream.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public RowReader OpenRows(FileStream stream, RowFraming framing)
    {
        if (!IsGzip)
            return RowReader.Open(stream, framing);
        if (SizeBytes == 0)
            throw new InvalidDataException("it is empty, which no gzip file is");
        return RowReader.Open(new GzipInput(stream), framing);
    }

    /// <summary>Whether an exception says that the file cannot be read.</summary>
    public static bool IsReadError(Exception e) =>
        e is InvalidDataException or IOException or UnauthorizedAccessException;

    /// <summary>What to tell the user about it.</summary>
    public LogException Failure(Exception cause, long position, long line)
    {
        string where = line > 0
            ? $"after line {line} (byte {position} of {SizeBytes})"
            : $"at its beginning ({SizeBytes} bytes)";
        string advice = cause is UnauthorizedAccessException
            ? "Give this user the right to read it."
            : IsGzip && cause is InvalidDataException
                ? "Get a whole copy of it (gzip -t tests one), and start again."
                : "Get a whole copy of it, and start again.";
        return new LogException(
            $"{Path}: cannot be read {where}: {cause.Message.TrimEnd('.')}. {advice}", cause);
    }
}
