using Earshot.Sources.Rows;

namespace Earshot.Sources.RtcStats;

/// <summary>
/// The lines of an rtcstats dump, those that hold statistics resolved into a row per audio report.
/// Every row has a number of its own: a line of n reports takes n. What was read before must be
/// known for that, so it is always read from the file's beginning.
/// </summary>
internal sealed class RtcStatsReader : LineReader
{
    private readonly RtcSession session = new();
    private readonly List<byte[]> rows = [];
    private int given;
    private long moreRows; // rows beyond the first of their line

    public RtcStatsReader(Stream stream) : base(stream)
    {
    }

    public override bool TryRead()
    {
        if (given < rows.Count)
        {
            moreRows++;
            AddRow(rows[given++]);
            return true;
        }

        rows.Clear();
        given = 0;
        if (!base.TryRead())
            return false;
        session.Read(Row, Index - moreRows + 1, rows);
        if (rows.Count > 0)
            ReplaceRow(rows[given++]);
        return true;
    }
}
