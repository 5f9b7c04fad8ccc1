using System.Buffers;
using Earshot.Sources.Pcap;
using Earshot.Sources.RtcStats;
using Earshot.Sources.VqReports;

namespace Earshot.Sources.Rows;

/// <summary>
/// Cuts a stream of bytes into rows. Where a row ends depends on the bytes alone, not on how the
/// stream hands them out. Rows live in one pooled buffer until the next is read.
/// </summary>
internal abstract class RowReader : IDisposable
{
    /// <summary>
    /// Longest row: what is longer is cut to one byte more, so that decoders can tell.
    /// </summary>
    public const int RowBytesMax = 1 << 20;

    private const int BufferBytesMin = 256 * 1024;

    private readonly Stream stream;
    private bool ended;
    private byte[] rowBytes = [];
    private int rowStart;
    private int rowLength;

    protected RowReader(Stream stream, bool skipMark)
    {
        this.stream = stream;
        Buffer = ArrayPool<byte>.Shared.Rent(BufferBytesMin);
        if (skipMark)
            SkipByteOrderMark();
    }

    /// <summary>The row read last, without its line end. Valid until the next is read.</summary>
    public ReadOnlySpan<byte> Row => rowBytes.AsSpan(rowStart, rowLength);

    /// <summary>Number, from 0, of the first line (or the record) of the row read last.</summary>
    public long Index { get; private set; }

    /// <summary>Number of the next row, when there is one.</summary>
    public long Next { get; private set; }

    /// <summary>
    /// What is wrong with the stream so that nothing more can be read of it, in words; null while
    /// nothing is. Formats that say this give every row before it, and end.
    /// </summary>
    public string? Damage { get; protected set; }

    protected byte[] Buffer { get; private set; }

    /// <summary>Where the unread bytes begin.</summary>
    protected int Start { get; set; }

    /// <summary>Where they end.</summary>
    protected int End { get; private set; }

    /// <summary>Opens a reader of the given framing. Disposing it disposes the stream.</summary>
    public static RowReader Open(Stream stream, RowFraming framing) => framing switch
    {
        _ when framing.IsCsv() => new CsvReader(stream, (byte)framing.Delimiter()),
        RowFraming.Delimited => new DelimitedReader(stream),
        RowFraming.RtcStats => new RtcStatsReader(stream),
        RowFraming.Pcap => new PcapReader(stream),
        RowFraming.VqReports => new VqReportReader(stream),
        _ => new LineReader(stream),
    };

    /// <summary>Reads the next row that is not blank; false at the end.</summary>
    /// <exception cref="InvalidDataException">The rest cannot be cut into rows.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public abstract bool TryRead();

    public void Dispose()
    {
        if (Buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(Buffer);
        Buffer = rowBytes = [];
        Start = End = rowLength = rowStart = 0;
        ended = true;
        stream.Dispose();
    }

    /// <summary>Makes the next bytes the row and passes over them.</summary>
    /// <param name="length">Bytes of the row.</param>
    /// <param name="taken">Bytes passed over: the row and its end.</param>
    /// <param name="lines">Lines, or records, passed over.</param>
    protected void Take(int length, int taken, long lines)
    {
        rowBytes = Buffer;
        rowStart = Start;
        rowLength = length;
        Start += taken;
        Index = Next;
        Next += lines;
    }

    /// <summary>Makes other bytes stand for the row taken last, with its number.</summary>
    protected void ReplaceRow(byte[] row)
    {
        rowBytes = row;
        rowStart = 0;
        rowLength = row.Length;
    }

    /// <summary>Makes other bytes the row, in place of the lines from index up to next.</summary>
    protected void ReplaceRow(byte[] row, long index, long next)
    {
        ReplaceRow(row);
        Index = index;
        Next = next;
    }

    /// <summary>Adds a row that is not in the stream, with a number of its own.</summary>
    protected void AddRow(byte[] row)
    {
        ReplaceRow(row);
        Index = Next++;
    }

    /// <summary>Takes a line: without a carriage return at its end.</summary>
    protected void TakeLine(int length, int taken, long lines)
    {
        bool carriageReturn = length > 0 && Buffer[Start + length - 1] == '\r';
        Take(carriageReturn ? length - 1 : length, taken, lines);
    }

    /// <summary>Whether the row is nothing but spaces and tabs.</summary>
    protected bool RowIsBlank() => !Row.ContainsAnyExcept((byte)' ', (byte)'\t');

    /// <summary>
    /// Reads more bytes behind the unread ones, which may move to the buffer's beginning; false
    /// when there are no more.
    /// </summary>
    protected bool Fill()
    {
        if (ended)
            return false;
        if (Start > 0 && (Start == End || End == Buffer.Length))
        {
            Buffer.AsSpan(Start, End - Start).CopyTo(Buffer);
            End -= Start;
            Start = 0;
        }

        if (End == Buffer.Length)
            Grow();
        int read = stream.Read(Buffer, End, Buffer.Length - End);
        End += read;
        ended = read == 0;
        return !ended;
    }

    private void Grow()
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Buffer.Length * 2);
        Buffer.AsSpan(0, End).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(Buffer);
        Buffer = larger;
    }

    private void SkipByteOrderMark()
    {
        while (End < 3 && Fill())
        {
        }

        if (Buffer.AsSpan(0, End).StartsWith("\uFEFF"u8))
            Start = 3;
    }
}
