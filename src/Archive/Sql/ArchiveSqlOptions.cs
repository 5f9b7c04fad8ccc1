using Earshot.Archive.Schema;

namespace Earshot.Archive.Sql;

/// <summary>What SQL over the archive may use.</summary>
public sealed record ArchiveSqlOptions
{
    /// <summary>
    /// The archive's folder; null for none: then there are no views, but files can be read.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>The tables. Extra dimensions are found in the files.</summary>
    public ArchiveSchema Schema { get; init; } = new();

    /// <summary>Threads DuckDB may use, 1 or more.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Memory DuckDB may use before it spills to disk, bytes.</summary>
    public long MemoryBytesMax { get; init; } = 1L << 30;
}
