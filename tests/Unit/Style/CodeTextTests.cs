namespace Earshot.Tests.Unit.Style;

public class CodeTextTests
{
    [Theory]
    [InlineData("a(); // b \" c", "a();")]
    [InlineData("a /* b\nc */ d", "a\n d")]
    [InlineData("x = \"// \\\" y\"; z", "x = ; z")]
    [InlineData("x = @\"a\\\"; z", "x = @; z")]
    [InlineData("x = @\"a\"\"b\"; z", "x = @; z")]
    [InlineData("x = $\"{{a {b[\"c\"]} d\"; z", "x = $ b[ ] ; z")]
    [InlineData("x = $@\"{b}\\\"; z", "x = $@ b ; z")]
    [InlineData("x = \"\"\"a \" b\n c\"\"\"; z", "x =\n ; z")]
    [InlineData("c = '\"'; d = '\\''; e", "c = ; d = ; e")]
    [InlineData("var d = new { A = 1 }; // }", "var d = new { A = 1 };")]
    public void Only_code_is_left(string source, string code)
    {
        IEnumerable<string> found = CodeText.Blank(source).Select(Squeeze);

        Assert.Equal(Squeeze(code), Squeeze(string.Join('\n', found)));
    }

    /// <summary>Runs of spaces become one, and none stands before a sign.</summary>
    private static string Squeeze(string text)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string[] words = lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            lines[i] = string.Join(' ', words).Replace(" ;", ";", StringComparison.Ordinal);
        }

        return string.Join('\n', lines);
    }
}
