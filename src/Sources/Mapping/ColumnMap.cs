using System.Text.Json;
using Earshot.Schemas;

namespace Earshot.Sources.Mapping;

/// <summary>How times are written in a mapped CSV file.</summary>
public enum MappedTime
{
    /// <summary>Milliseconds since the epoch.</summary>
    Ms,

    /// <summary>Seconds since the epoch, whole or not.</summary>
    S,

    /// <summary>As 2022-12-15T15:15:59.4Z; without an offset it is UTC.</summary>
    Iso8601,
}

/// <summary>Where a value comes from.</summary>
/// <param name="Column">The column's name; null for a constant.</param>
/// <param name="Scale">What a number is multiplied by.</param>
/// <param name="Constant">The value for all rows; null for a column.</param>
public sealed record MappedColumn(string? Column, double Scale, string? Constant);

/// <summary>
/// What the columns of a CSV file mean, as a small JSON file says:
/// <c>{ "kind": "stream_report", "time": "s", "delimiter": ";", "columns": { "event_time": "ts",
/// "jitter": { "column": "jit_s", "scale": 1000 } }, "dimensions": { "carrier": "trunk" } }</c>.
/// </summary>
public sealed class ColumnMap
{
    private static readonly JsonDocumentOptions lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private static readonly (string Name, EventKind Kind)[] Kinds =
    [
        ("stream_report", EventKind.StreamReport), ("call_summary", EventKind.CallSummary),
        ("call_metric", EventKind.CallMetric), ("call_event", EventKind.CallEvent),
    ];

    private static readonly (string Name, MappedTime Time)[] Times =
        [("ms", MappedTime.Ms), ("s", MappedTime.S), ("iso8601", MappedTime.Iso8601)];

    private static readonly RowFraming[] Framings =
        [RowFraming.Csv, RowFraming.SemicolonCsv, RowFraming.TabCsv, RowFraming.BarCsv];

    private static readonly string[] Keys = ["kind", "columns", "time", "dimensions", "delimiter"];

    private readonly Dictionary<string, MappedColumn> columns = [];
    private readonly Dictionary<string, MappedColumn> dimensions = [];

    private ColumnMap(JsonElement root)
    {
        Json = JsonSerializer.Serialize(root);
        foreach (JsonProperty property in root.EnumerateObject())
            Require(Keys.Contains(property.Name), "key", property.Name, Keys);
        Kind = OneOf(root, "kind", null, Kinds);
        Time = OneOf(root, "time", "ms", Times);
        Framing = OneOf(
            root, "delimiter", ",",
            [.. Framings.Select(framing => (framing.Delimiter().ToString(), framing))]);
        string[] fields = MappedField.NamesOf(Kind);
        foreach ((string name, MappedColumn column) in ReadColumns(root, "columns"))
        {
            Require(fields.Contains(name), "columns: field", name, fields);
            if (column.Scale != 1 && !MappedField.IsNumber(name, Kind))
                throw new ArgumentException($"columns.{name}.scale: {name} is no number to scale");
            columns.Add(name, column);
        }

        foreach ((string name, MappedColumn column) in ReadColumns(root, "dimensions"))
            dimensions.Add(name, column);
        string[] needed = Kind == EventKind.CallMetric
            ? ["event_time", "metric", "value"]
            : ["event_time"];
        foreach (string name in needed.Where(name => !columns.ContainsKey(name)))
            throw new ArgumentException($"columns: {name} is missing; every row needs one");
    }

    /// <summary>The map's content, without what makes no difference.</summary>
    public string Json { get; }

    /// <summary>What each row is.</summary>
    public EventKind Kind { get; }

    /// <summary>How its times are written.</summary>
    public MappedTime Time { get; }

    /// <summary>How the file is cut into rows.</summary>
    public RowFraming Framing { get; }

    /// <summary>Where each field comes from.</summary>
    public IReadOnlyDictionary<string, MappedColumn> Columns => columns;

    /// <summary>Where each dimension comes from.</summary>
    public IReadOnlyDictionary<string, MappedColumn> Dimensions => dimensions;

    /// <summary>Reads a map.</summary>
    /// <param name="json">The file's text.</param>
    /// <exception cref="ArgumentException">
    /// It cannot be used: the message names the key, its value and what is allowed.
    /// </exception>
    public static ColumnMap Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, lenient);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ColumnMap(document.RootElement)
                : throw new ArgumentException("it must hold one JSON object");
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"line {e.LineNumber + 1} is not JSON: {e.Message}", e);
        }
    }

    private static void Require(bool allowed, string what, string value, IEnumerable<string> names)
    {
        if (!allowed)
        {
            throw new ArgumentException(
                $"{what} '{value}' is unknown; allowed: {string.Join(", ", names)}");
        }
    }

    private static T OneOf<T>(
        JsonElement root, string key, string? byDefault, (string Name, T Value)[] allowed)
    {
        string? text = byDefault;
        if (root.TryGetProperty(key, out JsonElement value))
        {
            bool isText = value.ValueKind == JsonValueKind.String;
            text = isText ? value.GetString()! : value.GetRawText();
        }

        int index = Array.FindIndex(allowed, choice => choice.Name == text);
        if (index >= 0)
            return allowed[index].Value;
        string names = string.Join(", ", allowed.Select(choice => $"\"{choice.Name}\""));
        throw new ArgumentException(
            text is null ? $"{key} is missing; allowed: {names}"
                : $"{key} '{text}' is unknown; allowed: {names}");
    }

    private static IEnumerable<(string Name, MappedColumn Column)> ReadColumns(
        JsonElement root, string key)
    {
        if (!root.TryGetProperty(key, out JsonElement all))
            yield break;
        if (all.ValueKind != JsonValueKind.Object)
            throw new ArgumentException($"{key} must be an object");
        HashSet<string> names = [];
        foreach (JsonProperty property in all.EnumerateObject())
        {
            if (!names.Add(property.Name))
                throw new ArgumentException($"{key}: '{property.Name}' comes twice");
            yield return (property.Name, ReadColumn($"{key}.{property.Name}", property.Value));
        }
    }

    private static MappedColumn ReadColumn(string path, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } name)
            return new MappedColumn(name, 1, null);
        string? column = null, constant = null;
        double scale = 1;
        bool valid = value.ValueKind == JsonValueKind.Object;
        foreach (JsonProperty part in valid ? value.EnumerateObject() : default)
        {
            bool isText = part.Value.ValueKind == JsonValueKind.String;
            if (part.Name == "column" && isText)
                column = part.Value.GetString();
            else if (part.Name == "constant" && isText)
                constant = part.Value.GetString();
            else if (part.Name == "scale" && part.Value.ValueKind == JsonValueKind.Number
                && part.Value.TryGetDouble(out double factor) && double.IsFinite(factor)
                && factor != 0)
                scale = factor;
            else
                throw new ArgumentException(
                    $"{path}.{part.Name} '{part.Value}' is not allowed; allowed: column and "
                    + "constant, which are texts, and scale, which is a number other than 0");
        }

        if (!valid || (column is null) == (constant is null))
        {
            throw new ArgumentException(
                $"{path} '{value}' is not allowed; allowed: a column's name, {{ \"column\": …, "
                + "\"scale\": … }, or { \"constant\": … }");
        }

        return new MappedColumn(column, scale, constant);
    }
}
