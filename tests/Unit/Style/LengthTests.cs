using System.Text.RegularExpressions;

namespace Earshot.Tests.Unit.Style;

/// <summary>Limits that keep a file, a function and a line readable.</summary>
public partial class LengthTests
{
    private const int FileLinesMax = 400;
    private const int FunctionLinesMax = 70;
    private const int LineColumnsMax = 100;

    [Fact]
    public void Files_are_short()
    {
        Violations found = new($"A file has at most {FileLinesMax} lines: split it.");
        foreach (SourceFile file in Repository.Sources)
        {
            if (file.Lines.Count > FileLinesMax)
                found.Add(file.Name, FileLinesMax + 1, $"{file.Lines.Count} lines");
        }

        found.AssertNone();
    }

    [Fact]
    public void Lines_fit_the_page()
    {
        Violations found = new($"A line has at most {LineColumnsMax} columns: wrap it.");
        foreach (SourceFile file in Repository.Sources)
        {
            for (int i = 0; i < file.Lines.Count; i++)
            {
                int columns = file.Lines[i].EnumerateRunes().Count();
                if (columns > LineColumnsMax)
                    found.Add(file.Name, i + 1, $"{columns} columns");
            }
        }

        found.AssertNone();
    }

    [Fact]
    public void Functions_fit_a_screen()
    {
        Violations found = new($"A function has at most {FunctionLinesMax} lines: split it.");
        foreach (SourceFile file in Repository.Sources)
        {
            foreach ((int first, int last) in Functions(file.Code))
            {
                if (last - first + 1 > FunctionLinesMax)
                    found.Add(file.Name, first, $"{last - first + 1} lines");
            }
        }

        found.AssertNone();
    }

    [Fact]
    public void Functions_are_found()
    {
        string[] code =
        [
            "[T(1)] class A(int b) : C(b)", "{", "    D E<F>(int g = 1)", "        where F : H",
            "    {", "        if (g) { return; }", "        x = new Y(1) { Z = 2 };", "    }", "}",
        ];

        Assert.Equal([(3, 8)], Functions(code));
    }

    /// <summary>First and last line of everything that has a parameter list and a body.</summary>
    private static IEnumerable<(int First, int Last)> Functions(IReadOnlyList<string> code)
    {
        Stack<(string Header, int First)> open = new();
        string header = "";
        int first = 0;
        for (int i = 0; i < code.Count; i++)
        {
            foreach (char c in code[i] + ' ')
            {
                if (c == '{')
                    open.Push((header, first));
                if (c == '}' && open.TryPop(out (string Header, int First) closed)
                    && IsFunction(closed.Header))
                {
                    yield return (closed.First, i + 1);
                }

                if (c is '{' or '}' or ';')
                    header = "";
                else if (header.Length > 0 || !char.IsWhiteSpace(c))
                    (header, first) = (header + c, header.Length == 0 ? i + 1 : first);
            }
        }
    }

    /// <summary>
    /// Whether the text before a brace is the head of a function: a name and a parameter list,
    /// and not a type, a statement, a lambda or the value of something.
    /// </summary>
    private static bool IsFunction(string header)
    {
        header = Attributes().Replace(header, "");
        int list = header.IndexOf('(', StringComparison.Ordinal);
        if (list < 0 || header.Contains("=>", StringComparison.Ordinal))
            return false;
        string name = header[..list];
        return !name.Contains('=', StringComparison.Ordinal) && !NotAFunction().IsMatch(name);
    }

    [GeneratedRegex(@"\b(class|struct|record|interface|if|else|for|foreach|while|do|switch|using"
        + @"|lock|fixed|catch|when|return|new|is|with|case|throw|await|yield)\b")]
    private static partial Regex NotAFunction();

    [GeneratedRegex(@"^(\[[^\]]*\]\s*)+")]
    private static partial Regex Attributes();
}
