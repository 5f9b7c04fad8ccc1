using System.Text.RegularExpressions;

namespace Earshot.Tests.Unit.Style;

/// <summary>What a rule found, gathered so that one failure lists every place.</summary>
internal sealed class Violations(string rule)
{
    private readonly List<string> _places = [];

    /// <summary>Notes a place.</summary>
    /// <param name="file">The file, relative to the root.</param>
    /// <param name="line">The line, from 1.</param>
    /// <param name="what">What stands there.</param>
    public void Add(string file, int line, string what) => _places.Add($"{file}:{line}: {what}");

    /// <summary>Notes every line of <paramref name="lines"/> that the pattern matches.</summary>
    public void AddMatches(string file, IReadOnlyList<string> lines, Regex pattern)
    {
        for (int i = 0; i < lines.Count; i++)
        {
            Match match = pattern.Match(lines[i]);
            if (match.Success)
                Add(file, i + 1, match.Value.Trim());
        }
    }

    /// <summary>Fails with the rule and all places if there is any.</summary>
    public void AssertNone()
    {
        if (_places.Count > 0)
            Assert.Fail($"{rule}\n{string.Join('\n', _places)}");
    }
}
