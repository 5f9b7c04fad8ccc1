using Earshot.Schemas;

namespace Earshot.Sources.Wire;

/// <summary>How the bytes of a record are written.</summary>
internal enum WireEncoding : byte
{
    /// <summary>Protobuf's wire format, raw or in Confluent's framing.</summary>
    Protobuf,

    /// <summary>Protobuf's canonical JSON.</summary>
    Json,

    /// <summary>Something else.</summary>
    Unknown,
}

/// <summary>What a <c>content-type</c> header says of a record.</summary>
/// <param name="Encoding">How it is written.</param>
/// <param name="Kind">Which event stands in it without an Envelope; None: an Envelope.</param>
/// <param name="Fault">Why it cannot be read, in words; null when it can.</param>
internal sealed record ContentType(WireEncoding Encoding, EventKind Kind, string? Fault = null)
{
    private const int ShownCharsMax = 80;
    private const string Package = "earshot.v1.";

    private static readonly string[] ProtobufTypes =
    [
        "application/x-protobuf", "application/vnd.google.protobuf", "application/protobuf",
        "application/octet-stream",
    ];

    // Parameters that name the message: ours, and those of others.
    private static readonly string[] TypeParameters = ["type", "messagetype", "proto"];

    /// <summary>Protobuf, an Envelope: what a record without the header is.</summary>
    public static ContentType Default { get; } = new(WireEncoding.Protobuf, EventKind.None);

    /// <summary>Reads a header's value, UTF-8; upper and lower case are the same.</summary>
    public static ContentType Parse(ReadOnlySpan<byte> header)
    {
        string text = System.Text.Encoding.UTF8.GetString(header).Trim();
        string[] parts = text.Split(';', StringSplitOptions.TrimEntries);
        string name = parts[0];
        bool isJson = name.Equals("application/json", StringComparison.OrdinalIgnoreCase);
        if (!isJson && name.Length > 0
            && !ProtobufTypes.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return Unknown(
                $"content type \"{Shown(name)}\" is not among application/json, "
                + string.Join(", ", ProtobufTypes));
        }

        WireEncoding encoding = isJson ? WireEncoding.Json : WireEncoding.Protobuf;
        foreach (string parameter in parts.Skip(1))
        {
            int equals = parameter.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !TypeParameters.Contains(
                parameter[..equals].TrimEnd(), StringComparer.OrdinalIgnoreCase))
                continue;
            string type = parameter[(equals + 1)..].Trim().Trim('"');
            return KindOf(type) is { } kind
                ? new ContentType(encoding, kind)
                : Unknown(
                    $"message type \"{Shown(type)}\" is not among Envelope, CallEvent, "
                    + "CallMetric, StreamReport, CallSummary");
        }

        return new ContentType(encoding, EventKind.None);
    }

    private static ContentType Unknown(string fault) =>
        new(WireEncoding.Unknown, EventKind.None, fault);

    private static EventKind? KindOf(string type)
    {
        string name = type.StartsWith(Package, StringComparison.OrdinalIgnoreCase)
            ? type[Package.Length..]
            : type;
        if (name.Equals("Envelope", StringComparison.OrdinalIgnoreCase))
            return EventKind.None;
        foreach (EventKind kind in Enum.GetValues<EventKind>())
        {
            if (kind != EventKind.None
                && name.Equals(kind.ToString(), StringComparison.OrdinalIgnoreCase))
                return kind;
        }

        return null;
    }

    private static string Shown(string text) =>
        text.Length <= ShownCharsMax ? text : text[..ShownCharsMax] + "…";
}
