using Earshot.Sources.Rows;

namespace Earshot.Sources.VqReports;

/// <summary>
/// RFC 6035 reports, one after the other: a report begins with its VQ…Report line, and ends before
/// the next one, or at a blank line, unless what follows that is a further block of metrics (some
/// senders put a blank line before RemoteMetrics). Anything else between blank lines is a row of
/// its own. Its number is that of its first line.
/// </summary>
internal sealed class VqReportReader : LineReader
{
    private byte[] report = new byte[4096];
    private int length;

    // The line that was read to see where the report before it ends.
    private byte[]? held;
    private long heldIndex;

    public VqReportReader(Stream stream) : base(stream)
    {
    }

    public override bool TryRead()
    {
        if (held is not null)
            ReplaceRow(held, heldIndex, heldIndex + 1);
        else if (!ReadLine(out _))
            return false;
        length = 0;
        long index = heldIndex;
        Append(held);
        held = null;
        while (length <= RowBytesMax && ReadLine(out bool afterBlank))
        {
            if (VqLine.BeginsReport(held) || (afterBlank && !VqLine.GoesOn(held)))
                break;
            Append(held);
            held = null;
        }

        // The line that is held counts with the next report.
        long next = held is null ? Next : heldIndex;
        ReplaceRow(report[..Math.Min(length, RowBytesMax + 1)], index, next);
        return true;
    }

    // Reads a line that is not blank, to be held.
    private bool ReadLine(out bool afterBlank)
    {
        afterBlank = false;
        while (ReadRow())
        {
            if (!RowIsBlank())
            {
                held = Row.ToArray();
                heldIndex = Index;
                return true;
            }

            afterBlank = true;
        }

        return false;
    }

    private void Append(ReadOnlySpan<byte> line)
    {
        int wanted = length + line.Length + 1;
        if (wanted > report.Length)
            Array.Resize(ref report, Math.Max(wanted, report.Length * 2));
        if (length > 0)
            report[length++] = (byte)'\n';
        line.CopyTo(report.AsSpan(length));
        length += line.Length;
    }
}
