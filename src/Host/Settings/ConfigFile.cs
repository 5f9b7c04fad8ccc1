using System.Text.Json;

namespace Earshot.Host.Settings;

/// <summary>
/// A JSON file of settings: { "window": "5m,1h", "tags": { "mos": 3.4 } }. Lists are the same as
/// their items separated (by ";" for keys, by "," otherwise); a nested name is joined with ".".
/// </summary>
internal sealed class ConfigFile
{
    /// <summary>What a file may hold beside the settings of a pipeline.</summary>
    private static readonly string[] otherNames = ["snapshots", "archive-retention"];

    private static readonly JsonDocumentOptions lenient = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    private readonly List<(PipelineSetting, string)> pipeline = [];
    private readonly Dictionary<string, string> others = new(StringComparer.Ordinal);

    private ConfigFile(string path) => Path = path;

    /// <summary>A file that says nothing.</summary>
    public static ConfigFile None { get; } = new("");

    /// <summary>Its path, for people.</summary>
    public string Path { get; }

    /// <summary>The settings of a pipeline, in the order given.</summary>
    public IReadOnlyList<(PipelineSetting Setting, string Text)> Pipeline => pipeline;

    /// <summary>The others: of Kafka (kafka.NAME), of where state and archive are.</summary>
    public IReadOnlyDictionary<string, string> Others => others;

    /// <summary>Reads all settings of a file.</summary>
    /// <exception cref="UsageException">It is missing, no JSON, or has an unknown key.</exception>
    public static ConfigFile Read(string path)
    {
        if (!File.Exists(path))
            throw new UsageException($"--config {path}: there is no such file.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), lenient);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new UsageException($"--config {path}: it must hold one JSON object.");
            ConfigFile file = new(path);
            file.AddAll("", document.RootElement);
            return file;
        }
        catch (JsonException e)
        {
            throw new UsageException(
                $"--config {path}: line {e.LineNumber + 1} is not JSON: {e.Message}");
        }
    }

    private void AddAll(string prefix, JsonElement from)
    {
        foreach (JsonProperty property in from.EnumerateObject())
        {
            string name = prefix + property.Name;
            if (property.Value.ValueKind == JsonValueKind.Object)
                AddAll(name + ".", property.Value);
            else
                Add(name, TextOf(name, property.Value));
        }
    }

    private void Add(string name, string text)
    {
        const string Codecs = MosSettings.CodecsName + ".";
        if (name.StartsWith(Codecs, StringComparison.Ordinal))
            (name, text) = (MosSettings.CodecsName, $"{name[Codecs.Length..]}={text}");
        PipelineSetting? setting = PipelineSetting.All.FirstOrDefault(s => s.Name == name);
        if (setting is not null)
        {
            pipeline.Add((setting, text));
            return;
        }

        // Options of librdkafka are checked by librdkafka.
        bool known = otherNames.Contains(name)
            || name.StartsWith("kafka.", StringComparison.Ordinal);
        if (!known)
        {
            throw new UsageException(
                $"--config {Path}: there is no setting '{name}'. Allowed: "
                + string.Join(", ", PipelineSetting.All.Select(s => s.Name).Concat(otherNames))
                + $", {MosSettings.CodecsName}.*, kafka.*.");
        }

        others[name] = text;
    }

    private string TextOf(string name, JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Array => string.Join(
                name == "keys" ? ";" : ",",
                value.EnumerateArray().Select(item => TextOf(name, item))),
            _ => throw new UsageException(
                $"--config {Path}: '{name}' must be a text, a number, true, false or a list."),
        };
}
