using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Earshot.Tests.Unit.Style;

/// <summary>
/// Dependencies point inward; the inner projects know no clock, no chance, no I/O.
/// </summary>
public partial class DependencyTests
{
    /// <summary>What each project under src may refer to. Host alone knows everything.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Analytics"] = [],
        ["Schemas"] = [],
        ["Sqlite"] = [],
        ["Log"] = ["Sqlite"],
        ["Snapshots"] = ["Sqlite"],
        ["Kafka"] = ["Log"],
        ["Actors"] = ["Analytics", "Log", "Schemas", "Snapshots"],
        ["Batch"] = ["Actors", "Analytics", "Log", "Schemas"],
        ["Archive"] = ["Actors", "Log", "Schemas"],
        ["Sources"] = ["Analytics", "Log", "Schemas"],
    };

    [Fact]
    public void References_point_inward()
    {
        Violations found = new("A project refers only to those its row in this test allows.");
        foreach (string project in Repository.Projects)
        {
            if (project.Split('/') is not ["src", string name, _] || name == "Host")
                continue;
            foreach ((int line, string target) in Items(project, "ProjectReference"))
            {
                string other = target.Replace('\\', '/').Split('/')[^2];
                if (!Allowed.TryGetValue(name, out string[]? allowed) || !allowed.Contains(other))
                    found.Add(project, line, $"{name} refers to {other}");
            }
        }

        found.AssertNone();
    }

    [Fact]
    public void Analytics_has_no_packages()
    {
        Violations found = new("Analytics is pure: it has no packages.");
        foreach ((int line, string package) in Items(
            "src/Analytics/Earshot.Analytics.csproj", "PackageReference"))
        {
            found.Add("src/Analytics/Earshot.Analytics.csproj", line, package);
        }

        found.AssertNone();
    }

    [Fact]
    public void Analytics_touches_nothing_outside() => Forbid(
        "Analytics is pure: no files, no network, no threads.", AnalyticsOutside(),
        "src/Analytics");

    [Fact]
    public void Actors_leave_storage_to_the_ports() => Forbid(
        "Actors reach storage and brokers through ports.", ActorsOutside(), "src/Actors");

    [Fact]
    public void State_machines_know_neither_clock_nor_chance() => Forbid(
        "A stage that is replayed must decide the same: time and chance come from the log.",
        ClockOrChance(), "src/Analytics", "src/Actors");

    [Fact]
    public void Nothing_sleeps() => Forbid(
        "No thread sleeps: wait for what is meant, with a limit.", Sleep(),
        [.. Repository.Sources.Select(file => file.Project).Distinct()]);

    [Fact]
    public void The_solution_has_every_project()
    {
        Violations found = new("Every project is in Earshot.slnx: what is not is never built.");
        string solution = File.ReadAllText(Path.Combine(Repository.Root, "Earshot.slnx"));
        foreach (string project in Repository.Projects)
        {
            if (!solution.Contains($"\"{project}\"", StringComparison.Ordinal))
                found.Add(project, 1, "missing");
        }

        found.AssertNone();
    }

    private static void Forbid(string rule, Regex pattern, params string[] projects)
    {
        Violations found = new(rule);
        foreach (SourceFile file in Repository.Sources)
        {
            if (projects.Contains(file.Project))
                found.AddMatches(file.Name, file.Code, pattern);
        }

        found.AssertNone();
    }

    private static IEnumerable<(int Line, string Include)> Items(string project, string kind)
    {
        string path = Path.Combine(Repository.Root, project);
        foreach (XElement item in XDocument.Load(path, LoadOptions.SetLineInfo).Descendants(kind))
        {
            int line = ((System.Xml.IXmlLineInfo)item).LineNumber;
            yield return (line, item.Attribute("Include")?.Value ?? "");
        }
    }

    // Type names too: the SDK imports System.IO, System.Net.Http and System.Threading by itself.
    [GeneratedRegex(@"\bSystem\.(IO(?!\.Binary(Reader|Writer)\b)|Net|Threading)\b"
        + @"|\b(File|Directory|Path|Thread|Task|Monitor|Interlocked|Console|Environment)\."
        + @"|\b(File|Memory)Stream\b|\bStream(Reader|Writer)\b|\bHttpClient\b|\block \(")]
    private static partial Regex AnalyticsOutside();

    [GeneratedRegex(@"\bMicrosoft\.Data\b|\bConfluent\b|\bNpgsql\b|\bDuckDb\b"
        + @"|\bSystem\.IO\.File\b|\b(File|Directory)\.|\bFileStream\b")]
    private static partial Regex ActorsOutside();

    [GeneratedRegex(@"\bDateTime(Offset)?\.(UtcNow|Now|Today)\b|\bStopwatch\b|\bRandom\b"
        + @"|\bGuid\.(NewGuid|CreateVersion7)\b|\bEnvironment\.TickCount|\bTimeProvider\.System\b")]
    private static partial Regex ClockOrChance();

    [GeneratedRegex(@"\bThread\.Sleep\b")]
    private static partial Regex Sleep();
}
