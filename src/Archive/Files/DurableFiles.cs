using System.Runtime.InteropServices;

namespace Earshot.Archive.Files;

/// <summary>Moves finished files to their places so that a power cut cannot undo it.</summary>
internal static partial class DurableFiles
{
    /// <summary>Makes a file's content durable.</summary>
    internal static void Sync(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Makes a folder and what it lies in, durably.</summary>
    internal static void CreateFolder(string path)
    {
        if (Directory.Exists(path))
            return;
        string? parent = Path.GetDirectoryName(path);
        if (!string.IsNullOrEmpty(parent))
            CreateFolder(parent);
        Directory.CreateDirectory(path);
        if (!string.IsNullOrEmpty(parent))
            SyncFolder(parent);
    }

    /// <summary>Makes what was renamed or deleted in a folder durable.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    internal static void SyncFolder(string path)
    {
        // Windows has no such call: NTFS journals its folders.
        if (OperatingSystem.IsWindows())
            return;
        int folder = OpenFile(path, 0);
        if (folder < 0)
            throw Failed("open", path);
        try
        {
            if (SyncFile(folder) != 0)
                throw Failed("fsync", path);
        }
        finally
        {
            _ = CloseFile(folder);
        }
    }

    private static IOException Failed(string call, string path) =>
        new($"{call} of folder {path}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport(
        "libc", EntryPoint = "open", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseFile(int file);
}
