using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Earshot.Log;

namespace Earshot.Actors.Wire;

/// <summary>
/// The header <c>earshot-id</c> of a row: the same for the same row wherever and however often it
/// is made, so that readers can drop repeats. It is the first 16 bytes, in hexadecimal, of the
/// SHA-256 of these texts, a line feed between two: table, grouping, dimension values, window,
/// window start (ms since the epoch), metric (empty for insights), and "final" or the revision.
/// Statistics are not in it: their last bits depend on the order of merging. Neither is the
/// revision of a final row, which depends on where epochs end.
/// </summary>
internal sealed class RowId
{
    private const int IdBytes = 16;
    private const byte Separator = (byte)'\n';
    private const string Final = "final";

    private readonly RecordHeadersBuilder headers = new();
    private byte[] text = new byte[256];
    private int used;
    private int windowEnd;

    /// <summary>The header's name.</summary>
    public static ReadOnlySpan<byte> Name => "earshot-id"u8;

    /// <summary>Says which window the next rows are of.</summary>
    /// <param name="grouping">Grouping set, as "carrier,country".</param>
    /// <param name="values">Values of its dimensions, as in the record's key.</param>
    /// <param name="window">The window's name.</param>
    /// <param name="startMs">Its start, ms since the epoch.</param>
    public void Window(string grouping, ReadOnlySpan<char> values, string window, long startMs)
    {
        used = 0;
        Add(grouping);
        Add(values);
        Add(window);
        Add(startMs);
        windowEnd = used;
    }

    /// <summary>The headers of a row of the window; valid until the next call.</summary>
    public ReadOnlySpan<byte> HeadersOf(string table, string metric, bool final, long revision)
    {
        used = windowEnd;
        Add(metric);
        if (final)
            Add(Final);
        else
            Add(revision);
        return Finish(table);
    }

    /// <summary>
    /// The headers of a partial aggregate that came after its window: source partition and pane
    /// tell it from others.
    /// </summary>
    public ReadOnlySpan<byte> HeadersOfLate(
        string metric, long revision, int source, long paneMs, Action<RecordHeadersBuilder> more)
    {
        used = windowEnd;
        Add(metric);
        Add(revision);
        Add(source);
        Add(paneMs);
        Finish("late");
        more(headers);
        return headers.Encoded;
    }

    private ReadOnlySpan<byte> Finish(string table)
    {
        // The last text has no separator behind it.
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> whole = stackalloc byte[1024];
        int tableBytes = Encoding.UTF8.GetByteCount(table) + 1;
        int length = tableBytes + used - 1;
        if (length > whole.Length)
            whole = new byte[length];
        Encoding.UTF8.GetBytes(table, whole);
        whole[tableBytes - 1] = Separator;
        text.AsSpan(0, used - 1).CopyTo(whole[tableBytes..]);
        SHA256.HashData(whole[..length], hash);
        Span<byte> hex = stackalloc byte[2 * IdBytes];
        for (int i = 0; i < IdBytes; i++)
        {
            hex[2 * i] = "0123456789abcdef"u8[hash[i] >> 4];
            hex[(2 * i) + 1] = "0123456789abcdef"u8[hash[i] & 15];
        }

        return headers.Clear().Add(Name, hex).Encoded;
    }

    private void Add(long number)
    {
        Reserve(21);
        number.TryFormat(
            text.AsSpan(used), out int written, default, CultureInfo.InvariantCulture);
        used += written;
        text[used++] = Separator;
    }

    private void Add(ReadOnlySpan<char> value)
    {
        Reserve((3 * value.Length) + 1);
        used += Encoding.UTF8.GetBytes(value, text.AsSpan(used));
        text[used++] = Separator;
    }

    private void Reserve(int bytes)
    {
        if (used + bytes > text.Length)
            Array.Resize(ref text, Math.Max(used + bytes, 2 * text.Length));
    }
}
