using System.Globalization;

namespace Earshot.Host.Data;

/// <summary>
/// The folder that holds a pipeline: log.db, snapshots.db, archive/ and pipeline.json, which says
/// whose it is. Held by one process at a time.
/// </summary>
internal sealed class DataFolder : IDisposable
{
    private const int FormatVersion = 1;
    private const string MarkerName = "pipeline.json";
    private const string LogName = "log.db";
    private const string ArchiveName = "archive";

    private static readonly string[] ourNames =
        [FolderLock.FileName, FolderLock.OwnerFileName, MarkerName + ".tmp"];

    private readonly FolderLock held;
    private readonly Marker marker;

    private DataFolder(string root, FolderLock held, Marker marker, bool isNew)
    {
        Root = root;
        this.held = held;
        this.marker = marker;
        IsNew = isNew;
    }

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>True when this process made it.</summary>
    public bool IsNew { get; }

    /// <summary>
    /// When the folder was made, ms since the epoch. Stands for the time a file was read, so that
    /// what is decided by it is decided alike after a restart.
    /// </summary>
    public long CreatedAtMs => marker.CreatedAt.ToUnixTimeMilliseconds();

    /// <summary>Identity of this folder's pipeline.</summary>
    public Guid Id => marker.Id;

    /// <summary>What its snapshots are marked with: they fit no other settings.</summary>
    public ulong SettingsFingerprint => new PipelineIdentity(
        marker.Kind, marker.Inputs, marker.Settings).SettingsFingerprint;

    /// <summary>The log's file.</summary>
    public string LogPath => Path.Combine(Root, LogName);

    /// <summary>The snapshots' file.</summary>
    public string SnapshotsPath => Path.Combine(Root, "snapshots.db");

    /// <summary>The archive's folder.</summary>
    public string ArchivePath => ArchiveOf(Root, marker);

    /// <summary>Opens the folder of a pipeline, or makes it.</summary>
    /// <param name="path">Folder.</param>
    /// <param name="archive">Folder of the archive; null: where it was, else inside.</param>
    /// <param name="wanted">The pipeline.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="UsageException">In use, another pipeline's, or not ours.</exception>
    /// <exception cref="FailedException">Damaged, or a newer program's.</exception>
    public static DataFolder Open(
        string path, string? archive, PipelineIdentity wanted, TimeProvider time)
    {
        string root = Path.GetFullPath(path);
        RequireOurs(root);
        Directory.CreateDirectory(root);
        FolderLock held = FolderLock.Take(root);
        try
        {
            string markerPath = Path.Combine(root, MarkerName);
            Marker? there = ReadMarker(root);
            if (there is not null)
                RequireSame(root, there, wanted);
            Marker marker = (there ?? NewMarker(wanted, time)) with
            {
                Archive = ChooseArchive(root, there, archive),
            };
            if (there != marker)
                FolderFile.Write(markerPath, marker);
            return new DataFolder(root, held, marker, isNew: there is null);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Where the archive of a folder is, for reading: needs no lock.</summary>
    public static string FindArchive(string path, string? archive)
    {
        string root = Path.GetFullPath(path);
        return archive is not null ? Path.GetFullPath(archive) : ArchiveOf(root, ReadMarker(root));
    }

    /// <summary>True when a folder holds a pipeline.</summary>
    public static bool IsThere(string path) => File.Exists(Path.Combine(path, MarkerName));

    /// <summary>The pipeline a folder belongs to, for reading: needs no lock.</summary>
    /// <exception cref="UsageException">It is no data folder.</exception>
    public static StoredPipeline FindPipeline(string path)
    {
        string root = Path.GetFullPath(path);
        Marker marker = ReadMarker(root) ?? throw new UsageException(
            $"--data {root}: there is no {MarkerName}, so it is no data folder. Name the folder "
            + "that 'earshot run' or 'earshot replay' filled.");
        return new StoredPipeline(
            new PipelineIdentity(marker.Kind, marker.Inputs, marker.Settings),
            Path.Combine(root, LogName), marker.CreatedAt.ToUnixTimeMilliseconds());
    }

    /// <summary>Reads a small file for a purpose of its own; null when there is none.</summary>
    public T? Read<T>(string name) where T : class => FolderFile.Read<T>(Path.Combine(Root, name));

    /// <summary>Writes a small file durably.</summary>
    public void Write<T>(string name, T value) where T : class =>
        FolderFile.Write(Path.Combine(Root, name), value);

    /// <inheritdoc/>
    public void Dispose() => held.Dispose();

    private static void RequireOurs(string root)
    {
        if (File.Exists(root))
            throw new UsageException($"--data {root}: that is a file; name a folder.");
        if (!Directory.Exists(root) || File.Exists(Path.Combine(root, MarkerName)))
            return;
        string? foreign = Directory.EnumerateFileSystemEntries(root)
            .Select(entry => Path.GetFileName(entry)!)
            .FirstOrDefault(name => !ourNames.Contains(name));
        if (foreign is not null)
        {
            throw new UsageException(
                $"--data {root}: the folder holds '{foreign}' and no {MarkerName}, so it is no "
                + "data folder. Name an empty or a new one.");
        }
    }

    private static Marker? ReadMarker(string root)
    {
        Marker? marker = FolderFile.Read<Marker>(Path.Combine(root, MarkerName));
        if (marker is not null && marker.Format > FormatVersion)
        {
            throw new FailedException(
                $"{root} was written by a newer version of earshot (format {marker.Format}, this "
                + $"one knows {FormatVersion}). Use that version, or another folder with --data.");
        }

        return marker;
    }

    private static Marker NewMarker(PipelineIdentity wanted, TimeProvider time)
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        return new Marker
        {
            Format = FormatVersion,
            Id = Guid.NewGuid(),
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(nowMs),
            Kind = wanted.Kind,
            Inputs = wanted.Inputs,
            Settings = wanted.Settings,
        };
    }

    private static void RequireSame(string root, Marker there, PipelineIdentity wanted)
    {
        PipelineIdentity stored = new(there.Kind, there.Inputs, there.Settings);
        IReadOnlyList<string> differences = stored.DifferencesTo(wanted);
        if (differences.Count == 0)
            return;
        string made = there.CreatedAt.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        throw new UsageException(
            $"{root} belongs to another pipeline ({stored.Title}, made {made} UTC):\n  "
            + string.Join("\n  ", differences)
            + "\nName another folder with --data, give what is there, or delete the folder to "
            + "start anew.");
    }

    private static string? ChooseArchive(string root, Marker? there, string? asked)
    {
        if (asked is null)
            return there?.Archive;
        string full = Path.GetFullPath(asked);
        string? chosen = full == Path.Combine(root, ArchiveName) ? null : full;
        if (there is null || chosen == there.Archive || !Directory.Exists(ArchiveOf(root, there)))
            return chosen;
        throw new UsageException(
            $"--archive {full}: the archive of {root} is at {ArchiveOf(root, there)}. Leave the "
            + "option out, or move that folder there first.");
    }

    private static string ArchiveOf(string root, Marker? marker) =>
        marker?.Archive ?? Path.Combine(root, ArchiveName);

    /// <summary>What pipeline.json holds.</summary>
    private sealed record Marker
    {
        public required int Format { get; init; }

        public required Guid Id { get; init; }

        public required DateTimeOffset CreatedAt { get; init; }

        public required PipelineKind Kind { get; init; }

        public required IReadOnlyList<InputFile> Inputs { get; init; }

        public required IReadOnlyDictionary<string, string> Settings { get; init; }

        public string? Archive { get; init; }
    }
}

/// <summary>What a data folder says of its pipeline.</summary>
/// <param name="Identity">Inputs and settings.</param>
/// <param name="LogPath">The log's file.</param>
/// <param name="CreatedAtMs">Stands for the time its files were read, ms since the epoch.</param>
internal sealed record StoredPipeline(PipelineIdentity Identity, string LogPath, long CreatedAtMs);
