using System.Diagnostics;
using System.Text;

namespace Earshot.Log;

/// <summary>One header of a record.</summary>
public readonly ref struct RecordHeader
{
    /// <summary>Name, UTF-8.</summary>
    public required ReadOnlySpan<byte> Name { get; init; }

    /// <summary>Value; empty for none.</summary>
    public required ReadOnlySpan<byte> Value { get; init; }
}

/// <summary>
/// The headers of a record, in order; names may repeat. A view of their encoded form: for each
/// header name and value, each after its length as a base-128 number.
/// </summary>
public readonly ref struct RecordHeaders
{
    internal RecordHeaders(ReadOnlySpan<byte> encoded) => Encoded = encoded;

    /// <summary>All of them as bytes, to be carried over to another record.</summary>
    public ReadOnlySpan<byte> Encoded { get; }

    /// <summary>True when there is none.</summary>
    public bool IsEmpty => Encoded.IsEmpty;

    /// <summary>Finds the last header of a name, as Kafka's clients do.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        bool found = false;
        value = default;
        if (IsEmpty)
            return false;
        foreach (RecordHeader header in this)
        {
            if (header.Name.SequenceEqual(name))
            {
                found = true;
                value = header.Value;
            }
        }

        return found;
    }

    /// <summary>The last header of a name as text; null when there is none.</summary>
    public string? TextOf(ReadOnlySpan<byte> name) =>
        TryGet(name, out ReadOnlySpan<byte> value) ? Encoding.UTF8.GetString(value) : null;

    /// <summary>Goes through the headers.</summary>
    public Enumerator GetEnumerator() => new(Encoded);

    /// <summary>Goes through the headers in order.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> left;

        internal Enumerator(ReadOnlySpan<byte> encoded)
        {
            left = encoded;
            Current = default;
        }

        /// <summary>The header it stands at.</summary>
        public RecordHeader Current { get; private set; }

        /// <summary>Goes to the next one; false at the end.</summary>
        public bool MoveNext()
        {
            if (left.IsEmpty)
                return false;
            ReadOnlySpan<byte> name = Take();
            Current = new RecordHeader { Name = name, Value = Take() };
            return true;
        }

        private ReadOnlySpan<byte> Take()
        {
            int length = 0;
            int used = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = left[used++];
                length |= (next & 0x7F) << shift;
                if (next < 0x80)
                    break;
            }

            ReadOnlySpan<byte> taken = left.Slice(used, length);
            left = left[(used + length)..];
            return taken;
        }
    }
}

/// <summary>Builds the headers of one record after another.</summary>
public sealed class RecordHeadersBuilder
{
    private byte[] bytes = new byte[256];
    private int used;

    /// <summary>What was added, in the form a record keeps; valid until the next change.</summary>
    public ReadOnlySpan<byte> Encoded => bytes.AsSpan(0, used);

    /// <summary>Starts anew.</summary>
    public RecordHeadersBuilder Clear()
    {
        used = 0;
        return this;
    }

    /// <summary>Adds a header.</summary>
    public RecordHeadersBuilder Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        const int LengthBytesMax = 5;
        int room = used + name.Length + value.Length + (2 * LengthBytesMax);
        if (room > bytes.Length)
            Array.Resize(ref bytes, Math.Max(room, bytes.Length * 2));
        Write(name);
        Write(value);
        return this;
    }

    /// <summary>Adds a header whose value is text.</summary>
    public RecordHeadersBuilder Add(ReadOnlySpan<byte> name, string value) =>
        Add(name, Encoding.UTF8.GetBytes(value));

    /// <summary>Adds all headers of another record.</summary>
    public RecordHeadersBuilder AddAll(RecordHeaders headers)
    {
        foreach (RecordHeader header in headers)
            Add(header.Name, header.Value);
        return this;
    }

    /// <summary>Adds headers in the form a record keeps.</summary>
    public RecordHeadersBuilder AddEncoded(ReadOnlySpan<byte> encoded) =>
        AddAll(new RecordHeaders(encoded));

    private void Write(ReadOnlySpan<byte> text)
    {
        int length = text.Length;
        for (; length >= 0x80; length >>= 7)
            bytes[used++] = (byte)(length | 0x80);
        bytes[used++] = (byte)length;
        text.CopyTo(bytes.AsSpan(used));
        used += text.Length;
        Debug.Assert(used <= bytes.Length);
    }
}
