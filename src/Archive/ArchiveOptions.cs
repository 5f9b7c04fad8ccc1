using Earshot.Archive.Schema;

namespace Earshot.Archive;

/// <summary>Where the archive lies and how much it may use.</summary>
public sealed record ArchiveOptions
{
    /// <summary>The archive's folder; made when missing.</summary>
    public required string Folder { get; init; }

    /// <summary>The tables.</summary>
    public ArchiveSchema Schema { get; init; } = new();

    /// <summary>Threads DuckDB may use, 1 or more.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Memory DuckDB may use before it spills to disk, bytes.</summary>
    public long MemoryBytesMax { get; init; } = 1L << 30;

    /// <summary>Files below this size are small, bytes.</summary>
    public long SmallFileBytesMax { get; init; } = 16L << 20;

    /// <summary>Small files a day, table and partition may have before they are merged.</summary>
    public int SmallFilesMax { get; init; } = 8;

    /// <summary>Bytes merged into one file at most: bounds the time of one merge.</summary>
    public long MergeBytesMax { get; init; } = 256L << 20;

    /// <summary>How long replaced files stay for the queries that may still read them.</summary>
    public TimeSpan ReplacedFileDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// True when several processes write to the folder. Then a start removes nothing: what lies
    /// beyond the committed offset it read may be another owner's, and committed by now. Its rows
    /// are in the log as well, so they are right; the views drop those that come twice.
    /// </summary>
    public bool Shared { get; init; }

    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(Threads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MemoryBytesMax, 64L << 20);
        ArgumentOutOfRangeException.ThrowIfLessThan(SmallFilesMax, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(SmallFileBytesMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(MergeBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReplacedFileDelay, TimeSpan.Zero);
    }
}
