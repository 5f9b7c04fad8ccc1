using System.Diagnostics;
using System.Globalization;

namespace Earshot.Host.Bench;

/// <summary>
/// A whole run: each row in a process of its own, one after the other, so that no row inherits
/// the heap, the compiled code or the peak of another.
/// </summary>
internal sealed class BenchRun(BenchRequest request, Terminal terminal, TimeProvider time)
{
    /// <summary>Runs it.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        BenchReport report = new(
            BenchReport.CurrentVersion, time.GetUtcNow(), BenchMachine.Examine(), Settings(), []);
        BenchTable table = new(terminal.Out);
        table.Begin(report);
        List<BenchResult> results = [];
        foreach (IBenchRow row in BenchRows.Chosen(request))
        {
            terminal.Say($"measuring {row.Name} ...");
            BenchResult result = await RunRowAsync(row, cancel);
            table.Add(result);
            results.Add(result);
        }

        table.End(results);
        report = report with { Rows = results };
        if (request.Json is { } path)
        {
            BenchJson.Write(path, report);
            terminal.Say($"written to {path}");
        }

        if (request.BaselineOut is { } baselinePath)
            BenchJson.Write(baselinePath, Baseline.Of(report));
        return request.Baseline is { } baseline
            ? Compare(BenchJson.Read<Baseline>(baseline), report)
            : ExitCodes.Ok;
    }

    /// <summary>Measures one row in this process.</summary>
    public static async Task<BenchResult> MeasureAsync(
        BenchRequest request, IBenchRow row, CancellationToken cancel)
    {
        string folder = Directory.CreateTempSubdirectory("earshot-bench-").FullName;
        try
        {
            BenchScope scope = new(
                request.Events, request.Rounds, request.Seconds * row.Share, folder,
                request.Kafka);
            BenchResult result = await row.RunAsync(scope, cancel);
            using Process self = Process.GetCurrentProcess();
            return result.Skipped is null && result.PeakMemoryBytes is null
                ? result with { PeakMemoryBytes = self.PeakWorkingSet64 }
                : result;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<BenchResult> RunRowAsync(IBenchRow row, CancellationToken cancel)
    {
        string path = Path.GetTempFileName();
        try
        {
            await SelfProcess.RunAsync(
                [.. request.Arguments, "--row", row.Name, "--row-result", path], cancel);
            return BenchJson.Read<BenchResult>(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private Dictionary<string, string> Settings() => new()
    {
        ["events"] = request.Events.ToString("N0", CultureInfo.InvariantCulture),
        ["rounds"] = $"{request.Rounds} at most, after one that does not count",
        ["seconds"] = request.Seconds.ToString("N0", CultureInfo.InvariantCulture),
        ["kafka"] = request.Kafka is null ? "none" : "given",
    };

    private int Compare(Baseline baseline, BenchReport report)
    {
        IReadOnlyList<string> worse = baseline.Compare(report, terminal.Out.WriteLine);
        if (worse.Count == 0)
            return ExitCodes.Ok;
        terminal.Fail($"slower, or allocates more, than the baseline: {string.Join("; ", worse)}");
        return ExitCodes.Failed;
    }
}
