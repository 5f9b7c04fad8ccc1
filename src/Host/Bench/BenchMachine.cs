using System.Runtime;
using System.Runtime.InteropServices;

namespace Earshot.Host.Bench;

/// <summary>The machine a benchmark ran on, and how the runtime was set.</summary>
/// <param name="Cpu">Processor model.</param>
/// <param name="Cores">Processors this process may use.</param>
/// <param name="MemoryBytes">Memory this process may use.</param>
/// <param name="Os">Operating system.</param>
/// <param name="Runtime">Version of .NET.</param>
/// <param name="Collector">Mode of the garbage collector.</param>
/// <param name="Load">Mean load of the last minute before the start; null: not known.</param>
internal sealed record BenchMachine(
    string Cpu, int Cores, long MemoryBytes, string Os, string Runtime, string Collector,
    double? Load)
{
    /// <summary>This one.</summary>
    public static BenchMachine Examine() => new(
        CpuModel(), Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
        RuntimeInformation.FrameworkDescription,
        $"{(GCSettings.IsServerGC ? "server" : "workstation")}, "
            + (GCSettings.LatencyMode == GCLatencyMode.Batch ? "not concurrent" : "concurrent"),
        ReadLoad());

    private static string CpuModel()
    {
        const string Name = "model name";
        string? line = ReadLines("/proc/cpuinfo")
            .FirstOrDefault(text => text.StartsWith(Name, StringComparison.Ordinal));
        return line is null
            ? RuntimeInformation.ProcessArchitecture.ToString()
            : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    private static double? ReadLoad() =>
        ReadLines("/proc/loadavg").FirstOrDefault() is { } line
            && double.TryParse(line.Split(' ')[0], out double load) ? load : null;

    // Linux only: elsewhere the file is not there, and what it says stays unknown.
    private static string[] ReadLines(string path) =>
        File.Exists(path) ? File.ReadAllLines(path) : [];
}
