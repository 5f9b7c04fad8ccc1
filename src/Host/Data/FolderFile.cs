using System.Text.Json;
using System.Text.Json.Serialization;

namespace Earshot.Host.Data;

/// <summary>Small JSON files of a data folder: replaced as a whole, never half-written.</summary>
internal static class FolderFile
{
    private static readonly JsonSerializerOptions format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Reads a file; null when there is none.</summary>
    /// <exception cref="FailedException">It is damaged.</exception>
    public static T? Read<T>(string path) where T : class
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), format)
                ?? throw new JsonException("it is empty");
        }
        catch (JsonException e)
        {
            throw new FailedException(
                $"{path} is damaged ({e.Message}). Restore it from a backup, or start anew with "
                + "another --data folder.", e);
        }
    }

    /// <summary>Writes a file durably: aside, then renamed.</summary>
    public static void Write<T>(string path, T value)
    {
        string aside = path + ".tmp";
        using (FileStream file = new(aside, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, value, format);
            file.WriteByte((byte)'\n');
            file.Flush(flushToDisk: true);
        }

        File.Move(aside, path, overwrite: true);
    }
}
