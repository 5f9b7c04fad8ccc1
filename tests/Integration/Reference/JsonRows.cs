using System.Globalization;
using System.Text.Json;

namespace Earshot.Tests.Integration.Reference;

/// <summary>Rows as JSON objects: found by key, compared column by column.</summary>
internal static class JsonRows
{
    private static readonly JsonElement missing = JsonDocument.Parse("null").RootElement.Clone();

    /// <summary>Rows by the text of their key columns; a key twice is a failure.</summary>
    public static Dictionary<string, JsonElement> ByKey(
        IEnumerable<JsonElement> rows, params string[] names)
    {
        Dictionary<string, JsonElement> keyed = [];
        foreach (JsonElement row in rows)
        {
            string key = string.Join(' ', names.Select(name => Text(row.GetProperty(name))));
            Assert.True(keyed.TryAdd(key, row), $"twice: {key}");
        }

        return keyed;
    }

    /// <summary>Pairs of rows under the same key; the two sets have the same keys.</summary>
    public static IEnumerable<(string Key, JsonElement Expected, JsonElement Actual)> Pairs(
        Dictionary<string, JsonElement> expected, Dictionary<string, JsonElement> actual)
    {
        Assert.NotEmpty(expected);
        Assert.Empty(expected.Keys.Except(actual.Keys));
        Assert.Empty(actual.Keys.Except(expected.Keys));
        return expected.Select(e => (e.Key, e.Value, actual[e.Key]));
    }

    /// <summary>Asserts that two values are the same, numbers nearly.</summary>
    public static void AssertSame(
        JsonElement expected, JsonElement actual, double tolerance, string where)
    {
        if (expected.ValueKind == JsonValueKind.Number && actual.ValueKind == JsonValueKind.Number)
        {
            double a = expected.GetDouble(), b = actual.GetDouble();
            double allowed = tolerance * Math.Abs(a);
            Assert.True(
                Math.Abs(a - b) <= allowed,
                string.Create(CultureInfo.InvariantCulture, $"{where}: {a:R} expected, is {b:R}"));
            return;
        }

        string left = Text(expected), right = Text(actual);
        Assert.True(left == right, $"{where}: {left} expected, is {right}");
    }

    /// <summary>A column, or JSON's null where the row has none.</summary>
    public static JsonElement Column(this JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value) ? value : missing;

    // Times come with and without a fraction.
    private static string Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String
        && value.GetString() is [.., 'Z'] text
        && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset time)
            ? time.ToString("O", CultureInfo.InvariantCulture)
            : value.GetRawText();
}
