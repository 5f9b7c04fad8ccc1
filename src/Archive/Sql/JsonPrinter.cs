using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Earshot.Archive.Sql;

/// <summary>Prints results as JSON.</summary>
internal static class JsonPrinter
{
    // Text stays readable: the output is no part of an HTML page.
    private static readonly JsonWriterOptions writerOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static long Print(SqlResult result, Stream output)
    {
        string[] names = UniqueNames(result.Columns);
        using Utf8JsonWriter json = new(output, writerOptions);
        long count = 0;
        output.WriteByte((byte)'[');
        foreach (object?[] row in result.Rows())
        {
            output.Write(count++ == 0 ? "\n"u8 : ",\n"u8);
            json.Reset();
            json.WriteStartObject();
            for (int i = 0; i < names.Length; i++)
            {
                json.WritePropertyName(names[i]);
                Write(json, row[i]);
            }

            json.WriteEndObject();
            json.Flush();
        }

        output.Write("\n]\n"u8);
        output.Flush();
        return count;
    }

    /// <summary>A nested value as JSON text.</summary>
    internal static string Text(object value)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, writerOptions))
            Write(json, value);
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case double number when !double.IsFinite(number):
            case float small when !float.IsFinite(small):
                json.WriteStringValue(SqlText.Of(value));
                break;
            case sbyte or short or int or long or byte or ushort or uint or ulong
                or Int128 or UInt128 or float or double or decimal:
                json.WriteRawValue(SqlText.Of(value));
                break;
            case byte[] bytes:
                json.WriteBase64StringValue(bytes);
                break;
            case object?[] list:
                json.WriteStartArray();
                foreach (object? item in list)
                    Write(json, item);
                json.WriteEndArray();
                break;
            case KeyValuePair<string, object?>[] fields:
                json.WriteStartObject();
                foreach ((string name, object? field) in fields)
                {
                    json.WritePropertyName(name);
                    Write(json, field);
                }

                json.WriteEndObject();
                break;
            default:
                json.WriteStringValue(SqlText.Of(value));
                break;
        }
    }

    // An object must not name a field twice: readers keep only one of them.
    private static string[] UniqueNames(IReadOnlyList<SqlColumn> columns)
    {
        HashSet<string> used = [];
        string[] names = new string[columns.Count];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = columns[i].Name;
            for (int again = 1; !used.Add(names[i]); again++)
                names[i] = columns[i].Name + "_" + again.ToString(CultureInfo.InvariantCulture);
        }

        return names;
    }
}
