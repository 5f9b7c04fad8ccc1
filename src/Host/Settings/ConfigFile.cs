using System.Text.Json;

namespace Earshot.Host.Settings;

/// <summary>
/// A JSON file of settings: { "window": "5m,1h", "tags": { "mos": 3.4 } }. Lists are the same as
/// their items separated (by ";" for keys, by "," otherwise); a nested name is joined with ".".
/// </summary>
internal static class ConfigFile
{
    private static readonly JsonDocumentOptions lenient = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>Reads all settings of a file in the order given.</summary>
    /// <exception cref="UsageException">The file is missing, no JSON, or has an unknown key.</exception>
    public static IReadOnlyList<(PipelineSetting Setting, string Text)> Read(string path)
    {
        if (!File.Exists(path))
            throw new UsageException($"--config {path}: there is no such file.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), lenient);
            List<(PipelineSetting, string)> settings = [];
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new UsageException($"--config {path}: it must hold one JSON object {{ … }}.");
            AddAll(path, "", document.RootElement, settings);
            return settings;
        }
        catch (JsonException e)
        {
            throw new UsageException(
                $"--config {path}: line {e.LineNumber + 1} is not JSON: {e.Message}");
        }
    }

    private static void AddAll(
        string path, string prefix, JsonElement from, List<(PipelineSetting, string)> into)
    {
        foreach (JsonProperty property in from.EnumerateObject())
        {
            string name = prefix + property.Name;
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                AddAll(path, name + ".", property.Value, into);
                continue;
            }

            PipelineSetting setting = PipelineSetting.All.FirstOrDefault(s => s.Name == name)
                ?? throw new UsageException(
                    $"--config {path}: there is no setting '{name}'. Allowed: "
                    + string.Join(", ", PipelineSetting.All.Select(s => s.Name)) + ".");
            into.Add((setting, TextOf(path, name, property.Value)));
        }
    }

    private static string TextOf(string path, string name, JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Array => string.Join(
                name == "keys" ? ";" : ",",
                value.EnumerateArray().Select(item => TextOf(path, name, item))),
            _ => throw new UsageException(
                $"--config {path}: '{name}' must be a text, a number, true, false or a list."),
        };
}
