namespace Earshot.Log.Sqlite;

/// <summary>Where an SQLite log lies and what it may use.</summary>
/// <param name="Path">Path of the database file; it and its folder are created when missing.</param>
public sealed record SqliteLogOptions(string Path)
{
    /// <summary>
    /// How often waiting readers look for records another process wrote. Records of this process
    /// wake them at once. Default 200 ms.
    /// </summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// How long a commit waits for another process to let go of the file before it is aborted.
    /// At least 1 s passes. Default 5 s.
    /// </summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Most bytes the file may grow to; commits past it are aborted as on a full disk. 0, the
    /// default: no limit but the disk's.
    /// </summary>
    public long MaxFileBytes { get; init; }
}

/// <summary>What a log keeps. Whole batches go, oldest first; a null limit keeps everything.</summary>
public sealed record RetentionOptions
{
    /// <summary>Batches appended longer ago than this go.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>Past this many bytes of batches in all partitions together the oldest go.</summary>
    public long? MaxBytes { get; init; }
}
