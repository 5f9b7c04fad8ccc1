using System.Globalization;
using System.Text;
using Earshot.Actors.Stages;

namespace Earshot.Host.Replay;

/// <summary>What a complete replay came to; kept in the data folder.</summary>
internal sealed record ReplaySummary
{
    /// <summary>Name in the data folder.</summary>
    public const string FileName = "summary.json";

    /// <summary>The books of all partitions.</summary>
    public required StageProgress Books { get; init; }

    /// <summary>Rows read by the run that came to the end.</summary>
    public required long RowsOfRun { get; init; }

    /// <summary>Time that run took, s.</summary>
    public required double Seconds { get; init; }

    /// <summary>Most memory it used, bytes.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>The table, for people and scripts: a name and a number a line.</summary>
    /// <param name="archive">Where the rows are.</param>
    /// <param name="sqlCommand">A command that shows some.</param>
    public string ToTable(string archive, string sqlCommand)
    {
        StringBuilder table = new();
        Count(table, "rows read", Books.Read);
        Count(table, "  aggregated", Books.Aggregated);
        Count(table, "  duplicate", Books.Duplicate);
        Count(table, "  late", Books.Late);
        Count(table, "  dead", Books.Dead);
        Count(table, "  ignored", Books.Ignored);
        long sum = Books.Aggregated + Books.Duplicate + Books.Late + Books.Dead + Books.Ignored;
        Line(table, "  sum", Number(sum), Books.Balanced ? "balanced" : "NOT BALANCED");
        Count(table, "values set aside", Books.SetAside);
        CountEach(table, Books.SetAsideBy.ByName());
        if (Books.MetricLimited > 0)
            Line(table, "metric limit", Number(Books.MetricLimited), "values of surplus metrics");
        Count(table, "unresolved calls", Books.UnresolvedCalls);
        CountEach(table, Books.UnresolvedBy.ByName());
        if (Books.KeysRefused > 0)
            Line(table, "over keys-max", Number(Books.KeysRefused), "counted under 'other'");
        if (Books.WarningsRaised > 0)
        {
            Line(
                table, "warnings raised", Number(Books.WarningsRaised),
                $"{Number(Books.WarningsCleared)} cleared");
        }

        if (Books.ForgottenIds > 0)
            Line(table, "forgotten ids", Number(Books.ForgottenIds), "duplicates may be missed");
        if (Books.LatePartials > 0)
            Count(table, "late partials", Books.LatePartials);
        if (Books.BundleGaps > 0)
            Line(table, "bundle gaps", Number(Books.BundleGaps), "records are missing");
        Count(table, "keys", Books.Keys);
        Count(table, "windows closed", Books.ClosedWindows);
        Line(table, "time taken", Seconds.ToString("N2", CultureInfo.InvariantCulture), "s");
        double rate = Seconds > 0 ? RowsOfRun / Seconds : 0;
        Line(table, "rows per second", Number((long)rate), "");
        Line(table, "peak memory", Number(PeakMemoryBytes >> 20), "MiB");
        table.Append("archive                 ").AppendLine(archive);
        table.Append("look at it with         ").Append(sqlCommand);
        return table.ToString();
    }

    private static void CountEach(
        StringBuilder table, IEnumerable<(string Name, long Count)> counts)
    {
        foreach ((string name, long count) in counts.Where(found => found.Count > 0))
            Count(table, "  " + name, count);
    }

    private static void Count(StringBuilder table, string name, long count) =>
        Line(table, name, Number(count), "");

    private static void Line(StringBuilder table, string name, string value, string note) =>
        table.AppendLine($"{name,-24}{value,14}  {note}".TrimEnd());

    private static string Number(long n) => n.ToString("N0", CultureInfo.InvariantCulture);
}
