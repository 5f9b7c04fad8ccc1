using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Earshot.Sqlite;

/// <summary>Loads the operating system's own SQLite, which its security updates keep patched.</summary>
public static class SqliteNative
{
    // The name the provider's imports carry; the resolver maps it to what the system calls it.
    private const string ImportName = "e_sqlite3";

    private static readonly string[] LinuxNames = ["libsqlite3.so.0", "libsqlite3.so"];
    private static readonly string[] MacNames = ["libsqlite3.dylib", "/usr/lib/libsqlite3.dylib"];
    private static readonly string[] WindowsNames = ["e_sqlite3", "winsqlite3", "sqlite3"];

    private static readonly Lock Guard = new();
    private static nint handle;

    /// <summary>Makes SQLite usable in this process. Calling it again costs nothing.</summary>
    /// <exception cref="SqliteFileException">No SQLite is installed.</exception>
    public static void Load()
    {
        lock (Guard)
        {
            if (handle != 0)
                return;
            handle = LoadFirst(NamesOfThisSystem());
            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
        }
    }

    /// <summary>Loads the first library that exists.</summary>
    /// <exception cref="SqliteFileException">None does.</exception>
    internal static nint LoadFirst(IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint found))
                return found;
        }
        throw new SqliteFileException(
            $"SQLite is not installed (looked for {string.Join(", ", names)}). {InstallHint()}");
    }

    private static string InstallHint() => OperatingSystem.IsWindows()
        ? "Windows 10 and later bring winsqlite3.dll; otherwise put e_sqlite3.dll beside the program."
        : "Install the package libsqlite3-0 (Debian, Ubuntu: apt-get install libsqlite3-0; "
            + "Fedora: sqlite-libs; Alpine: sqlite-libs).";

    private static string[] NamesOfThisSystem() =>
        OperatingSystem.IsWindows() ? WindowsNames
        : OperatingSystem.IsMacOS() ? MacNames
        : LinuxNames;

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == ImportName ? handle : 0;
}
