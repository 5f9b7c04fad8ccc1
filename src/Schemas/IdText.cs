namespace Earshot.Schemas;

/// <summary>An id as it came, in a buffer of its own; a very long one is cut.</summary>
internal sealed class IdText
{
    private const int LengthMax = 256;

    private readonly byte[] bytes = new byte[LengthMax];
    private int length;

    /// <summary>The text, UTF-8; empty for none.</summary>
    public ReadOnlySpan<byte> Span => bytes.AsSpan(0, length);

    /// <summary>Forgets the text.</summary>
    public void Clear() => length = 0;

    /// <summary>Takes a text over.</summary>
    public void Set(ReadOnlySpan<byte> text)
    {
        length = 0;
        Append(text);
    }

    /// <summary>Takes two texts over, a slash between them; an empty one is left out.</summary>
    public void Set(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Set(first);
        if (!first.IsEmpty && !second.IsEmpty)
            Append("/"u8);
        Append(second);
    }

    private void Append(ReadOnlySpan<byte> text)
    {
        int added = Math.Min(text.Length, LengthMax - length);

        // Not in the middle of a character.
        while (added < text.Length && added > 0 && (text[added] & 0xC0) == 0x80)
            added--;
        text[..added].CopyTo(bytes.AsSpan(length));
        length += added;
    }
}
