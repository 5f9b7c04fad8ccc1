using System.Globalization;
using System.Text;

namespace Earshot.Host.Bench;

/// <summary>Prints a run as a table, row by row as they are measured.</summary>
internal sealed class BenchTable(TextWriter output)
{
    private static readonly CompositeFormat layout = CompositeFormat.Parse(
        "{0,-24} {1,10} {2,22} {3,7} {4,10} {5,5} {6,8} {7,11} {8,9}  {9}");

    /// <summary>The head: machine and settings.</summary>
    public void Begin(BenchReport report)
    {
        BenchMachine machine = report.Machine;
        Say($"machine   {machine.Cpu}, {machine.Cores} cores, {Memory(machine.MemoryBytes)}");
        Say($"          {machine.Os}; {machine.Runtime}; garbage collector: {machine.Collector}");
        if (machine.Load is { } load)
        {
            Say(string.Create(
                CultureInfo.InvariantCulture,
                $"          load before the start {load:F1}")
                + (load > 0.5 ? ": other programs run, so figures are too low" : ""));
        }

        Say("settings  " + string.Join(
            "; ", report.Settings.Select(setting => $"{setting.Key} {setting.Value}")));
        Say("");
        Line("row", "median", "least .. greatest", "x floor", "elapsed", "cores", "B/event",
            "p50/p99 ms", "peak", "target");
        Say(new string('-', 130));
    }

    /// <summary>A row, its floors and its notes.</summary>
    public void Add(BenchResult result)
    {
        if (result.Skipped is { } why)
        {
            Line(result.Name, "skipped", "", "", "", "", "", "", "", why);
            return;
        }

        Line(
            result.Name, result.Value is { } value ? Figure(value.Median, result.Unit) : "-",
            Range(result.Value, result.Unit), "",
            result.Elapsed is { } elapsed ? Figure(elapsed.Median, result.Unit) : "-",
            result.Cores is { } cores ? Number(cores, "F1") : "-",
            result.AllocatedPerEvent is { } bytes ? Number(bytes, bytes < 10 ? "F2" : "F0") : "-",
            result.LatencyP50Ms is { } p50
                ? $"{Number(p50, "F0")}/{Number(result.LatencyP99Ms ?? p50, "F0")}" : "-",
            result.PeakMemoryBytes is { } peak ? Memory(peak) : "-", Target(result));
        foreach (BenchFloor floor in result.Floors)
        {
            Line("  floor: " + floor.Name, Figure(floor.Rate.Median, result.Unit),
                Range(floor.Rate, result.Unit), Number(floor.Ratio, "F3"), "", "", "", "", "", "");
        }

        foreach (BenchPoint point in result.Curve)
        {
            Line("  " + point.Size.ToString("N0", CultureInfo.InvariantCulture),
                Figure(point.NsPerEvent, BenchUnits.NsPerEvent), "", "", "", "", "", "", "", "");
        }

        foreach (string note in result.Notes)
            Say($"    {note}");
    }

    /// <summary>The end: what the rows are, and which targets are missed.</summary>
    public void End(IReadOnlyList<BenchResult> results)
    {
        Say("");
        foreach (BenchResult result in results)
            Say($"{result.Name,-12} {result.What}");
        int met = results.Count(result => result.Met == true);
        string[] missed = [.. results.Where(result => result.Met == false).Select(r => r.Name)];
        Say("");
        Say($"targets met: {met}; missed: {missed.Length}"
            + (missed.Length > 0 ? $" ({string.Join(", ", missed)})" : ""));
    }

    private static string Target(BenchResult result)
    {
        if (result.Target is not { } target)
            return "";
        string limit = (target.AtMost ? "<= " : ">= ") + Figure(target.Limit, result.Unit);
        if (result.Value is not { } value || result.Met == true)
            return $"{limit} met";
        double share = target.AtMost ? value.Median / target.Limit : value.Median / target.Limit;
        return $"{limit} MISSED, {Number(share, "F2")} of it";
    }

    private static string Range(Spread? spread, string unit) => spread is { } known
        ? $"{Figure(known.Min, unit)} .. {Figure(known.Max, unit)}" : "";

    private static string Figure(double figure, string unit) => unit switch
    {
        BenchUnits.EventsPerSecond or BenchUnits.RowsPerSecond when figure >= 1e6 =>
            Number(figure / 1e6, "F2") + " M/s",
        BenchUnits.EventsPerSecond or BenchUnits.RowsPerSecond =>
            Number(figure / 1e3, "F0") + " k/s",
        BenchUnits.Times => Number(figure, "F2") + " x",
        BenchUnits.NsPerEvent => Number(figure, "F0") + " ns",
        _ => Number(figure, figure < 10 ? "F2" : "F0") + " " + unit,
    };

    private static string Number(double number, string format) =>
        number.ToString(format, CultureInfo.InvariantCulture);

    private static string Memory(long bytes) => bytes >= 10L << 30
        ? Number(bytes / (double)(1L << 30), "F1") + " GiB"
        : Number(bytes / (double)(1L << 20), "F0") + " MiB";

    private void Line(params object[] cells) => Say(
        string.Format(CultureInfo.InvariantCulture, layout, cells).TrimEnd());

    private void Say(string line) => output.WriteLine(line);
}
