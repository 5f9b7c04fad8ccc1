using System.Text;
using Earshot.Schemas;
using Earshot.Sources.Rows;

namespace Earshot.Sources.Text;

/// <summary>Why a record is dead, in words. Only for records that are: these allocate.</summary>
internal static class Detail
{
    private const int ShownBytesMax = 64;

    /// <summary>Marks the record dead.</summary>
    public static DecodeResult Dead(EventRecord into, string detail)
    {
        into.Reset();
        into.DeadDetail = detail;
        return DecodeResult.Dead;
    }

    /// <summary>What a field's text should have been.</summary>
    public static string Of(string field, ReadOnlySpan<byte> text, string wanted) =>
        $"{field}: \"{Shown(text)}\" is not {wanted}";

    /// <summary>A row longer than is read.</summary>
    public static string TooLong { get; } =
        $"longer than {RowReader.RowBytesMax} bytes; only its beginning was kept";

    private static string Shown(ReadOnlySpan<byte> text)
    {
        bool cut = text.Length > ShownBytesMax;
        string shown = Encoding.UTF8.GetString(cut ? text[..ShownBytesMax] : text);
        return cut ? shown + "…" : shown;
    }
}
