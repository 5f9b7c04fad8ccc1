namespace Earshot.Sources.Traffic;

/// <summary>
/// Writes records one after the other, each behind its length as a varint: the form protobuf calls
/// delimited. The stream stays the caller's; <see cref="Dispose"/> hands over what is buffered.
/// </summary>
public sealed class DelimitedWriter(Stream stream) : IDisposable
{
    private const int BufferBytes = 1 << 16;
    private const int LengthBytesMax = 5;

    private readonly byte[] buffer = new byte[BufferBytes];
    private int used;

    /// <summary>Writes one record.</summary>
    public void Write(ReadOnlySpan<byte> record)
    {
        if (used + LengthBytesMax + record.Length > BufferBytes)
            Flush();
        uint length = (uint)record.Length;
        for (; length >= 0x80; length >>= 7)
            buffer[used++] = (byte)(length | 0x80);
        buffer[used++] = (byte)length;
        if (record.Length > BufferBytes - used)
        {
            Flush();
            stream.Write(record);
            return;
        }

        record.CopyTo(buffer.AsSpan(used));
        used += record.Length;
    }

    /// <summary>Hands what is buffered to the stream.</summary>
    public void Flush()
    {
        stream.Write(buffer, 0, used);
        used = 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Flush();
}
