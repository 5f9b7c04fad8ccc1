using System.Globalization;

namespace Earshot.Archive.Sql;

/// <summary>Values as text.</summary>
internal static class SqlText
{
    /// <summary>
    /// A value as text: times in ISO 8601, blobs as \x and hexadecimal, nested values as JSON.
    /// </summary>
    internal static string Of(object value) => value switch
    {
        string text => text,
        bool truth => truth ? "true" : "false",
        DateTimeOffset time => time.UtcDateTime.ToString(
            "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture),
        DateTime time =>
            time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
        DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        byte[] bytes => @"\x" + Convert.ToHexStringLower(bytes),
        object?[] or KeyValuePair<string, object?>[] => JsonPrinter.Text(value),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
