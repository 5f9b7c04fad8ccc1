using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Earshot.Sources.Json;

/// <summary>
/// The texts of a JSON reader as UTF-8, unescaped without allocating. Unlike the reader's own
/// methods it takes half a surrogate pair, which real producers write, for U+FFFD.
/// </summary>
internal sealed class JsonText
{
    private byte[] unescaped = new byte[256];

    /// <summary>
    /// The text of a string or property name, the digits of a number, true or false. Valid until
    /// the next call.
    /// </summary>
    public ReadOnlySpan<byte> Of(ref Utf8JsonReader reader)
    {
        ReadOnlySpan<byte> raw = reader.ValueSpan;
        return reader.ValueIsEscaped ? Unescape(raw) : raw;
    }

    // The reader has seen to it that every escape is a valid one.
    private ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> raw)
    {
        if (unescaped.Length < raw.Length)
            unescaped = new byte[raw.Length * 2];
        Span<byte> to = unescaped;
        int length = 0;
        for (int i = 0; i < raw.Length;)
        {
            if (raw[i] != '\\')
            {
                to[length++] = raw[i++];
                continue;
            }

            byte escape = raw[i + 1];
            i += 2;
            if (escape != 'u')
            {
                to[length++] = Plain(escape);
                continue;
            }

            int unit = Unit(raw.Slice(i, 4));
            i += 4;
            if (char.IsHighSurrogate((char)unit) && raw[i..].StartsWith("\\u"u8)
                && Unit(raw.Slice(i + 2, 4)) is int low && char.IsLowSurrogate((char)low))
            {
                unit = char.ConvertToUtf32((char)unit, (char)low);
                i += 6;
            }

            Rune rune = Rune.IsValid(unit) ? new Rune(unit) : Rune.ReplacementChar;
            length += rune.EncodeToUtf8(to[length..]);
        }

        return to[..length];
    }

    private static byte Plain(byte escape) => escape switch
    {
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        _ => escape,
    };

    private static int Unit(ReadOnlySpan<byte> hex) =>
        Utf8Parser.TryParse(hex, out int unit, out _, 'x') ? unit : Rune.ReplacementChar.Value;
}
