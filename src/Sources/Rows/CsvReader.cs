namespace Earshot.Sources.Rows;

/// <summary>
/// CSV rows (RFC 4180): a quoted field may hold line ends. A quote that is never closed must not
/// swallow the rest of the file: when a row would pass <see cref="RowReader.RowBytesMax"/> or
/// <see cref="LinesMax"/>, its first line is handed out alone, and reading goes on after it.
/// </summary>
internal sealed class CsvReader : LineReader
{
    /// <summary>Most lines of one row.</summary>
    public const int LinesMax = 1024;

    private readonly byte delimiter;

    public CsvReader(Stream stream, byte delimiter) : base(stream) => this.delimiter = delimiter;

    protected override bool ReadRow()
    {
        PassTooLong();
        Scan scan = new(delimiter);
        while (true)
        {
            int limit = Math.Min(End - Start, RowBytesMax + 1);
            if (scan.Advance(Buffer.AsSpan(Start, limit)))
            {
                TakeLine(scan.Position, scan.Position + 1, scan.Lines);
                return true;
            }

            if (limit > RowBytesMax || scan.Lines > LinesMax)
            {
                TakeFirstLine(scan.FirstBreak);
                return true;
            }

            if (Fill())
                continue;
            if (!scan.Quoted && scan.Lines > 1)
            {
                TakeLine(End - Start, End - Start, scan.Lines);
                return true;
            }

            if (scan.FirstBreak < 0)
                return TakeRest();
            TakeFirstLine(scan.FirstBreak);
            return true;
        }
    }

    private void TakeFirstLine(int end)
    {
        if (end < 0)
            TakeTooLong();
        else
            TakeLine(end, end + 1, 1);
    }

    // How far a row has been looked at, and what was seen. Only a field that begins with a quote
    // is quoted; elsewhere a quote is an ordinary character (as in CsvRow).
    private struct Scan(byte delimiter)
    {
        private int closedAt = -2; // where the last quoted part ended

        /// <summary>Where the row ends, once found.</summary>
        public int Position { get; private set; }

        /// <summary>Whether it is inside quotes.</summary>
        public bool Quoted { get; private set; }

        /// <summary>Lines seen, the present one included.</summary>
        public int Lines { get; private set; } = 1;

        /// <summary>Where the first line ends, once a line end was seen; else -1.</summary>
        public int FirstBreak { get; private set; } = -1;

        /// <summary>Goes on to the row's end (true), or to the end of the bytes.</summary>
        public bool Advance(ReadOnlySpan<byte> row)
        {
            while (Position < row.Length)
            {
                int found = row[Position..].IndexOfAny((byte)'\n', (byte)'"');
                if (found < 0)
                {
                    Position = row.Length;
                    return false;
                }

                Position += found;
                if (row[Position] == '"')
                    Quote(row);
                else if (!Quoted)
                    return true;
                else if (Break())
                    return false;
                Position++;
            }

            return false;
        }

        private void Quote(ReadOnlySpan<byte> row)
        {
            if (Quoted)
            {
                Quoted = false;
                closedAt = Position;
            }
            else
            {
                // Right after a closing one it is a doubled quote: the field goes on.
                Quoted = Position == 0 || row[Position - 1] == delimiter
                    || closedAt == Position - 1;
            }
        }

        // True when the row has too many lines.
        private bool Break()
        {
            if (FirstBreak < 0)
                FirstBreak = Position;
            return ++Lines > LinesMax;
        }
    }
}
