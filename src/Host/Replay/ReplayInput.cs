using System.Collections.Concurrent;
using Earshot.Host.Data;
using Earshot.Log;
using Earshot.Schemas;
using Earshot.Sources;

namespace Earshot.Host.Replay;

/// <summary>The files of a replay as the input of a pipeline, and how far they are read.</summary>
internal sealed class ReplayInput
{
    private readonly FileLog files;
    private readonly Pacer? pacer;

    // The newest reader of each partition: a partition that starts anew opens another one.
    private readonly ConcurrentDictionary<int, FileLogReader> readers = [];

    private ReplayInput(FileLog files, ReplaySpeed speed)
    {
        this.files = files;
        pacer = speed.Factor is { } factor ? new Pacer(factor, TimeProvider.System) : null;
    }

    /// <summary>Share of the input's bytes read, 0 to 1.</summary>
    public double ShareRead
    {
        get
        {
            FileLogReader[] open = [.. readers.Values];
            return open.Length == 0 || files.BytesTotal == 0
                ? 0
                : open.Average(reader => (double)reader.BytesRead) / files.BytesTotal;
        }
    }

    /// <summary>Which files are damaged, where, and what to do; of those read so far.</summary>
    public IReadOnlyList<string> Damage => files.Damage;

    /// <summary>Opens the files.</summary>
    /// <param name="request">Which, and how.</param>
    /// <param name="readAtMs">Stands for the time of reading, ms since the epoch.</param>
    /// <exception cref="UsageException">A file has another format.</exception>
    /// <exception cref="LogException">A file cannot be read.</exception>
    public static ReplayInput Open(ReplayRequest request, long readAtMs)
    {
        try
        {
            FileLog files = new(
                request.Files, request.Format, request.Options.InputTopic,
                request.Options.Partitions, new FixedTime(readAtMs));
            return new ReplayInput(files, request.Speed);
        }
        catch (LogException e) when (e.InnerException is ArgumentException)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>Makes a decoder.</summary>
    public IRecordDecoder CreateDecoder() => files.Format.CreateDecoder(files.Schema);

    /// <summary>Opens a reader of a partition from an offset on.</summary>
    public ILogReader OpenReader(int partition, long from)
    {
        FileLogReader reader = files.OpenReader(
            new TopicPartition(files.Topic, partition), from);
        readers[partition] = reader;
        return pacer is null ? reader : new PacedReader(reader, pacer, CreateDecoder());
    }
}
