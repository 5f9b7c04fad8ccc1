using System.Globalization;

namespace Earshot.Host.Data;

/// <summary>
/// Keeps a data folder for one process. The operating system gives the lock back when the process
/// ends, however it ends; a second file says who holds it.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    /// <summary>The locked file.</summary>
    public const string FileName = "lock";

    /// <summary>Says who holds it: a locked file cannot be read.</summary>
    public const string OwnerFileName = "lock.owner";

    private readonly FileStream file;

    private FolderLock(FileStream file) => this.file = file;

    /// <summary>Takes the lock of a folder.</summary>
    /// <exception cref="UsageException">Another process has it.</exception>
    public static FolderLock Take(string folder)
    {
        string ownerPath = Path.Combine(folder, OwnerFileName);
        FileStream file;
        try
        {
            file = new FileStream(
                Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite,
                FileShare.None);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            string owner = File.Exists(ownerPath) ? File.ReadAllText(ownerPath).Trim() : "unknown";
            throw new UsageException(
                $"{folder} is in use by process {owner}. Wait for it or stop it (kill -TERM "
                + $"{owner} ends it cleanly), or name another folder with --data.");
        }

        File.WriteAllText(
            ownerPath, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        return new FolderLock(file);
    }

    /// <summary>Gives it back.</summary>
    public void Dispose() => file.Dispose();
}
