namespace Earshot.Tests.Unit.Style;

/// <summary>
/// Takes what is not code out of C# source: comments, strings and character literals become
/// spaces, line breaks stay. Code in the holes of an interpolated string stays, except in raw
/// strings.
/// </summary>
internal sealed class CodeText
{
    private readonly string _text;
    private readonly char[] _code;
    private int _at;

    private CodeText(string text)
    {
        _text = text;
        _code = text.ToCharArray();
    }

    /// <summary>The lines of <paramref name="text"/> with everything but code blanked.</summary>
    public static IReadOnlyList<string> Blank(string text)
    {
        CodeText scan = new(text.ReplaceLineEndings("\n"));
        scan.Code(inHole: false);
        return new string(scan._code).Split('\n');
    }

    private bool Sees(string what) =>
        string.CompareOrdinal(_text, _at, what, 0, what.Length) == 0;

    /// <summary>Passes over code, up to the brace that closes a string's hole.</summary>
    private void Code(bool inHole)
    {
        int depth = 0;
        while (_at < _text.Length)
        {
            char c = _text[_at];
            if (inHole && c == '}' && depth-- == 0)
                return;
            if (c == '{')
                depth++;
            if (Sees("//"))
                BlankTo(Find("\n", _at));
            else if (Sees("/*"))
                BlankTo(Find("*/", _at + 2) + 2);
            else if (c == '\'')
                Quoted('\'', holes: false, verbatim: false);
            else if (c == '"')
                AnyString();
            else
                _at++;
        }
    }

    private void AnyString()
    {
        int quotes = 0;
        while (_at + quotes < _text.Length && _text[_at + quotes] == '"')
            quotes++;
        string before = _text[Math.Max(0, _at - 2).._at];
        if (quotes >= 3)
            BlankTo(Find(new string('"', quotes), _at + quotes) + quotes);
        else
            Quoted('"', holes: HasMark(before, '$'), verbatim: HasMark(before, '@'));
    }

    private static bool HasMark(string before, char mark) =>
        before.EndsWith(mark)
        || (before.Length == 2 && before[0] == mark && before[1] is '$' or '@');

    /// <summary>A literal from its first quote to its last.</summary>
    private void Quoted(char quote, bool holes, bool verbatim)
    {
        BlankTo(_at + 1);
        while (_at < _text.Length && _text[_at] != '\n' | verbatim)
        {
            char c = _text[_at];
            bool isDoubled = _at + 1 < _text.Length && _text[_at + 1] == c;
            if ((c == '\\' && !verbatim) || (c == quote && verbatim && isDoubled)
                || (holes && c is '{' or '}' && isDoubled))
            {
                BlankTo(_at + 2);
            }
            else if (c == quote)
            {
                BlankTo(_at + 1);
                return;
            }
            else if (holes && c == '{')
            {
                BlankTo(_at + 1);
                Code(inHole: true);
            }
            else
            {
                BlankTo(_at + 1);
            }
        }
    }

    private int Find(string what, int from)
    {
        int found = from < _text.Length ? _text.IndexOf(what, from, StringComparison.Ordinal) : -1;
        return found < 0 ? _text.Length : found;
    }

    private void BlankTo(int end)
    {
        for (; _at < Math.Min(end, _text.Length); _at++)
        {
            if (_code[_at] != '\n')
                _code[_at] = ' ';
        }
    }
}
