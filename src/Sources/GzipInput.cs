using System.IO.Compression;

namespace Earshot.Sources;

/// <summary>
/// Unpacks a gzip file of one or several members, and notices when it was cut off: .NET's
/// GZipStream takes that for the end. So a member of our own is put behind the file; only when
/// its text comes out at the end, everything before it was whole.
/// </summary>
internal sealed class GzipInput : Stream
{
    private const int BlockBytes = 128 * 1024;

    private static readonly byte[] EndMark = "earshot-gzip-end"u8.ToArray();
    private static readonly byte[] EndMember = Pack(EndMark);

    private readonly GZipStream unpacked;
    // Unpacked bytes not yet handed out; the last ones may be the mark and stay back.
    private readonly byte[] block = new byte[BlockBytes];
    private int start;
    private int end;

    public GzipInput(Stream file) =>
        unpacked = new GZipStream(new WithEndMember(file), CompressionMode.Decompress);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="InvalidDataException">The file is damaged or cut off.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (end - start <= EndMark.Length)
        {
            block.AsSpan(start, end - start).CopyTo(block);
            end -= start;
            start = 0;
            int read = unpacked.Read(block, end, block.Length - end);
            end += read;
            if (read > 0)
                continue;
            if (block.AsSpan(0, end).SequenceEqual(EndMark))
                return 0;
            throw new InvalidDataException(
                "the gzip data is cut off, or followed by something that is not gzip");
        }

        int given = Math.Min(buffer.Length, end - start - EndMark.Length);
        block.AsSpan(start, given).CopyTo(buffer);
        start += given;
        return given;
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            unpacked.Dispose();
        base.Dispose(disposing);
    }

    private static byte[] Pack(byte[] text)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(text);
        return packed.ToArray();
    }

    /// <summary>The file's bytes, then our member's.</summary>
    private sealed class WithEndMember(Stream file) : Stream
    {
        private int given = -1; // bytes of our member handed out; -1 while in the file

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            if (given < 0)
            {
                int read = file.Read(buffer);
                if (read > 0)
                    return read;
                given = 0;
            }

            int more = Math.Min(buffer.Length, EndMember.Length - given);
            EndMember.AsSpan(given, more).CopyTo(buffer);
            given += more;
            return more;
        }

        public override int Read(byte[] buffer, int offset, int count) =>
            Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) =>
            throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) =>
            throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                file.Dispose();
            base.Dispose(disposing);
        }
    }
}
