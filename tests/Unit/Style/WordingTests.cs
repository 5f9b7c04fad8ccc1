using System.Text.RegularExpressions;

namespace Earshot.Tests.Unit.Style;

/// <summary>Names that say something, and nothing left over.</summary>
public partial class WordingTests
{
    // Put together from parts so that this file does not match itself.
    private static readonly Regex LeftOver =
        new(@"\b(" + string.Join('|', "TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X") + @")\b");

    private static readonly Regex MachinePath = new(
        @"(?<![\w.}-])/("
        + string.Join('|', "ho" + "me", "ro" + "ot", "wo" + "rk", "Us" + "ers")
        + @")/|\b[A-Z]:\\" + "Us" + "ers");

    [Fact]
    public void Types_are_named_for_what_they_are()
    {
        Violations found = new("Name a type for what it is, not Manager, Helper, Util, Processor.");
        foreach (SourceFile file in Repository.Sources)
        {
            found.AddMatches(file.Name, file.Code, EmptyTypeName());
            if (EmptyName().IsMatch(Path.GetFileNameWithoutExtension(file.Name)))
                found.Add(file.Name, 1, "the file's name");
        }

        found.AssertNone();
    }

    [Fact]
    public void Nothing_is_left_over() =>
        Forbid("Finish it, or write it down as an issue: no markers in the tree.", LeftOver);

    [Fact]
    public void No_file_names_one_machine() =>
        Forbid("Paths of one machine are of no use on another.", MachinePath);

    private static void Forbid(string rule, Regex pattern)
    {
        Violations found = new(rule);
        foreach (string path in Repository.TextFiles())
            found.AddMatches(Repository.Relative(path), File.ReadAllLines(path), pattern);
        found.AssertNone();
    }

    [GeneratedRegex(@"\b(class|struct|record|interface|enum|delegate)\s+"
        + @"\w*(Manager|Helper|Util|Processor)s?\b")]
    private static partial Regex EmptyTypeName();

    [GeneratedRegex("(Manager|Helper|Util|Processor)s?$")]
    private static partial Regex EmptyName();
}
