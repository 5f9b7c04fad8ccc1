using System.Text.Json;

namespace Earshot.Tests.Integration.Kafka;

/// <summary>
/// kafkajs and protobufjs: a Kafka client and a reader of protobuf that share no code with ours.
/// </summary>
internal static class ForeignNode
{
    private static readonly string tools = Path.Combine(
        Environment.GetEnvironmentVariable("EARSHOT_TOOLS") ?? Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/earshot"),
        "test-tools");

    /// <summary>Why tests with them cannot run; null when they can.</summary>
    public static string? Missing { get; } =
        !NodeScript.IsAvailable ? NodeScript.MissingMessage
        : !Directory.Exists(Path.Combine(tools, "node_modules", "kafkajs"))
            ? $"kafkajs is not in {tools} (scripts/setup.sh tests installs it)"
        : null;

    /// <summary>Encodes messages of proto/.</summary>
    /// <param name="type">The message, as "CallSummary".</param>
    /// <param name="values">Its fields, by the names of the proto file.</param>
    public static byte[][] Encode(string type, params object[] values) =>
        [.. RunWith(values, NodeScript.Beside("protobuf.mjs"), "encode", type)
            .Select(line => line.GetProperty("bytes").GetBytesFromBase64())];

    /// <summary>Decodes messages of proto/; absent fields are absent.</summary>
    public static JsonElement[] Decode(string type, IEnumerable<byte[]> messages) => RunWith(
        messages.Select(bytes => new { bytes = Convert.ToBase64String(bytes) }),
        NodeScript.Beside("protobuf.mjs"), "decode", type);

    /// <summary>Writes records with kafkajs, in order.</summary>
    public static void Produce(
        string bootstrap, string topic,
        IEnumerable<(int Partition, string Key, byte[] Value, string? ContentType)> records) =>
        RunWith(
            records.Select(r => new
            {
                r.Partition, r.Key, value = Convert.ToBase64String(r.Value), r.ContentType,
            }),
            NodeScript.Beside("kafkajs.mjs"), "produce", bootstrap, topic);

    /// <summary>Reads so many committed records with kafkajs as a member of a group.</summary>
    public static JsonElement[] Consume(
        string bootstrap, string topic, string group, int count) => RunWith(
        [], NodeScript.Beside("kafkajs.mjs"), "consume", bootstrap, topic, group, $"{count}");

    private static JsonElement[] RunWith(
        IEnumerable<object> lines, string script, params string[] args)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, lines.Select(line => JsonSerializer.Serialize(
                line, JsonSerializerOptions.Web)));
            return NodeScript.Run(script, [tools, file, .. args]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
