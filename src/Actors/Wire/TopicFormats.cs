namespace Earshot.Actors.Wire;

/// <summary>
/// What every record of a topic says of itself: content type and schema version. The same for all
/// records of a topic, so the embedded logs do not store it; a log that others read adds it to
/// each record it writes. Dead letters and late records are the input's bytes and keep the content
/// type those came with: they are not in it.
/// </summary>
public static class TopicFormats
{
    /// <summary>Name of the header that says how a record is written.</summary>
    public const string ContentTypeName = "content-type";

    /// <summary>Name of the header that says which version of the schema it follows.</summary>
    public const string SchemaVersionName = "earshot-schema-version";

    /// <summary>The package earshot.v1 of proto/.</summary>
    public const string SchemaVersion = "1";

    /// <summary>The headers of each topic a pipeline writes with a format of its own.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<(string Name, string Value)>> Of(
        Topics topics) => new Dictionary<string, IReadOnlyList<(string, string)>>
    {
        [topics.Aggregates] = HeadersOf("Aggregate"),
        [topics.Insights] = HeadersOf("Insight"),
        [topics.Predictions] = HeadersOf("Prediction"),
        [topics.Warnings] = HeadersOf("Warning"),
        [topics.Finished] = HeadersOf("FinishedCall"),
        [topics.Bundles] = HeadersOf("Bundle"),
        [topics.Control] = HeadersOf("Control"),
    };

    /// <summary>The content type of a message of proto/.</summary>
    internal static string ContentTypeOf(string message) =>
        "application/x-protobuf; messageType=earshot.v1." + message;

    private static (string, string)[] HeadersOf(string message) =>
        [(ContentTypeName, ContentTypeOf(message)), (SchemaVersionName, SchemaVersion)];
}
