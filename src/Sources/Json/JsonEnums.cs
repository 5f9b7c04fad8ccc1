using System.Text;
using Earshot.Sources.Text;

namespace Earshot.Sources.Json;

/// <summary>
/// Enum values as JSON producers write them: by number or name, in any case, with - or _ or
/// neither between words, with or without the enum's name before it.
/// </summary>
internal sealed class JsonEnums
{
    private const int NameBytesMax = 48;

    private readonly (byte[] Name, int Value)[] values;
    private readonly byte[][] prefixes;
    private readonly int max;

    private JsonEnums((string Name, int Value)[] values, string[] prefixes)
    {
        this.values =
            [.. values.Select(value => (Encoding.ASCII.GetBytes(Plain(value.Name)), value.Value))];
        this.prefixes = [.. prefixes.Select(Encoding.ASCII.GetBytes)];
        max = values.Max(value => value.Value);
    }

    /// <summary>V1.CallState.Types.State.</summary>
    public static JsonEnums CallState { get; } = new(
        [.. ValuesOf<Schemas.V1.CallState.Types.State>(), ("cancelled", 9)],
        ["callstate", "state"]);

    /// <summary>V1.CallSummary.Types.ProcessingState.</summary>
    public static JsonEnums ProcessingState { get; } = new(
        ValuesOf<Schemas.V1.CallSummary.Types.ProcessingState>(), ["processingstate", "state"]);

    /// <summary>The value of a text; 0 (unspecified) for one that is not known.</summary>
    public int ValueOf(ReadOnlySpan<byte> text)
    {
        if (Numbers.TryLong(text, out long number))
            return number >= 0 && number <= max ? (int)number : 0;
        Span<byte> buffer = stackalloc byte[NameBytesMax];
        int length = 0;
        foreach (byte b in text)
        {
            if (b is (byte)'_' or (byte)'-' or (byte)' ')
                continue;
            if (length == NameBytesMax)
                return 0;
            buffer[length++] = b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
        }

        ReadOnlySpan<byte> name = buffer[..length];
        if (TryFind(name, out int value))
            return value;
        foreach (byte[] prefix in prefixes)
        {
            if (name.StartsWith(prefix) && TryFind(name[prefix.Length..], out value))
                return value;
        }

        return 0;
    }

    private bool TryFind(ReadOnlySpan<byte> name, out int value)
    {
        foreach ((byte[] known, int number) in values)
        {
            if (name.SequenceEqual(known))
            {
                value = number;
                return true;
            }
        }

        value = 0;
        return false;
    }

    private static (string Name, int Value)[] ValuesOf<T>() where T : struct, Enum =>
        [.. Enum.GetValues<T>().Select(value => (value.ToString(), Convert.ToInt32(
            value, System.Globalization.CultureInfo.InvariantCulture)))];

    private static string Plain(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
}
