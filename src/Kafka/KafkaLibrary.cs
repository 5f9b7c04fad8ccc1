using System.Reflection;
using System.Runtime.InteropServices;
using Earshot.Kafka.Native;
using Earshot.Log;

namespace Earshot.Kafka;

/// <summary>Where librdkafka, the C library behind every Kafka client here, is found.</summary>
public static class KafkaLibrary
{
    /// <summary>The oldest version that does: the one Confluent.Kafka is made for.</summary>
    public const string Version = "2.15.1";

    /// <summary>Environment variable that names the library's file; it goes before all.</summary>
    public const string PathVariable = "EARSHOT_LIBRDKAFKA";

    private const int VersionNumber = 0x020F01FF;

    private static readonly Lock Gate = new();

    // Null until loaded.
    private static string? version;

    /// <summary>The loaded library, for imports of other assemblies; 0 before.</summary>
    internal static nint Handle { get; private set; }

    private static string ToolsFile => Path.Combine(
        ToolsFolder(), "librdkafka-" + Version, "librdkafka.so.1");

    /// <summary>
    /// Loads the library, for Confluent.Kafka too: call it before anything else of Kafka.
    /// </summary>
    /// <returns>Its version.</returns>
    /// <exception cref="LogException">It is missing or too old; the message says why.</exception>
    public static string Require()
    {
        lock (Gate)
        {
            if (version is null)
            {
                Handle = Load(Environment.GetEnvironmentVariable(PathVariable));
                version = VersionOf(Handle);
                NativeLibrary.SetDllImportResolver(typeof(KafkaLibrary).Assembly, Resolve);
                NativeLibrary.SetDllImportResolver(
                    typeof(Confluent.Kafka.Library).Assembly, Resolve);
            }

            return version;
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
        name.Contains(Librdkafka.Name, StringComparison.Ordinal) ? Handle : 0;

    /// <summary>Loads a library new enough.</summary>
    /// <param name="named">The file to load; null or empty: look for one.</param>
    internal static nint Load(string? named)
    {
        List<string> refused = [];
        // Whoever names a file means that file: no other one is loaded in its place.
        IEnumerable<string> candidates = string.IsNullOrEmpty(named) ? Candidates() : [named];
        foreach (string candidate in candidates)
        {
            if (!TryLoad(candidate, out nint loaded))
            {
                refused.Add(candidate + " (not found)");
                continue;
            }

            if (NumberOf(loaded) >= VersionNumber)
                return loaded;
            refused.Add($"{candidate} (version {VersionOf(loaded)} is too old)");
            NativeLibrary.Free(loaded);
        }

        throw new LogException(
            $"Kafka needs librdkafka {Version} or newer; looked for {string.Join(", ", refused)}. "
            + $"Run 'scripts/setup.sh kafka', or set {PathVariable} to the path of the library.");
    }

    private static IEnumerable<string> Candidates()
    {
        yield return ToolsFile;
        // From the package librdkafka.redist, or put beside the program.
        yield return Librdkafka.Name;
        yield return OperatingSystem.IsMacOS() ? "librdkafka.1.dylib" : "librdkafka.so.1";
    }

    private static bool TryLoad(string candidate, out nint loaded)
    {
        if (!Path.IsPathRooted(candidate))
        {
            Assembly clients = typeof(Confluent.Kafka.Library).Assembly;
            return NativeLibrary.TryLoad(candidate, clients, null, out loaded);
        }

        loaded = 0;
        return File.Exists(candidate) && NativeLibrary.TryLoad(candidate, out loaded);
    }

    private static unsafe int NumberOf(nint library)
    {
        nint export = NativeLibrary.GetExport(library, "rd_kafka_version");
        return ((delegate* unmanaged[Cdecl]<int>)export)();
    }

    private static unsafe string VersionOf(nint library)
    {
        nint export = NativeLibrary.GetExport(library, "rd_kafka_version_str");
        return Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)export)()) ?? "";
    }

    // Tools installed once a machine: $EARSHOT_TOOLS, else earshot in the user's cache.
    private static string ToolsFolder()
    {
        string? tools = Environment.GetEnvironmentVariable("EARSHOT_TOOLS");
        if (!string.IsNullOrEmpty(tools))
            return Path.GetFullPath(tools);
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            cache = Path.Combine(home, ".cache");
        }

        return Path.Combine(cache, "earshot");
    }
}
