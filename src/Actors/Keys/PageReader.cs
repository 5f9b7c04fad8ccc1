using System.Buffers.Binary;
using System.Text;
using Earshot.Schemas;

namespace Earshot.Actors.Keys;

/// <summary>
/// Reads a page of keys out of its bytes, in the form of <see cref="BinaryWriter"/>. A recovery
/// reads millions of small fields: no stream lies between, and a text that is only looked up is
/// never made. What is not overridden here finds an empty stream, and so fails at once.
/// </summary>
internal sealed class PageReader(byte[] bytes) : BinaryReader(Stream.Null)
{
    // What was not read yet begins here.
    private int at;

    /// <summary>For the values of a cell that is read; empty in between.</summary>
    public RowZip Rows { get; } = new();

    /// <inheritdoc/>
    public override byte ReadByte() => at < bytes.Length ? bytes[at++] : throw EndsEarly();

    /// <inheritdoc/>
    public override bool ReadBoolean() => ReadByte() != 0;

    /// <inheritdoc/>
    public override int ReadInt32() =>
        BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    /// <inheritdoc/>
    public override long ReadInt64() =>
        BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    /// <inheritdoc/>
    public override ulong ReadUInt64() =>
        BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <inheritdoc/>
    public override double ReadDouble() =>
        BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));

    /// <inheritdoc/>
    public override string ReadString() => Encoding.UTF8.GetString(ReadText());

    /// <summary>A text as its UTF-8 bytes, which are those of the page.</summary>
    /// <exception cref="EndOfStreamException">The bytes end early.</exception>
    public ReadOnlySpan<byte> ReadText() => Take(Read7BitEncodedInt());

    /// <summary>The symbol of a text, made when it is new, and never swept out.</summary>
    /// <exception cref="EndOfStreamException">The bytes end early.</exception>
    public int ReadSymbol(SymbolTable names)
    {
        int symbol = names.InternUtf8(ReadText());
        names.Keep(symbol);
        return symbol;
    }

    /// <summary>Passes over some bytes.</summary>
    /// <exception cref="EndOfStreamException">There are fewer.</exception>
    public void Skip(int count) => Take(count);

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)(bytes.Length - at))
            throw EndsEarly();
        ReadOnlySpan<byte> taken = bytes.AsSpan(at, count);
        at += count;
        return taken;
    }

    private EndOfStreamException EndsEarly() =>
        new($"the state of a key ends early, after {at} of {bytes.Length} bytes");
}
