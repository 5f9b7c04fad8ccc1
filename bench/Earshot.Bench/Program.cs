using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Earshot.Bench.Keys;

namespace Earshot.Bench;

/// <summary>
/// Runs the benchmarks; takes BenchmarkDotNet's options (<c>--filter</c>, <c>--job short</c>,
/// <c>--list flat</c>). Without a filter, all of them. They run in this process: a project
/// generated for each one would have to be restored and built first.
/// </summary>
public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is ["keys", "fill" or "load", string keys, string path])
            return await KeysRun.RunAsync(
                args[1], int.Parse(keys, CultureInfo.InvariantCulture), path);
        List<string> options = [.. args];
        bool chosen = args.Any(arg => arg is "-f" or "--filter" or "--list" or "--help"
            || arg.StartsWith("--filter=", StringComparison.Ordinal));
        if (!chosen)
            options.AddRange(["--filter", "*"]);
        if (!args.Any(arg => arg is "-i" or "--inProcess"))
            options.Add("--inProcess");
        IConfig config = DefaultConfig.Instance.AddColumn(
            StatisticColumn.Median, StatisticColumn.Min, StatisticColumn.Max);
        IEnumerable<Summary> summaries = BenchmarkSwitcher
            .FromAssembly(typeof(Program).Assembly)
            .Run([.. options], config);
        return summaries.Any(s => s.HasCriticalValidationErrors || s.Reports.Any(r => !r.Success))
            ? 1
            : 0;
    }
}
