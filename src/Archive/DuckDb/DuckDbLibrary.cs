using System.Reflection;
using System.Runtime.InteropServices;

namespace Earshot.Archive.DuckDb;

/// <summary>Where DuckDB's C library is found on this machine.</summary>
public static class DuckDbLibrary
{
    /// <summary>The name the bindings import.</summary>
    internal const string Name = "duckdb";

    /// <summary>The DuckDB version the bindings are made for.</summary>
    public const string Version = "1.5.6";

    /// <summary>Environment variable that names the library's file; it goes before all.</summary>
    public const string PathVariable = "EARSHOT_DUCKDB";

    /// <summary>The library's file name on this operating system.</summary>
    public static string FileName =>
        OperatingSystem.IsWindows() ? "duckdb.dll"
        : OperatingSystem.IsMacOS() ? "libduckdb.dylib"
        : "libduckdb.so";

    /// <summary>The file that will be loaded; null when there is none.</summary>
    public static string? Find() => Candidates().FirstOrDefault(File.Exists);

    /// <summary>What to tell the user when <see cref="Find"/> gives null.</summary>
    public static string MissingMessage =>
        $"DuckDB's library is missing (looked for {string.Join(", ", Candidates())}). "
        + $"Run './earshot setup', or set {PathVariable} to the path of {FileName}.";

    /// <summary>
    /// Tools fetched once a machine lie here: $EARSHOT_TOOLS, else earshot in the user's cache.
    /// </summary>
    public static string ToolsFolder()
    {
        string? tools = Environment.GetEnvironmentVariable("EARSHOT_TOOLS");
        if (!string.IsNullOrEmpty(tools))
            return tools;
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            cache = Path.Combine(home, ".cache");
        }

        return Path.Combine(cache, "earshot");
    }

    /// <summary>Makes the runtime look where <see cref="Find"/> looks.</summary>
    internal static void Register() =>
        NativeLibrary.SetDllImportResolver(typeof(DuckDbLibrary).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search)
    {
        if (name != Name)
            return 0;
        string path = Find() ?? throw new DllNotFoundException(MissingMessage);
        return NativeLibrary.Load(path);
    }

    private static IEnumerable<string> Candidates()
    {
        string? named = Environment.GetEnvironmentVariable(PathVariable);
        if (!string.IsNullOrEmpty(named))
        {
            // Whoever names a file means that file: no other one is loaded in its place.
            yield return named;
            yield break;
        }

        yield return Path.Combine(AppContext.BaseDirectory, FileName);
        yield return Path.Combine(ToolsFolder(), "duckdb-" + Version, FileName);
    }
}
