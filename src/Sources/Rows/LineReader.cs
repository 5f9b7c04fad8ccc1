namespace Earshot.Sources.Rows;

/// <summary>One row per line.</summary>
internal class LineReader : RowReader
{
    private bool inTooLong;

    public LineReader(Stream stream) : base(stream, skipMark: true)
    {
    }

    public override bool TryRead()
    {
        while (ReadRow())
        {
            if (!RowIsBlank())
                return true;
        }

        return false;
    }

    /// <summary>Reads a row, blank or not.</summary>
    protected virtual bool ReadRow()
    {
        PassTooLong();
        int scanned = 0;
        while (true)
        {
            int limit = Math.Min(End - Start, RowBytesMax + 1);
            int end = Buffer.AsSpan(Start + scanned, limit - scanned).IndexOf((byte)'\n');
            if (end >= 0)
            {
                TakeLine(scanned + end, scanned + end + 1, 1);
                return true;
            }

            scanned = limit;
            if (limit > RowBytesMax)
            {
                TakeTooLong();
                return true;
            }

            if (!Fill())
                return TakeRest();
        }
    }

    /// <summary>Takes the beginning of a line that is too long; the next row follows it.</summary>
    protected void TakeTooLong()
    {
        Take(RowBytesMax + 1, RowBytesMax + 1, 1);
        inTooLong = true;
    }

    /// <summary>Takes the last line, which has no line end; false when there is none.</summary>
    protected bool TakeRest()
    {
        int rest = End - Start;
        if (rest == 0)
            return false;
        TakeLine(rest, rest, 1);
        return true;
    }

    /// <summary>Passes over what is left of a line that was too long.</summary>
    protected void PassTooLong()
    {
        while (inTooLong)
        {
            int end = Buffer.AsSpan(Start, End - Start).IndexOf((byte)'\n');
            Start = end < 0 ? End : Start + end + 1;
            inTooLong = end < 0 && Fill();
        }
    }
}
