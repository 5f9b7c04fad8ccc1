using System.Text;
using System.Text.Json;
using Earshot.Sources.Json;

namespace Earshot.Sources.RtcStats;

/// <summary>
/// What a dump says about its client and its connections, to be dimensions: the texts and numbers
/// of the metadata line, of <c>create</c>, and of <c>location</c> and <c>identity</c> lines, and of
/// the objects in them that hold such.
/// </summary>
internal sealed class RtcAbout
{
    private const int NameBytesMax = 64;
    private const int ValueBytesMax = 128;
    private const int MembersMax = 32;

    private static readonly string[] Inner =
        ["dimensions", "event_dimensions", "location", "identity", "authData"];

    // In the order said; raw JSON.
    private readonly List<(string Name, string Value)> members = [];

    /// <summary>The call's id where it is said; raw JSON of a text.</summary>
    public string? CallId { get; private set; }

    /// <summary>Adds what an object says.</summary>
    public void Add(ReadOnlySpan<byte> json, JsonText text)
    {
        Utf8JsonReader reader = new(json);
        if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            Add(ref reader, text, inside: false);
    }

    /// <summary>Writes the members, each as a property.</summary>
    public void WriteTo(StringBuilder json)
    {
        foreach ((string name, string value) in members)
        {
            if (json[^1] != '{')
                json.Append(',');
            json.Append('"').Append(name).Append("\":").Append(value);
        }
    }

    private void Add(ref Utf8JsonReader reader, JsonText text, bool inside)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string raw = Encoding.UTF8.GetString(reader.ValueSpan);
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject && !inside && Inner.Contains(raw))
                Add(ref reader, text, inside: true);
            else if (reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
                AddMember(raw, ref reader);
            else
                reader.Skip();
        }
    }

    private void AddMember(string name, ref Utf8JsonReader reader)
    {
        int length = reader.ValueSpan.Length;
        if (length is 0 or > ValueBytesMax || name.Length is 0 or > NameBytesMax)
            return;
        string value = Encoding.UTF8.GetString(reader.ValueSpan);
        if (reader.TokenType == JsonTokenType.String)
            value = $"\"{value}\"";
        if (name is "callId" or "call_id")
            CallId = value;
        members.RemoveAll(member => member.Name == name);
        if (members.Count < MembersMax)
            members.Add((name, value));
    }
}
