using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Earshot.Log;
using Earshot.Schemas;

namespace Earshot.Actors.Wire;

/// <summary>
/// The headers <c>earshot-id</c> of rows: the same for the same row wherever and however often it
/// is made, so that readers can drop repeats. An id is the first 16 bytes, in hexadecimal, of the
/// SHA-256 of these texts, a line feed between two: table, grouping, dimension values, window,
/// window start (ms since the epoch), metric (empty for insights), and "final" or the revision.
/// Statistics are not in it: their last bits depend on the order of merging. Neither is the
/// revision of a final row, which depends on where epochs end.
/// <para>Those of a window's rows are made together, which costs far less.</para>
/// </summary>
internal sealed class RowIds
{
    private const int IdBytes = 16;
    private const byte Separator = (byte)'\n';

    private readonly RecordHeadersBuilder headers = new();
    private readonly List<int> ends = [];

    // What is said of the window, and the texts of its rows one behind the other.
    private byte[] window = new byte[256];
    private int windowLength;
    private byte[] texts = new byte[2048];
    private int textsLength;
    private byte[] hashes = [];

    /// <summary>The header's name.</summary>
    public static ReadOnlySpan<byte> Name => "earshot-id"u8;

    /// <summary>Says which window the next rows are of; forgets those before.</summary>
    /// <param name="grouping">Grouping set, as "carrier,country".</param>
    /// <param name="values">Values of its dimensions, as in the record's key.</param>
    /// <param name="name">The window's name.</param>
    /// <param name="startMs">Its start, ms since the epoch.</param>
    public void Begin(string grouping, ReadOnlySpan<char> values, string name, long startMs)
    {
        Clear();
        windowLength = 0;
        Add(ref window, ref windowLength, grouping);
        Add(ref window, ref windowLength, values);
        Add(ref window, ref windowLength, name);
        Add(ref window, ref windowLength, startMs);
    }

    /// <summary>Forgets the rows; the window stays.</summary>
    public void Clear()
    {
        ends.Clear();
        textsLength = 0;
    }

    /// <summary>Adds a row of the window.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="metric">Its metric; empty for none.</param>
    /// <param name="revision">Its revision; null: it is final.</param>
    public void Add(string table, string metric, long? revision)
    {
        BeginRow(table, metric);
        if (revision is { } number)
            Add(ref texts, ref textsLength, number);
        else
            Add(ref texts, ref textsLength, "final");
        EndRow();
    }

    /// <summary>
    /// Adds a row of a partial aggregate that came after its window: source partition and pane
    /// tell it from others.
    /// </summary>
    public void AddLate(string metric, long revision, int source, long paneMs)
    {
        BeginRow("late", metric);
        Add(ref texts, ref textsLength, revision);
        Add(ref texts, ref textsLength, source);
        Add(ref texts, ref textsLength, paneMs);
        EndRow();
    }

    /// <summary>Makes the ids of the rows added.</summary>
    public void Make()
    {
        if (hashes.Length < ends.Count * Sha256.HashBytes)
            hashes = new byte[2 * ends.Count * Sha256.HashBytes];
        Sha256.Hash(texts, CollectionsMarshal.AsSpan(ends), hashes);
    }

    /// <summary>The headers of a row, for more to be added; valid until the next call.</summary>
    /// <param name="row">How many were added before it.</param>
    public RecordHeadersBuilder HeadersOf(int row)
    {
        ReadOnlySpan<byte> hash = hashes.AsSpan(row * Sha256.HashBytes, IdBytes);
        Span<byte> hex = stackalloc byte[2 * IdBytes];
        for (int i = 0; i < IdBytes; i++)
        {
            hex[2 * i] = "0123456789abcdef"u8[hash[i] >> 4];
            hex[(2 * i) + 1] = "0123456789abcdef"u8[hash[i] & 15];
        }

        return headers.Clear().Add(Name, hex);
    }

    private void BeginRow(string table, string metric)
    {
        Add(ref texts, ref textsLength, table);
        Reserve(ref texts, textsLength, windowLength);
        window.AsSpan(0, windowLength).CopyTo(texts.AsSpan(textsLength));
        textsLength += windowLength;
        Add(ref texts, ref textsLength, metric);
    }

    // The last text has no separator behind it.
    private void EndRow() => ends.Add(--textsLength);

    private static void Add(ref byte[] into, ref int length, long number)
    {
        Reserve(ref into, length, 21);
        number.TryFormat(
            into.AsSpan(length), out int written, default, CultureInfo.InvariantCulture);
        length += written;
        into[length++] = Separator;
    }

    private static void Add(ref byte[] into, ref int length, ReadOnlySpan<char> text)
    {
        Reserve(ref into, length, (3 * text.Length) + 1);
        length += Encoding.UTF8.GetBytes(text, into.AsSpan(length));
        into[length++] = Separator;
    }

    private static void Reserve(ref byte[] bytes, int length, int more)
    {
        if (length + more > bytes.Length)
            Array.Resize(ref bytes, Math.Max(length + more, 2 * bytes.Length));
    }
}
